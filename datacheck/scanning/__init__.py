"""Decode once, measure, remember: a manifest becomes measurements, thumbnails and small pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datacheck.scanning.job import ScanResult
    from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, PROPERTIES, Measurements
    from datacheck.scanning.run import scan
    from datacheck.scanning.thumbnails import ThumbnailStore

_HOMES = {
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
    "Measurements",
    "ScanResult",
    "ThumbnailStore",
    "scan",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the scan's worker processes start without Arrow."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
