"""The report's first screens as values: verdict, class × split matrix, properties by split, the probe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Severity
from datacheck.manifest import Manifest, Task
from datacheck.report.evidence_blocks import interval_text, settled
from datacheck.report.figures import curve_svg, histogram_svg, interval_svg
from datacheck.report.record import ReportRecord
from datacheck.report.tables import class_counts, histogram
from datacheck.scanning.measurements import PROPERTIES
from datacheck.text import number, plural

if TYPE_CHECKING:
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.stats import Interval

MAX_CLASSES = 2000
"""A table shows at most this many classes, about 1 MB of the page: those missing in a split, then the rarest."""

MAX_METRICS = 3 * MAX_CLASSES
"""Recall, precision and F1 of each class."""

IN_SAMPLE = {"train_accuracy": "accuracy on rows that were trained on"}
"""Metrics that are not out of sample, in words that say so."""

LONG = 20
"""A table of more classes than this is folded, and can be searched: it would push everything else off the screen."""

MAX_CONFUSION = 16
"""A confusion matrix shows at most this many classes, the most confused ones: a page has room for no more."""

_UNITS = {"width": "px", "height": "px", "byte_size": "bytes", "entropy": "bits"}


@dataclass(frozen=True)
class Verdict:
    """One sentence on whether to train, and its tone: ``bad``, ``care`` or ``good``."""

    tone: str
    head: str
    text: str


@dataclass(frozen=True)
class MatrixRow:
    """One class: its name, its count in each split, its heat in [0, 1] in each split, its total and share."""

    name: str
    counts: tuple[int, ...]
    heat: tuple[float, ...]
    total: int
    share: float


@dataclass(frozen=True)
class Matrix:
    """The class × split matrix, or the part of it that is shown."""

    splits: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    totals: tuple[int, ...]
    total: int
    n_classes: int
    n_missing: int
    top_share: float

    @property
    def is_long(self) -> bool:
        """Whether the table is folded."""
        return len(self.rows) > LONG


@dataclass(frozen=True)
class Property:
    """One image property and its histogram as SVG."""

    name: str
    svg: str


@dataclass(frozen=True)
class Metric:
    """One number of the probe with its interval."""

    name: str
    value: str
    interval: str
    bar: str
    method: str


@dataclass(frozen=True)
class Confusion:
    """Rows are the given labels, columns what the probe predicts; ``shares`` are of the row."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]
    n_classes: int


@dataclass(frozen=True)
class ProbeView:
    """What the template shows of the probe."""

    line: str
    choices: tuple[str, ...]
    metrics: tuple[Metric, ...]
    per_class: tuple[Metric, ...]
    n_per_class: int
    confusion: Confusion | None
    yield_line: str
    yield_svg: str


def verdict(report: ReportRecord, fail_on: Severity) -> Verdict:
    """Return whether the dataset may be trained on."""
    counted = _counted(report)
    if report.failed:
        what = f"{plural(len(report.failed), 'rule')} crashed"
        return Verdict("bad", f"Not judged in full: {what}", "What these rules check is not known: see Rules below.")
    if report.worst is not None and report.worst >= fail_on:
        text = f"{counted}. Until they are fixed, results on this dataset can be misleading."
        return Verdict("bad", "Fix before training", text)
    if report.gaps:
        found = f"{counted}. " if report.findings else ""
        return Verdict("bad", "Not judged in full", f"{found}A part of what was given was not judged:")
    if report.counts["warning"]:
        return Verdict("care", "Train with care", f"{counted}. Each can lower the result of the training.")
    judged = plural(len(report.with_status("passed")), "rule")
    text = f"{counted}." if report.findings else f"{judged} judged, nothing found."
    return Verdict("good", "No obstacle to training found", text)


def _counted(report: ReportRecord) -> str:
    words = {"error": "error", "warning": "warning", "info": "info finding"}
    parts = [plural(count, words[name]) for name, count in report.counts.items() if count]
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else ""


def matrix(manifest: Manifest) -> Matrix | None:
    """Return the class × split matrix; None where there are no classes."""
    if not (manifest.task is Task.CLASSIFICATION or manifest.task.lists_classes) or not manifest.classes:
        return None
    return matrix_of(class_counts(manifest), manifest)


def matrix_of(counts: NDArray[np.int64], manifest: Manifest) -> Matrix:
    """Return counts by class and split, [K, S], as a table: all classes, or those that a split lacks and the rarest."""
    totals = counts.sum(axis=1)
    missing = (counts == 0).any(axis=1)
    kept = np.arange(len(counts))
    if len(counts) > LONG:
        kept = np.lexsort((totals, ~missing))[:MAX_CLASSES]
    top = np.maximum(counts.max(axis=0), 1)
    whole = max(1, int(totals.sum()))
    rows = tuple(
        MatrixRow(
            name=manifest.classes[k],
            counts=tuple(int(count) for count in counts[k]),
            heat=tuple(float(h) for h in counts[k] / top),
            total=int(totals[k]),
            share=float(totals[k] / whole),
        )
        for k in kept
    )
    return Matrix(
        splits=manifest.splits or ("all",),
        rows=rows,
        totals=tuple(int(count) for count in counts.sum(axis=0)),
        total=int(totals.sum()),
        n_classes=len(counts),
        n_missing=int(missing.sum()),
        top_share=max(row.share for row in rows) or 1.0,
    )


def properties(report: ReportRecord) -> tuple[Property, ...]:
    """Return the histograms of the image properties that vary, overlaid by split."""
    if report.measurements is None:
        return ()
    manifest = report.manifest
    splits = manifest.splits or ("all",)
    codes = manifest.split_codes if manifest.splits else np.zeros(len(manifest), dtype=np.int32)
    shown = []
    for name in PROPERTIES:
        drawn = histogram(report.measurements.values(name), codes, len(splits))
        if drawn is None:
            continue
        unit = f", {_UNITS[name]}" if name in _UNITS else ""
        title = name.replace("_", " ")
        svg = histogram_svg(drawn, splits, f"Histogram of {title} by split")
        shown.append(Property(title + unit, svg))
    return tuple(shown)


def probe_view(report: ReportRecord) -> ProbeView | None:
    """Return what the probe measured; None where none ran."""
    probe = report.probe
    if probe is None:
        return None
    whole = [_metric(name, estimate) for name, estimate in probe.metrics.items() if "/" not in name]
    parts = [_metric(name, estimate) for name, estimate in probe.metrics.items() if "/" in name]
    line, svg = _yield(probe)
    return ProbeView(
        line=f"{probe.backend or 'probe'} on {probe.device}, {probe.seconds:.0f} s, seed {probe.seed}",
        choices=probe.choices,
        metrics=tuple(whole),
        per_class=tuple(parts[:MAX_METRICS]),
        n_per_class=len(parts),
        confusion=_confusion(report.manifest, probe),
        yield_line=line,
        yield_svg=svg,
    )


def _metric(name: str, estimate: Interval) -> Metric:
    inside = 0 <= estimate.value <= 1
    return Metric(
        name=IN_SAMPLE.get(name) or name.replace("_", " ").replace("/", " · "),
        value=number(settled(float(estimate.value))),
        interval=interval_text(float(estimate.low), float(estimate.high)),
        bar=interval_svg(estimate.value, estimate.low, estimate.high) if inside else "",
        method=estimate.method,
    )


def _yield(probe: ProbeOutputs) -> tuple[str, str]:
    found = probe.label_yield
    if found is None:
        return "", ""
    words = found.count_in_words()
    line = f"{words[0].upper()}{words[1:]}. "
    if found.conclusive and not found.n_to_review:
        return f"{line}No label is more likely wrong than right.", ""
    line += f"Review the first {plural(found.n_to_review, 'sample')} of the queue; "
    if not found.conclusive:
        return f"{line}if few of them are wrong, the probe is too weak to judge labels.", ""
    line += "after that, most labels are right."
    svg = curve_svg(
        np.column_stack((found.depth, found.precision, found.precision_low, found.precision_high)).astype(np.float64),
        label="Expected share of wrong labels among the first samples of the queue, by depth",
        x_name="samples reviewed",
        mark=float(found.recommended_depth),
    )
    return line, svg


def _confusion(manifest: Manifest, probe: ProbeOutputs) -> Confusion | None:
    if probe.pred_probs is None or manifest.task is not Task.CLASSIFICATION or len(probe) != len(manifest):
        return None
    known = (manifest.label_codes >= 0) & np.isfinite(probe.pred_probs).all(axis=1)
    n_classes = len(manifest.classes)
    given = manifest.label_codes[known].astype(np.int64)
    predicted = np.argmax(probe.pred_probs[known], axis=1)
    counts = np.bincount(given * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
    kept = _most_confused(counts)
    shown = counts[np.ix_(kept, kept)]
    shares = shown / np.maximum(counts[kept].sum(axis=1, keepdims=True), 1)
    return Confusion(
        names=tuple(manifest.classes[k] for k in kept),
        counts=tuple(tuple(int(count) for count in row) for row in shown),
        shares=tuple(tuple(float(share) for share in row) for row in shares),
        n_classes=n_classes,
    )


def _most_confused(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the classes to show: all of them, or those with the most confusions, in class order."""
    if len(counts) <= MAX_CONFUSION:
        return np.arange(len(counts))
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return np.sort(np.argsort(-wrong, kind="stable")[:MAX_CONFUSION])
