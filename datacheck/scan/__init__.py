"""Decode once, measure, remember: a manifest becomes measurements, thumbnails and small pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.scan.duplicates import DuplicateClusters, find_duplicates
    from datacheck.scan.job import ScanResult
    from datacheck.scan.measurements import MEASUREMENTS_SCHEMA, PROPERTIES, Measurements
    from datacheck.scan.run import scan
    from datacheck.scan.thumbnails import ThumbnailStore

_HOMES = {
    "DuplicateClusters": "duplicates",
    "find_duplicates": "duplicates",
    "MEASUREMENTS_SCHEMA": "measurements",
    "PROPERTIES": "measurements",
    "Measurements": "measurements",
    "ScanResult": "job",
    "scan": "run",
    "ThumbnailStore": "thumbnails",
}

__all__ = [
    "MEASUREMENTS_SCHEMA",
    "PROPERTIES",
    "DuplicateClusters",
    "Measurements",
    "ScanResult",
    "ThumbnailStore",
    "find_duplicates",
    "scan",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the scan's worker processes start without Arrow."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
