"""DC202: a class with too few samples to learn or to measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.coverage.shared import class_counts
from datacheck.rules.requirements import CLASSES
from datacheck.stats import Z95
from datacheck.text import have, listed

Sizes = dict[str, int]


@dataclass(frozen=True)
class RareClass(Rule):
    """A class has too few samples to learn it, or to measure how well it was learnt.

    What
    ----
    Names the classes with fewer than ``min_train`` training samples, and the classes with so few evaluation samples
    that the 95 % interval of their recall is wider than ``max_interval_width``.

    Why it hurts training
    ---------------------
    From a handful of samples a network learns these samples, not the class. And a recall measured on ten samples says
    little: 5 of 10 fits any true recall between 24 % and 76 %, so two models cannot be compared on it.

    How it is measured
    ------------------
    By counts over all rows. Below ``severe_train`` training samples it is an error, if another class has enough.
    Evaluation: Wilson's interval (Wilson 1927) is widest at a recall of one half, where its width is z / √(n + z²). A
    width of 0.4 (± 20 points) takes 21 samples. Beyond ``severe_interval_width``, 6 samples or fewer, it is a warning.

    How to fix
    ----------
    Collect more samples of the class, merge it with a related class, over-sample it with care, or report its recall
    with its interval. Classes without any sample are DC201.

    Example
    -------
    A folder of birds::

        sparrow    60 images
        owl         4 images

        DC202 1 class has fewer than 20 samples in 'all' to learn from: 'owl' (4)
    """

    code: ClassVar[str] = "DC202"
    name: ClassVar[str] = "rare-class"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (CLASSES,)

    min_train: int = 20  # five folds of four, the least for cross-validation to say anything of a class
    severe_train: int = 5  # below, not each of five folds has one
    max_interval_width: float = 0.4  # a recall is known to ± 20 points
    severe_interval_width: float = 0.6  # a recall is known to ± 30 points, which is next to nothing

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        counted = class_counts(context)
        findings = []
        for split, name in enumerate(counted.splits):
            counts = counted.counts[split]
            trained = split == counted.train
            few = counts < self.min_train if trained else recall_interval_width(counts) > self.max_interval_width
            rare = np.flatnonzero(few & (counts > 0))
            if len(rare):
                sizes = {counted.classes[k]: int(counts[k]) for k in rare[np.argsort(counts[rare], kind="stable")]}
                enough = bool(counts.max() >= self.min_train)
                findings.append(self._untrained(name, sizes, enough) if trained else self._unmeasured(name, sizes))
        if findings:
            return Found(tuple(findings))
        return Passed(f"the smallest class has {int(counted.counts[counted.train].min()):,} samples to learn from")

    def _untrained(self, split: str, sizes: Sizes, another_has_enough: bool) -> Finding:
        severe = min(sizes.values()) < self.severe_train and another_has_enough
        return self.finding(
            f"{have(len(sizes), 'class', 'classes')} fewer than {self.min_train} samples in {split!r} to learn from: "
            f"{_named(sizes)}",
            "collect more samples of these classes, merge them, or leave them out",
            severity=Severity.ERROR if severe else self.severity,
            evidence={"split": split, "counts": sizes, "min_train": self.min_train},
            affected=sum(sizes.values()),
        )

    def _unmeasured(self, split: str, sizes: Sizes) -> Finding:
        width = float(recall_interval_width(min(sizes.values())))
        needed = samples_needed(self.max_interval_width)
        return self.finding(
            f"{have(len(sizes), 'class', 'classes')} so few samples in {split!r} that the 95 % interval of a recall "
            f"can be {100 * width:.0f} points wide: {_named(sizes)}",
            f"bring each class to {needed} samples in {split!r}, or report each recall with its interval",
            severity=self.severity if width > self.severe_interval_width else Severity.INFO,
            evidence={
                "split": split,
                "counts": sizes,
                "widest_interval": width,
                "max_interval_width": self.max_interval_width,
            },
            affected=sum(sizes.values()),
        )


def _named(sizes: Sizes) -> str:
    """The classes, rarest first; the number too where there is one class only."""
    names = list(sizes)
    return f"{names[0]!r} ({sizes[names[0]]})" if len(names) == 1 else listed(names)


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
