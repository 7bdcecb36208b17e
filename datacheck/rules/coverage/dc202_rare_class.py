"""DC202: a class with too few samples to learn or to measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import ClassCounts, class_counts, listed
from datacheck.stats import Z95


@dataclass(frozen=True)
class RareClass(Rule):
    """A class has too few samples to learn it, or to measure how well it was learnt.

    What
    ----
    Names the classes with fewer than ``min_train`` training samples, and those with so few evaluation samples that
    the 95 % interval of their recall is wider than ``max_interval_width``.

    Why it hurts training
    ---------------------
    From a handful of samples a network learns those samples, not the class. And a recall measured on ten samples says
    little: 5 of 10 found is compatible with anything between 24 % and 76 %, so models cannot be compared on it.

    How it is measured
    ------------------
    Counts over all rows. ``min_train`` is 20: five folds of four, the least from which cross-validation can tell
    anything of a class; below ``severe_train`` (5) not every fold has one. Evaluation: Wilson's interval (Wilson 1927)
    is widest at a recall of one half, where its width is z / √(n + z²); 0.4 (give or take 20 points) takes 21 samples,
    and beyond ``severe_interval_width`` (6 samples or fewer) the number is all but empty.

    How to fix
    ----------
    Collect more samples of the class, merge it into a related class, over-sample it with care, or report its recall
    with its interval. Empty cells are DC201.

    Example
    -------
    >>> from datacheck.manifest import Manifest
    >>> manifest = Manifest.from_columns({"label": ["cat"] * 60 + ["owl"] * 4})
    >>> RareClass().check(RuleContext(manifest)).findings[0].message
    "1 class has fewer than 20 samples in 'all' to learn from: 'owl' (4)"
    """

    code: ClassVar[str] = "DC202"
    name: ClassVar[str] = "rare-class"
    severity: ClassVar[Severity] = Severity.WARNING

    min_train: int = 20
    severe_train: int = 5
    max_interval_width: float = 0.4
    severe_interval_width: float = 0.6

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        counted = class_counts(context)
        if isinstance(counted, NotApplicable):
            return counted
        findings = []
        for split, name in enumerate(counted.splits):
            counts = counted.counts[split]
            trained = split == counted.train
            few = counts < self.min_train if trained else recall_interval_width(counts) > self.max_interval_width
            rare = np.flatnonzero(few & (counts > 0))
            if len(rare):
                findings.append(
                    self._finding(counted, name, counts, rare[np.argsort(counts[rare], kind="stable")], trained)
                )
        if findings:
            return Found(tuple(findings))
        return Passed(f"the smallest class has {int(counted.counts[counted.train].min()):,} samples to learn from")

    def _finding(
        self, counted: ClassCounts, split: str, counts: NDArray[np.int64], rare: NDArray[np.intp], trained: bool
    ) -> Finding:
        smallest = int(counts[rare[0]])
        names = [counted.classes[k] for k in rare]
        which = listed(names) if len(names) > 1 else f"{names[0]!r} ({smallest})"
        subject = "1 class has" if len(names) == 1 else f"{len(names):,} classes have"
        evidence: dict[str, Any] = {"split": split, "counts": {counted.classes[k]: int(counts[k]) for k in rare}}
        if trained:
            severity = (
                Severity.ERROR if smallest < self.severe_train and counts.max() >= self.min_train else self.severity
            )
            message = f"{subject} fewer than {self.min_train} samples in {split!r} to learn from: {which}"
            remedy = "collect more samples of these classes, merge them, or leave them out"
            evidence["min_train"] = self.min_train
        else:
            width = float(recall_interval_width(smallest))
            severity = self.severity if width > self.severe_interval_width else Severity.INFO
            message = (
                f"{subject} so few samples in {split!r} that the 95 % interval of a recall can be "
                f"{width:.2f} wide: {which}"
            )
            remedy = (
                f"move or collect samples until each class has {samples_needed(self.max_interval_width)} in {split!r}"
            )
            evidence |= {"widest_interval": width, "max_interval_width": self.max_interval_width}
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity,
            message=message,
            remedy=remedy,
            evidence=evidence,
            n_affected=int(counts[rare].sum()),
        )


def recall_interval_width(counts: ArrayLike) -> NDArray[np.float64]:
    """Return the widest 95 % Wilson interval of a recall measured on so many samples, elementwise."""
    return np.asarray(Z95 / np.sqrt(np.asarray(counts, dtype=np.float64) + Z95**2))


def samples_needed(width: float) -> int:
    """Return how many samples keep the interval of a recall within a width.

    Examples
    --------
    >>> samples_needed(0.4)
    21
    """
    return int(np.ceil((Z95 / width) ** 2 - Z95**2))
