"""The manifest: one row a sample, whatever the source was."""

from datacheck.manifest.manifest import (
    COLUMN_TYPES,
    STANDARD_SPLITS,
    VERSION,
    Listings,
    Manifest,
    Modality,
    Task,
    natural_key,
    natural_sorted,
)

__all__ = [
    "COLUMN_TYPES",
    "STANDARD_SPLITS",
    "VERSION",
    "Listings",
    "Manifest",
    "Modality",
    "Task",
    "natural_key",
    "natural_sorted",
]
