"""The command that a report proposes next; never one that then fails."""

from __future__ import annotations

import numpy as np

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Modality, Task
from datacheck.probing.backends.tabular import table_of
from datacheck.report.gaps import Caller
from datacheck.report.report import Report

LEAST_A_CLASS = 5
"""Samples that at least two classes must have before the probe is proposed: with fewer, its folds lack one of them."""

LEAST_SAMPLES = 30
"""Labelled samples from which the probe is proposed: with fewer, all that it says is that it cannot tell."""


def next_step(report: Report, caller: Caller) -> str:
    """Return what to run next, or nothing where there is nothing to propose."""
    if report.failed:
        return f"datacheck explain {report.failed[0].code}"
    remedies = [gap.remedy for gap in report.gaps if gap.remedy is not None]
    if remedies:
        text = remedies[0].command_line if caller == "shell" else remedies[0].python
        return text if text.startswith("datacheck ") or caller == "python" else f"the same with {text}"
    if report.findings:
        return f"datacheck explain {report.findings[0].code}"
    if report.probe is None and not report.gaps and can_probe(report):
        return f"the same with {'--probe' if caller == 'shell' else 'probe=True'}: are the labels right?"
    return ""


def can_probe(report: Report) -> bool:
    """Return whether the probe has labels to predict, something to predict them from, and enough of both."""
    manifest = report.manifest
    if manifest.task not in {Task.CLASSIFICATION, Task.REGRESSION, Task.MULTILABEL}:
        return False
    usable = manifest.labelled
    if manifest.modality is Modality.IMAGE:
        if report.measurements is None or manifest.reader is None:
            return False
        usable = usable & report.measurements.readable
    elif not _has_features(manifest):
        return False
    if manifest.task is Task.CLASSIFICATION:
        counts = np.bincount(manifest.label_codes[usable], minlength=len(manifest.classes))
        if (counts >= LEAST_A_CLASS).sum() < 2:
            return False
    return bool(usable.sum() >= LEAST_SAMPLES and (manifest.task is Task.REGRESSION or len(manifest.classes) > 1))


def _has_features(manifest: Manifest) -> bool:
    try:
        table_of(manifest)
    except ProbeError:
        return False
    return True
