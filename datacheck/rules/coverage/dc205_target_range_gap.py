"""DC205: ranges of a regression target that are evaluated but not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import gammaln

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.labels.placeholders import placeholder_targets
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.coverage.shared import split_rows
from datacheck.rules.requirements import TARGET
from datacheck.stats import Z95
from datacheck.text import number, percent

MAX_SPANS = 3
"""A message names at most this many ranges; the evidence has all of them."""

MIDDLE = (0.01, 0.99)
"""The bins of the sparse ranges lie between these quantiles, so that one outlier does not widen them all."""

HEAP_FACTOR = 10
"""One value is a heap if it occurs at least so many times as often as a usual value."""


@dataclass(frozen=True)
class TargetRangeGap(Rule):
    """Evaluation targets fall where there are no training targets, or hardly any.

    What
    ----
    Finds gaps between the training targets that evaluation targets fall into, evaluation targets beyond the training
    range (extrapolation), ranges where training targets are sparse compared with the evaluation split, and heaps: one
    value that a large part of the targets share, such as a cap or a default.

    Why it hurts training
    ---------------------
    A regression model interpolates at best. In a range that it was not trained on it guesses, and the average metric
    hides this. A heap at a cap teaches the cap.

    How it is measured
    ------------------
    Gaps: if both splits have one distribution, the chance that k or more of m evaluation targets fall between two
    neighbouring values of n training targets (or beyond the last) is ∏ (m - j) / (n + m - j), j < k, whatever the
    distribution (Pólya's urn). Found below ``alpha`` after Benjamini–Hochberg over all gaps, from ``min_samples``
    targets on. The test is exact, so one outlier neither causes nor hides a gap. Sparse: of ``n_bins`` bins of equal
    width over the middle 98 % of the evaluation targets, those that are ``sparse_ratio`` times as dense as in training
    at the low end of the 95 % interval. Heaps: one value of at least ``heap_distinct`` holds ``heap_share`` of the
    targets. Placeholders such as -999 and targets that are not finite are left out (DC106).

    How to fix
    ----------
    Split again, stratified by bins of the target, or collect samples in the missing range. Find out what a heap is: a
    cap, a mistake of unit, or a filled-in default.

    Example
    -------
    A price model is trained on flats and tested on houses::

        split    rows    price
        train     200    0 to 10
        test       50    20 to 30

        DC205 50 of 50 targets in 'test' (100 %) lie where 'train' has none: above 10
    """

    code: ClassVar[str] = "DC205"
    name: ClassVar[str] = "target-range-gap"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (TARGET,)

    alpha: float = 0.001  # one false alarm in a thousand datasets
    min_samples: int = 3  # one or two targets beyond the range change no metric
    n_bins: int = 20  # a twentieth of the range is about what a model can tell apart
    sparse_ratio: float = 5.0  # five times fewer training targets double the error of a mean
    heap_share: float = 0.05  # one target in twenty
    heap_distinct: int = 50  # ratings and counts have fewer values, and heaps by nature

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        target = np.where(placeholder_targets(manifest.target), np.nan, manifest.target)
        splits, codes = split_rows(manifest)
        present = np.isfinite(target)
        train = splits.index("train") if "train" in splits else 0
        learnt = np.sort(target[present & (codes == train)])
        if len(learnt) == 0:
            raise CannotJudge(f"no sample in {splits[train]!r} has a usable target (see DC106)")
        findings = self._heap(learnt, splits[train])
        tables = [self.issues([])]
        for split, name in enumerate(splits):
            rows = np.flatnonzero(present & (codes == split))
            if split == train or len(rows) == 0:
                continue
            rows = rows[np.argsort(target[rows], kind="stable")]
            inside, spans = gap_members(learnt, target[rows], self.alpha, self.min_samples)
            if inside.any():
                affected = np.sort(rows[inside])
                tables.append(self.issues(context.ids(affected), value=target[affected]))
                findings.append(self._gap((splits[train], name), spans, tables[-1], len(rows)))
            sparse = sparse_bins(learnt, target[rows[~inside]], self.n_bins, self.sparse_ratio)
            if sparse:
                findings.append(self._sparse((splits[train], name), sparse))
        if not findings:
            return Passed(f"the targets of {splits[train]!r} cover those of every other split")
        return Found(tuple(findings), pa.concat_tables(tables))

    def _gap(self, names: tuple[str, str], spans: list[dict[str, Any]], issues: pa.Table, n_rows: int) -> Finding:
        train, split = names
        n = issues.num_rows
        where = [_span(span["low"], span["high"]) for span in spans]
        more = f" and {len(where) - MAX_SPANS} more ranges" if len(where) > MAX_SPANS else ""
        return self.finding(
            f"{n:,} of {n_rows:,} targets in {split!r} ({percent(n / n_rows)}) lie where {train!r} has none: "
            f"{', '.join(where[:MAX_SPANS])}{more}",
            "split again, stratified by bins of the target, or collect training samples in these ranges",
            evidence={"split": split, "gaps": spans, "share": n / n_rows},
            affected=issues,
        )

    def _sparse(self, names: tuple[str, str], bins: list[dict[str, Any]]) -> Finding:
        train, split = names
        worst = max(bins, key=lambda row: row["ratio_low"])
        return self.finding(
            f"targets {_span(worst['low'], worst['high'])} are at least {number(worst['ratio_low'], 2)} times as "
            f"common in {split!r} as in {train!r} ({worst['evaluated']:,} and {worst['trained']:,} samples)",
            "stratify the split by bins of the target, or collect training samples in the sparse range",
            severity=Severity.INFO,
            evidence={"split": split, "bins": bins},
            affected=sum(row["evaluated"] for row in bins),
        )

    def _heap(self, learnt: NDArray[np.float64], train: str) -> list[Finding]:
        values, counts = np.unique(learnt, return_counts=True)
        top = int(counts.argmax())
        share = float(counts[top] / len(learnt))
        rare = share < self.heap_share or counts[top] < HEAP_FACTOR * np.median(counts)
        if rare or len(values) < self.heap_distinct:
            return []
        return [
            self.finding(
                f"{percent(share)} of the targets in {train!r} are exactly {number(values[top])}, among "
                f"{len(values):,} different values",
                "find out whether this value is a cap, a default or a missing value, and treat it as such",
                severity=Severity.INFO,
                evidence={"value": float(values[top]), "share": share, "distinct": len(values)},
                affected=int(counts[top]),
            )
        ]


def gap_members(
    learnt: NDArray[np.float64], evaluated: NDArray[np.float64], alpha: float, min_samples: int
) -> tuple[NDArray[np.bool_], list[dict[str, Any]]]:
    """Return which evaluated targets lie in a gap of the training targets that chance does not explain, and the gaps.

    Parameters
    ----------
    learnt, evaluated
        Targets of training and evaluation, shapes [n] and [m], finite; those of training ascending.
    alpha, min_samples
        A gap counts below this adjusted p-value, and from so many evaluated targets on.

    Returns
    -------
    inside
        Shape [m].
    gaps
        ``low``, ``high`` (None beyond the ends), ``count``, ``p_adjusted``; largest count first.
    """
    n, m = len(learnt), len(evaluated)
    after = np.searchsorted(learnt, evaluated, side="left")
    hit = learnt[np.minimum(after, n - 1)] == evaluated
    counts = np.bincount(after[~hit], minlength=n + 1)
    candidates = np.flatnonzero(counts >= min_samples)
    candidates = candidates[np.argsort(-counts[candidates], kind="stable")]
    # The chance falls with the count, so the candidates hold the first ranks of all n + 1 gaps.
    k = counts[candidates].astype(np.float64)
    log_p = gammaln(m + 1) - gammaln(m - k + 1) - gammaln(n + m + 1) + gammaln(n + m - k + 1)
    scaled = np.exp(np.minimum(log_p, 0.0)) * (n + 1) / np.arange(1, len(k) + 1)
    adjusted = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    wide = np.zeros(n + 1, dtype=bool)
    wide[candidates[adjusted < alpha]] = True
    gaps = [
        {
            "low": float(learnt[gap - 1]) if gap > 0 else None,
            "high": float(learnt[gap]) if gap < n else None,
            "count": int(counts[gap]),
            "p_adjusted": float(p),
        }
        for gap, p in zip(candidates, adjusted, strict=True)
        if wide[gap]
    ]
    return wide[after] & ~hit, gaps


def sparse_bins(
    learnt: NDArray[np.float64], evaluated: NDArray[np.float64], n_bins: int, min_ratio: float
) -> list[dict[str, Any]]:
    """Return the bins in which evaluated targets are much denser than training targets, which come ascending."""
    if len(evaluated) == 0:
        return []
    evaluated = np.sort(evaluated)
    low, high = np.quantile(evaluated, MIDDLE)
    if not high > low:
        return []
    edges = np.linspace(low, high, n_bins + 1)
    trained, tested = np.diff(np.searchsorted(learnt, edges)), np.diff(np.searchsorted(evaluated, edges))
    log_ratio = np.log((tested + 0.5) / (len(evaluated) + 1)) - np.log((trained + 0.5) / (len(learnt) + 1))
    ratio_low = np.exp(log_ratio - Z95 * np.sqrt(1 / (tested + 0.5) + 1 / (trained + 0.5)))
    return [
        {
            "low": float(edges[b]),
            "high": float(edges[b + 1]),
            "trained": int(trained[b]),
            "evaluated": int(tested[b]),
            "ratio_low": float(ratio_low[b]),
        }
        for b in np.flatnonzero(ratio_low >= min_ratio)
    ]


def _span(low: float | None, high: float | None) -> str:
    if low is None:
        return f"below {high:g}"
    return f"above {low:g}" if high is None else f"{low:g} to {high:g}"
