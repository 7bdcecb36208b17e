"""DC203: classes of very different size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import class_counts
from datacheck.rules.requirements import CLASSES
from datacheck.stats import Z95
from datacheck.text import number, percent


@dataclass(frozen=True)
class ClassImbalance(Rule):
    """Some classes have many times the samples of others.

    What
    ----
    Compares the largest class with the smallest. Also says how many classes of equal size would be as diverse (the
    effective number of classes), and how accurate a model is that always predicts the largest class.

    Why it hurts training
    ---------------------
    The loss is a mean over samples, so large classes dominate it and small classes are learnt last. And accuracy looks
    good without any learning if one class makes up most of the samples.

    How it is measured
    ------------------
    By the ratio of the largest to the smallest class that has samples, with a 95 % interval (delta method on the
    logarithm of the ratio). Effective number: exp of the Shannon entropy of the shares (Hill 1973, order 1). It is an
    info from ``info_ratio`` on, a warning from ``warning_ratio`` on, an error from ``error_ratio`` on, and only if the
    counts differ by more than chance (chi-squared test against equal classes, p < ``alpha``). The training split
    decides. Classes without samples are DC201.

    How to fix
    ----------
    Judge models by balanced accuracy or by the recall of each class. Try class weights or a balanced sampler
    (``datacheck plan`` measures which of them helps), or collect more of the small classes. If the shares are the same
    where the model will run, declare them (DC204) and leave the classes as they are.

    Example
    -------
    A folder of parts::

        ok       900 images
        crack     60 images

        DC203 'ok' has 15 times as many samples as 'crack' (900 and 60, 95 % interval 11.6 to 19.5 times); always
          predicting 'ok' is 93.8 % accurate
    """

    code: ClassVar[str] = "DC203"
    name: ClassVar[str] = "class-imbalance"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (CLASSES,)

    info_ratio: float = 2.0  # below, plain training and plain accuracy serve well
    warning_ratio: float = 10.0  # the usual bound of "imbalanced" in the literature
    error_ratio: float = 100.0  # a batch of 100 holds one sample of the small class
    alpha: float = 0.001  # one false alarm in a thousand datasets

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        counted = class_counts(context)
        counts = counted.counts[counted.train]
        described = describe_balance(counts)
        ratio = described["ratio"]
        if len(counted.classes) < 2 or ratio < self.info_ratio or described["p_equal"] >= self.alpha:
            return Passed(f"largest to smallest class {ratio:.2g} : 1")
        severity = Severity.INFO
        if ratio >= self.warning_ratio:
            severity = Severity.ERROR if ratio >= self.error_ratio else Severity.WARNING
        largest, smallest = int(counts.argmax()), int(np.where(counts > 0, counts, counts.max()).argmin())
        share = float(counts[largest] / counted.rows[counted.train])
        names = counted.classes[largest], counted.classes[smallest]
        consequence = (
            f"{percent(share)} of the samples have {names[0]!r}"
            if context.manifest.task.lists_classes
            else f"always predicting {names[0]!r} is {percent(share)} accurate"
        )
        finding = self.finding(
            f"{names[0]!r} has {number(ratio)} times as many samples as {names[1]!r} ({counts[largest]:,} and "
            f"{counts[smallest]:,}, 95 % interval {number(described['ratio_low'])} to "
            f"{number(described['ratio_high'])} times); {consequence}",
            "judge by balanced accuracy or the recall of each class; datacheck plan measures whether class weights or "
            "a balanced sampler help",
            severity=severity,
            evidence={
                **described,
                "largest": names[0],
                "smallest": names[1],
                "majority_share": share,
                "by_split": {
                    name: describe_balance(row) for name, row in zip(counted.splits, counted.counts, strict=True)
                },
            },
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
