"""DC205: ranges of a regression target that are evaluated but not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import gammaln

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity, sample_issues, worst_sample_ids
from datacheck.manifest import Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import split_rows
from datacheck.stats import Z95


@dataclass(frozen=True)
class TargetRangeGap(Rule):
    """Evaluation targets fall where there are no, or hardly any, training targets.

    What
    ----
    Finds gaps in the range of the training targets that evaluation targets fall into, evaluation targets beyond the
    training range (extrapolation), regions where training targets are sparse beside the evaluation split, and heaps:
    one value that a large part of the targets share, such as a cap or a default.

    Why it hurts training
    ---------------------
    A regressor interpolates at best; what it says in a range that it never saw is a guess, and the metric averages the
    guess away. A heap at a cap teaches the cap.

    How it is measured
    ------------------
    Gaps: if both splits come from one distribution, the chance that k or more of m evaluation targets fall between two
    neighbouring order statistics of n training targets (or beyond the last) is ∏ (m - j) / (n + m - j), j < k, whatever
    the distribution (Pólya's urn); Benjamini–Hochberg over all gaps, found below ``alpha`` and from ``min_samples``
    targets on. Exact, so a lonely outlier neither fires nor hides a gap. Sparse: of ``n_bins`` bins of equal width over
    the middle 98 % of the evaluation targets, those whose density is ``sparse_ratio`` times that in training at the
    low end of its 95 % interval. Heaps: one value holds ``heap_share`` of at least ``heap_distinct`` distinct ones.

    How to fix
    ----------
    Split again, stratified by bins of the target, or collect samples in the missing range. Treat a heap as what it is:
    a censored value, a unit mistake or a filled-in default.

    Example
    -------
    >>> import numpy as np
    >>> from datacheck.manifest import Manifest
    >>> low, high = np.linspace(0, 10, 200), np.linspace(20, 30, 50)
    >>> columns = {"target": np.concatenate([low, high]), "split": ["train"] * 200 + ["test"] * 50}
    >>> TargetRangeGap().check(RuleContext(Manifest.from_columns(columns))).findings[0].message
    "50 of 50 targets in 'test' (100.0 %) lie where 'train' has none: above 10"
    """

    code: ClassVar[str] = "DC205"
    name: ClassVar[str] = "target-range-gap"
    severity: ClassVar[Severity] = Severity.WARNING

    alpha: float = 0.001
    min_samples: int = 3
    n_bins: int = 20
    sparse_ratio: float = 5.0
    heap_share: float = 0.05
    heap_distinct: int = 50

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        manifest = context.manifest
        if manifest.task is not Task.REGRESSION:
            return NotApplicable(f"needs a regression target; the task of this dataset is {manifest.task.value}")
        target = np.where(np.isfinite(manifest.target), manifest.target, np.nan)
        splits, codes = split_rows(manifest)
        present = ~np.isnan(target)
        train = splits.index("train") if "train" in splits else 0
        learnt = np.sort(target[present & (codes == train)])
        if len(learnt) == 0:
            return NotApplicable(f"no sample in {splits[train]!r} has a target")
        findings = self._heap(learnt, splits[train])
        tables = []
        for split, name in enumerate(splits):
            rows = np.flatnonzero(present & (codes == split))
            if split == train or len(rows) == 0:
                continue
            rows = rows[np.argsort(target[rows], kind="stable")]
            inside, spans = gap_members(learnt, target[rows], self.alpha, self.min_samples)
            if inside.any():
                affected = np.sort(rows[inside])
                issues = sample_issues(self.code, manifest.sample_ids.take(affected), 1.0, value=target[affected])
                tables.append(issues)
                findings.append(self._gap(splits[train], name, spans, issues, len(rows)))
            sparse = sparse_bins(learnt, target[rows[~inside]], self.n_bins, self.sparse_ratio)
            if sparse:
                findings.append(self._sparse(splits[train], name, sparse))
        if not findings:
            return Passed(f"targets of {splits[train]!r} cover those of every other split")
        return Found(tuple(findings), pa.concat_tables(tables)) if tables else Found(tuple(findings))

    def _gap(self, train: str, split: str, spans: list[dict[str, Any]], issues: pa.Table, n_rows: int) -> Finding:
        n = issues.num_rows
        where = [_span(span["low"], span["high"]) for span in spans]
        more = f" and {len(where) - 3} more" if len(where) > 3 else ""
        return Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{n:,} of {n_rows:,} targets in {split!r} ({100 * n / n_rows:.1f} %) lie where "
            f"{train!r} has none: {', '.join(where[:3])}{more}",
            remedy="split again, stratified by bins of the target, or collect training samples in these ranges",
            evidence={"split": split, "gaps": spans, "share": n / n_rows},
            sample_ids=worst_sample_ids(issues),
            n_affected=n,
        )

    def _sparse(self, train: str, split: str, bins: list[dict[str, Any]]) -> Finding:
        worst = max(bins, key=lambda row: row["ratio_low"])
        return Finding(
            code=self.code,
            name=self.name,
            severity=Severity.INFO,
            message=f"targets {_span(worst['low'], worst['high'])} are at least {worst['ratio_low']:.1f} times as "
            f"dense in {split!r} as in {train!r} ({worst['evaluated']:,} beside {worst['trained']:,})",
            remedy="stratify the split by bins of the target, or collect training samples in the sparse range",
            evidence={"split": split, "bins": bins},
            n_affected=sum(row["evaluated"] for row in bins),
        )

    def _heap(self, learnt: NDArray[np.float64], train: str) -> list[Finding]:
        starts = np.flatnonzero(np.diff(learnt, prepend=np.nan) != 0)
        values, counts = learnt[starts], np.diff(starts, append=len(learnt))
        top = int(counts.argmax())
        share = float(counts[top] / len(learnt))
        if len(values) < self.heap_distinct or share < self.heap_share or counts[top] < 10 * np.median(counts):
            return []
        return [
            Finding(
                code=self.code,
                name=self.name,
                severity=Severity.INFO,
                message=f"{share * 100:.1f} % of the targets in {train!r} are exactly {values[top]:g}, "
                f"among {len(values):,} distinct values",
                remedy="find out whether this value is a cap, a default or a missing value, and treat it as such",
                evidence={"value": float(values[top]), "share": share, "distinct": len(values)},
                n_affected=int(counts[top]),
            )
        ]


def gap_members(
    learnt: NDArray[np.float64], evaluated: NDArray[np.float64], alpha: float, min_samples: int
) -> tuple[NDArray[np.bool_], list[dict[str, Any]]]:
    """Return which evaluated targets lie in a gap of the learnt ones that chance does not explain, and the gaps.

    Parameters
    ----------
    learnt, evaluated
        Targets, shapes [n] and [m], finite; the learnt ones ascending.
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
    """Return the bins of the evaluated targets that are much denser there than among the learnt ones (ascending)."""
    if len(evaluated) == 0:
        return []
    evaluated = np.sort(evaluated)
    low, high = np.quantile(evaluated, [0.01, 0.99])
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
