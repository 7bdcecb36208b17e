"""The one room that wires the flow together: source, manifest, scan, fingerprint, probe, rules, report."""

from __future__ import annotations

from datacheck.auditing.flow import audit, open_manifest
from datacheck.auditing.judging import configured_rules, run_rules
from datacheck.auditing.loader import preflight
from datacheck.auditing.look import count_wrong_labels
from datacheck.auditing.progress import Progress
from datacheck.auditing.run_folder import prepare_run_folder

__all__ = [
    "Progress",
    "audit",
    "configured_rules",
    "count_wrong_labels",
    "open_manifest",
    "preflight",
    "prepare_run_folder",
    "run_rules",
]
