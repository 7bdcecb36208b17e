"""The command that a report proposes next; never one that then fails."""

from __future__ import annotations

import shlex

import numpy as np

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Modality, Task
from datacheck.probing.backends.table_columns import table_of
from datacheck.probing.objects.choice import FEWEST_OF_CLASS
from datacheck.report.gaps import Caller
from datacheck.report.record import ReportRecord

USUAL_RUNS = ".datacheck"
"""Where run folders go when none is named; it is not repeated in a proposed command."""

LEAST_A_CLASS = 5
"""Samples that at least two classes must have before the probe is proposed: with fewer, its folds lack one of them."""

LEAST_SAMPLES = 30
"""Labelled samples from which the probe is proposed: with fewer, all that it says is that it cannot tell."""


def next_step(report: ReportRecord, caller: Caller) -> str:
    """Return what to run next, or nothing where there is nothing to propose."""
    if report.failed:
        return f"datacheck explain {report.failed[0].code}"
    remedies = [gap.remedy for gap in report.gaps if gap.remedy is not None]
    if remedies:
        return audit_call(report, remedies[0].command_line if caller == "shell" else remedies[0].python, caller)
    if report.findings:
        return f"datacheck explain {report.findings[0].code}"
    if report.probe is None and not report.gaps and can_probe(report):
        return audit_call(report, "--probe" if caller == "shell" else "probe=True", caller)
    return ""


def audit_call(report: ReportRecord, option: str, caller: Caller) -> str:
    """Return the call that made a report, with one more option; a whole command or call is returned as it is.

    Examples
    --------
    >>> settings = {"given": ["my data/t.csv"], "source": {"split": "fold", "label": "x"}, "out": "run"}
    >>> report = ReportRecord(Manifest.from_columns({"label": ["a"]}), settings=settings)
    >>> audit_call(report, "--label species", "shell")
    "datacheck audit 'my data/t.csv' --split fold --out run --label species"
    >>> audit_call(report, "label='species'", "python")
    "datacheck.audit('my data/t.csv', split='fold', out='run', label='species')"
    """
    if option.startswith("datacheck"):
        return option
    given = report.settings.get("given", [])
    if not given:
        return f"the same with {option}"
    options = {**report.settings.get("source", {}), "out": _own_folder(report)}
    named = option.lstrip("-").replace("=", " ").split()[0].replace("-", "_")
    kept = {name: value for name, value in options.items() if value is not None and name != named}
    if caller == "python":
        source = repr(given[0]) if len(given) == 1 else f"({', '.join(map(repr, given))})"
        return f"datacheck.audit({', '.join([source, *(f'{name}={value!r}' for name, value in kept.items()), option])})"
    words = ["datacheck", "audit", *map(shlex.quote, given)]
    for name, value in kept.items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        words.append(f"--{name.replace('_', '-')} {shlex.quote(text)}")
    return " ".join([*words, option])


def _own_folder(report: ReportRecord) -> str | None:
    """Return the run folder that the caller named; None where it is the usual one."""
    out = report.settings.get("out")
    return None if out is None or out.startswith(USUAL_RUNS) else out


def can_probe(report: ReportRecord) -> bool:
    """Return whether the probe has labels to predict, something to predict them from, and enough of both."""
    manifest = report.manifest
    if manifest.task is Task.DETECTION:
        return _can_probe_boxes(report)
    if manifest.task is Task.SEGMENTATION:
        read = report.measurements is not None and manifest.reader is not None and report.mask_probe is None
        return read and len(manifest) >= LEAST_SAMPLES
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


def _can_probe_boxes(report: ReportRecord) -> bool:
    manifest = report.manifest
    if manifest.objects is None or report.measurements is None or manifest.reader is None or report.box_probe:
        return False
    ids = manifest.objects.class_id
    counts = np.bincount(ids[ids >= 0], minlength=len(manifest.classes))
    return bool((counts >= FEWEST_OF_CLASS).sum() > 1 and counts.sum() >= LEAST_SAMPLES)


def _has_features(manifest: Manifest) -> bool:
    try:
        table_of(manifest)
    except ProbeError:
        return False
    return True
