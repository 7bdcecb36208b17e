"""DC203: classes of very different size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.manifest import Task
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import class_counts
from datacheck.stats import Z95


@dataclass(frozen=True)
class ClassImbalance(Rule):
    """Some classes have many times the samples of others.

    What
    ----
    Compares the largest with the smallest class, and says how many equally large classes would hold as much variety
    (the effective number of classes) and what accuracy a model gets that always answers with the largest class.

    Why it hurts training
    ---------------------
    The loss is a mean over samples: large classes drive it, small ones are given up first. And accuracy looks good
    without anything being learnt, when one answer is right most of the time.

    How it is measured
    ------------------
    Ratio of the largest to the smallest class that has samples, per split, with a 95 % interval (delta method on the
    log of the ratio); effective number = exp of the Shannon entropy of the shares (Hill 1973, order 1). Stated at info
    from ``info_ratio``, warned of from ``warning_ratio``, an error from ``error_ratio``; only where the counts differ
    by more than chance (chi-squared against equal classes, p < ``alpha``), so that a handful of samples stays silent.
    The training split decides. Empty classes are DC201.

    How to fix
    ----------
    Judge by balanced accuracy or recall per class; try class weights or a balanced sampler (``datacheck plan`` measures
    which of them helps), or collect more of the small classes. If this is what deployment looks like, declare it
    (DC204) and leave it.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"label": ["ok"] * 900 + ["crack"] * 60})
    >>> finding = ClassImbalance().check(RuleContext(manifest)).findings[0]
    >>> finding.severity.label, round(finding.evidence["ratio"])
    ('warning', 15)
    """

    code: ClassVar[str] = "DC203"
    name: ClassVar[str] = "class-imbalance"
    severity: ClassVar[Severity] = Severity.WARNING

    info_ratio: float = 2.0
    warning_ratio: float = 10.0
    error_ratio: float = 100.0
    alpha: float = 0.001

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        counted = class_counts(context)
        if isinstance(counted, NotApplicable):
            return counted
        counts = counted.counts[counted.train]
        described = describe_balance(counts)
        if len(counted.classes) < 2 or described["ratio"] < self.info_ratio or described["p_equal"] >= self.alpha:
            return Passed(f"largest to smallest class {described['ratio']:.2g} : 1")
        multilabel = context.manifest.task is Task.MULTILABEL
        severity = Severity.INFO
        if described["ratio"] >= self.warning_ratio:
            severity = Severity.ERROR if described["ratio"] >= self.error_ratio else Severity.WARNING
        largest, smallest = int(counts.argmax()), int(np.where(counts > 0, counts, counts.max()).argmin())
        share = counts[largest] / counted.rows[counted.train]
        consequence = (
            f"{100 * share:.0f} % of the samples have the largest"
            if multilabel
            else f"always answering it is {100 * share:.0f} % right"
        )
        evidence: dict[str, Any] = {
            **described,
            "largest": counted.classes[largest],
            "smallest": counted.classes[smallest],
            "majority_share": float(share),
            "by_split": {name: describe_balance(row) for name, row in zip(counted.splits, counted.counts, strict=True)},
        }
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=f"{counted.classes[largest]!r} has {described['ratio']:.1f} times the samples of "
            f"{counted.classes[smallest]!r} ({counts[largest]:,} to {counts[smallest]:,}); {consequence}, and the "
            f"{len(counted.classes)} classes are worth {described['effective_classes']:.1f} equal ones",
            remedy="judge by balanced accuracy or recall per class, and measure class weights or a balanced sampler",
            evidence=evidence,
        )
        return Found((finding,))


def describe_balance(counts: NDArray[np.int64]) -> dict[str, float]:
    """Return ratio with its interval, effective number of classes, and the p-value of equal classes; counts [K]."""
    present = np.asarray(counts[counts > 0], dtype=np.float64)
    if len(present) == 0:
        return {"ratio": 1.0, "ratio_low": 1.0, "ratio_high": 1.0, "effective_classes": 0.0, "p_equal": 1.0}
    top, bottom, mean = float(present.max()), float(present.min()), float(present.mean())
    spread = np.exp(Z95 * np.sqrt(1 / top + 1 / bottom))
    shares = present / present.sum()
    return {
        "ratio": top / bottom,
        "ratio_low": max(1.0, float(top / bottom / spread)),
        "ratio_high": float(top / bottom * spread),
        "effective_classes": float(np.exp(-np.sum(shares * np.log(shares)))),
        "p_equal": float(chi2.sf(np.sum((present - mean) ** 2) / mean, len(present) - 1)) if len(present) > 1 else 1.0,
    }
