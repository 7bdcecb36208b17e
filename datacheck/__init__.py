"""datacheck: a linter for datasets, run before the expensive training job.

>>> import datacheck
>>> report = datacheck.audit({"label": ["cat"] * 30 + ["dog"] * 30, "split": ["train", "val"] * 30}, select=["DC201"])
>>> report.findings
()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from datacheck.version import __version__ as __version__

if TYPE_CHECKING:
    from datacheck.auditing import audit, preflight
    from datacheck.config import Settings
    from datacheck.errors import (
        ConfigError,
        ContractError,
        DatacheckError,
        ManifestError,
        MissingExtraError,
        PlanError,
        PreflightError,
        ProbeError,
        RelabelError,
        ScanError,
        SourceError,
        StorageError,
    )
    from datacheck.findings import Failed, Finding, Found, NotApplicable, Outcome, Passed, Severity
    from datacheck.fingerprints import Fingerprint, FingerprintDiff, fingerprint
    from datacheck.manifest import Listings, Manifest, Modality, Task
    from datacheck.plan import TrainingPlan, make_plan
    from datacheck.probing import ProbeOutputs, probe
    from datacheck.probing.label_comparison import LabelComparison, compare_labels
    from datacheck.report import Report
    from datacheck.scanning import Measurements, scan
    from datacheck.sources import open_source as open

_HOMES = {
    "auditing": ("audit", "preflight"),
    "config": ("Settings",),
    "errors": (
        "ConfigError",
        "ContractError",
        "DatacheckError",
        "ManifestError",
        "MissingExtraError",
        "PlanError",
        "PreflightError",
        "ProbeError",
        "RelabelError",
        "ScanError",
        "SourceError",
        "StorageError",
    ),
    "findings": ("Failed", "Finding", "Found", "NotApplicable", "Outcome", "Passed", "Severity"),
    "fingerprints": ("Fingerprint", "FingerprintDiff", "fingerprint"),
    "manifest": ("Listings", "Manifest", "Modality", "Task"),
    "plan": ("TrainingPlan", "make_plan"),
    "probing": ("ProbeOutputs", "probe"),
    "probing.label_comparison": ("LabelComparison", "compare_labels"),
    "report": ("Report",),
    "scanning": ("Measurements", "scan"),
    "sources": ("open_source",),
}
_ROOM_OF = {name: room for room, names in _HOMES.items() for name in names}

__all__ = [
    "ConfigError",
    "ContractError",
    "DatacheckError",
    "Failed",
    "Finding",
    "Fingerprint",
    "FingerprintDiff",
    "Found",
    "LabelComparison",
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
    "PreflightError",
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
    "TrainingPlan",
    "audit",
    "compare_labels",
    "fingerprint",
    "make_plan",
    "open",
    "preflight",
    "probe",
    "scan",
]


def __getattr__(name: str) -> Any:
    home = "open_source" if name == "open" else name
    if home not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[home]}"), home)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
