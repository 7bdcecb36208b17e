"""Read each file once, decode it once, measure it and remember: from a manifest to measurements, thumbnails, pixels."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.scanning.job import ScanResult
    from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, PROPERTIES, Measurements
    from datacheck.scanning.run import scan
    from datacheck.scanning.thumbnails import ThumbnailStore

_FILE_OF = {
    "MEASUREMENTS_SCHEMA": "measurements",
    "PROPERTIES": "measurements",
    "Measurements": "measurements",
    "ScanResult": "job",
    "ThumbnailStore": "thumbnails",
    "scan": "run",
}

__all__ = ["MEASUREMENTS_SCHEMA", "PROPERTIES", "Measurements", "ScanResult", "ThumbnailStore", "scan"]


def __getattr__(name: str) -> Any:
    """Import a name on first use: who reads measurements loads no image library, and a worker of the scan no Arrow."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    globals()[name] = value
    return value
