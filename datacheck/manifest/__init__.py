"""The manifest: one row a sample, whatever the source was; and the inventory of what was read for it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from datacheck.manifest.masks import COLOUR_BASE, MaskFormat, colour_name, unknown_colour
    from datacheck.manifest.natural_order import natural_key, natural_sorted
    from datacheck.manifest.schema import CATEGORY, COLUMN_TYPES
    from datacheck.manifest.storage import SCHEMA, VERSION, Listings
    from datacheck.manifest.tasks import Modality, Task

_HOMES = {
    "annotations": ("AnnotationFormat", "ObjectRows", "Objects", "Unit", "class_lists"),
    "inventory": (
        "NO_IMAGE",
        "HoldsLabels",
        "Inventory",
        "ItemKind",
        "Question",
        "Remedy",
        "Unread",
        "Used",
        "examples_of",
    ),
    "masks": ("COLOUR_BASE", "MaskFormat", "colour_name", "unknown_colour"),
    "manifest": ("STANDARD_SPLITS", "Manifest"),
    "natural_order": ("natural_key", "natural_sorted"),
    "schema": ("CATEGORY", "COLUMN_TYPES"),
    "storage": ("SCHEMA", "VERSION", "Listings"),
    "tasks": ("Modality", "Task"),
}
_FILE_OF = {name: file for file, names in _HOMES.items() for name in names}

__all__ = [
    "CATEGORY",
    "COLOUR_BASE",
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
    "MaskFormat",
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
    "colour_name",
    "examples_of",
    "natural_key",
    "natural_sorted",
    "unknown_colour",
]


def __getattr__(name: str) -> Any:
    """Import a name on first use: a worker of the scan needs the readers alone, and starts without Arrow."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    globals()[name] = value
    return value
