"""DC502: classes that are taken for one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import trusted
from datacheck.stats.intervals import proportion


@dataclass(frozen=True)
class ConfusableClasses(Rule):
    """Pairs of classes that the probe, out of sample, takes for one another.

    What
    ----
    The pairs of classes between which most predictions cross the given labels, with the share of the pair's samples
    that do, and which way.

    Why it hurts training
    ---------------------
    Where two classes are told apart by nothing in the images, or annotators disagree on where one ends, the model
    spends its capacity on learning a border that is not there, and its errors gather at it.

    How it is measured
    ------------------
    For classes a and b: samples labelled a and predicted b, or labelled b and predicted a, as a share of all samples
    labelled a or b; Wilson's 95 % interval at a level divided by the number of pairs (Bonferroni). A pair is reported
    when the low end is at least ``min_share``. A probe that may gain less than ``min_skill`` of what there is to gain
    over the largest class is not heard.

    How to fix
    ----------
    Look at the crossing samples. If people cannot tell them apart either, collapse the pair into one class or clarify
    the instruction and relabel; if they can, the pair needs more data or more resolution.

    Example
    -------
    >>> labels = np.repeat([0, 1, 2], 100)
    >>> predicted = np.r_[np.repeat([0, 1], 50), np.repeat([0, 1], 50), np.repeat(2, 100)]
    >>> confused_pairs(labels, predicted, 3)[0]["crossing"]
    100
    """

    code: ClassVar[str] = "DC502"
    name: ClassVar[str] = "confusable-classes"
    severity: ClassVar[Severity] = Severity.INFO

    min_share: float = 0.05
    warning_share: float = 0.2
    n_pairs: int = 10
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = trusted(context, min_skill=self.min_skill)
        if isinstance(found, NotApplicable):
            return found
        pairs = confused_pairs(found.labels, found.probs.argmax(axis=1), len(found.classes))
        pairs = [pair for pair in pairs if pair["low"] >= self.min_share]
        if not pairs:
            return Passed("no two classes are taken for one another")
        named = [
            {**pair, "first": found.classes[pair["first"]], "second": found.classes[pair["second"]]} for pair in pairs
        ]
        top = named[0]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=Severity.WARNING if top["low"] >= self.warning_share else Severity.INFO,
            message=f"{top['first']!r} and {top['second']!r} are taken for one another in {100 * top['share']:.0f} % "
            f"of their samples ({100 * top['low']:.0f} to {100 * top['high']:.0f} %)"
            + (f"; {len(named) - 1} more pairs are confused" if len(named) > 1 else ""),
            remedy="look at the crossing samples: collapse the pair if people cannot tell it apart, clarify the "
            "instruction if they disagree, collect more of it if they can",
            evidence={"pairs": named[: self.n_pairs], "n_pairs": len(named)},
            n_affected=int(sum(pair["crossing"] for pair in pairs)),
        )
        return Found((finding,))


def confused_pairs(
    labels: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], n_classes: int
) -> list[dict[str, Any]]:
    """Pairs of classes by the share of their samples that cross, most first; those that never cross are left out.

    ``first_as_second`` counts the samples labelled with the first and predicted as the second.
    """
    table = np.bincount(labels * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
    sizes = table.sum(axis=1)
    crossing = np.triu(table + table.T, 1)
    firsts, seconds = np.nonzero(crossing)
    level = 1 - 0.05 / max(1, n_classes * (n_classes - 1) // 2)
    together = sizes[firsts] + sizes[seconds]
    shares = crossing[firsts, seconds] / np.maximum(together, 1)
    pairs = []
    for index in np.argsort(-shares, kind="stable")[:1000].tolist():
        first, second = int(firsts[index]), int(seconds[index])
        interval = proportion(int(crossing[first, second]), int(together[index]), level=level)
        pairs.append(
            {
                "first": first,
                "second": second,
                "crossing": int(crossing[first, second]),
                "first_as_second": int(table[first, second]),
                "second_as_first": int(table[second, first]),
                "share": interval.value,
                "low": interval.low,
                "high": interval.high,
            }
        )
    return pairs
