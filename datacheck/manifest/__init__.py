"""The manifest: one row a sample, whatever the source was; and the inventory of what was read for it."""

from datacheck.manifest.annotations import AnnotationFormat, ObjectRows, Objects, Unit, class_lists
from datacheck.manifest.inventory import (
    NO_IMAGE,
    HoldsLabels,
    Inventory,
    ItemKind,
    Question,
    Remedy,
    Unread,
    Used,
    examples_of,
)
from datacheck.manifest.manifest import STANDARD_SPLITS, Manifest
from datacheck.manifest.natural_order import natural_key, natural_sorted
from datacheck.manifest.schema import CATEGORY, COLUMN_TYPES
from datacheck.manifest.storage import SCHEMA, VERSION, Listings
from datacheck.manifest.tasks import Modality, Task

__all__ = [
    "CATEGORY",
    "COLUMN_TYPES",
    "NO_IMAGE",
    "SCHEMA",
    "STANDARD_SPLITS",
    "VERSION",
    "AnnotationFormat",
    "HoldsLabels",
    "Inventory",
    "ItemKind",
    "Listings",
    "Manifest",
    "Modality",
    "ObjectRows",
    "Objects",
    "Question",
    "Remedy",
    "Task",
    "Unit",
    "Unread",
    "Used",
    "class_lists",
    "examples_of",
    "natural_key",
    "natural_sorted",
]
