"""Read each file once, decode it once, measure it and remember: from a manifest to measurements, thumbnails, pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, PROPERTIES, Measurements
from datacheck.scanning.thumbnails import ThumbnailStore

if TYPE_CHECKING:
    from datacheck.scanning.job import ScanResult
    from datacheck.scanning.run import scan

__all__ = ["MEASUREMENTS_SCHEMA", "PROPERTIES", "Measurements", "ScanResult", "ThumbnailStore", "scan"]


def __getattr__(name: str) -> Any:
    """Import the scan on first use: whoever only reads measurements does not load the image libraries."""
    if name == "scan":
        from datacheck.scanning.run import scan

        return scan
    if name == "ScanResult":
        from datacheck.scanning.job import ScanResult

        return ScanResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
