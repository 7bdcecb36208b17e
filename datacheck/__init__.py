"""datacheck: a linter for datasets, run before the expensive training job.

>>> import datacheck
>>> report = datacheck.audit({"label": ["cat"] * 30 + ["dog"] * 30, "split": ["train", "val"] * 30}, select=["DC201"])
>>> report.findings
()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from datacheck.audit import audit
from datacheck.errors import (
    ConfigError,
    ContractError,
    DatacheckError,
    ManifestError,
    MissingExtraError,
    PlanError,
    ProbeError,
    RelabelError,
    ScanError,
    SourceError,
    StorageError,
)
from datacheck.findings import Failed, Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.fingerprint import fingerprint
from datacheck.manifest import Listings, Manifest, Modality, Task
from datacheck.scan import scan
from datacheck.sources import open_source

if TYPE_CHECKING:
    from datacheck.config import Settings
    from datacheck.fingerprint import Fingerprint, FingerprintDiff
    from datacheck.probe.outputs import ProbeOutputs
    from datacheck.report import Report
    from datacheck.scan.measurements import Measurements

__version__ = "0.1.0"

open = open_source

_LAZY = {
    "Fingerprint": "datacheck.fingerprint",
    "FingerprintDiff": "datacheck.fingerprint",
    "Measurements": "datacheck.scan.measurements",
    "ProbeOutputs": "datacheck.probe.outputs",
    "Report": "datacheck.report",
    "Settings": "datacheck.config",
}

__all__ = [
    "ConfigError",
    "ContractError",
    "DatacheckError",
    "Failed",
    "Finding",
    "Fingerprint",
    "FingerprintDiff",
    "Found",
    "Listings",
    "Manifest",
    "ManifestError",
    "Measurements",
    "MissingExtraError",
    "Modality",
    "NotApplicable",
    "Outcome",
    "Passed",
    "PlanError",
    "ProbeError",
    "ProbeOutputs",
    "RelabelError",
    "Report",
    "ScanError",
    "Settings",
    "Severity",
    "SourceError",
    "StorageError",
    "Task",
    "audit",
    "fingerprint",
    "open",
    "scan",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
