"""DC505: classes with far more label noise than the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.labels.confident_learning import ConfidentLearning
from datacheck.labels.rows import row_statistics
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import trusted
from datacheck.stats.intervals import proportion
from datacheck.text import listed


@dataclass(frozen=True)
class NoisyClass(Rule):
    """The labels of some classes are doubted far more often than those of the rest.

    What
    ----
    Estimates the share of doubtful labels among the samples labelled with each class, and names the classes in which it
    is high and stands out.

    Why it hurts training
    ---------------------
    Noise that gathers in one class moves its border: recall or precision of that class falls however long one trains,
    and class weights make it worse.

    How it is measured
    ------------------
    Confident learning (Northcutt et al. 2021): of the samples that reach some class's mean self-confidence out of
    sample, those labelled otherwise are doubted. Share per given class with Wilson's 95 % interval; reported when its
    low end is at least ``min_share`` and at least ``ratio`` times the share in all other classes together. A probe
    that may gain less than ``min_skill`` of what there is to gain over the largest class is not heard.

    How to fix
    ----------
    Read the instruction for the class first: a share far above the others is more often an unclear definition than
    careless annotators. Then relabel the class (the queue of DC501, filtered by it).

    Example
    -------
    >>> shares = doubt_by_class(np.repeat([True, False], 50), np.repeat([0, 1], 50), 2)
    >>> shares[0]["share"], shares[1]["share"]
    (1.0, 0.0)
    """

    code: ClassVar[str] = "DC505"
    name: ClassVar[str] = "noisy-class"
    severity: ClassVar[Severity] = Severity.WARNING

    min_share: float = 0.05
    ratio: float = 2.0
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = trusted(context, min_skill=self.min_skill)
        if isinstance(found, NotApplicable):
            return found
        guess = ConfidentLearning.of(row_statistics(found.probs, found.labels)).confident
        sure = guess >= 0
        shares = doubt_by_class(guess[sure] != found.labels[sure], found.labels[sure], len(found.classes))
        noisy = [
            one
            for one in shares
            if one["low"] >= max(self.min_share, self.ratio * one["share_elsewhere"]) and one["n"] > 0
        ]
        if not noisy:
            return Passed("no class has far more doubtful labels than the others")
        noisy.sort(key=lambda one: -one["low"])
        named = [{**one, "class": found.classes[one["class"]]} for one in noisy]
        top = named[0]
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{100 * top['share']:.0f} % ({100 * top['low']:.0f} to {100 * top['high']:.0f} %) of the labels "
            f"{top['class']!r} are doubtful, against {100 * top['share_elsewhere']:.1f} % of the others"
            + (f"; so are many of {listed([one['class'] for one in named[1:]])}" if len(named) > 1 else ""),
            remedy="clarify what the class means, then relabel it first",
            evidence={
                "noisy": named,
                "by_class": [{**one, "class": found.classes[one["class"]]} for one in shares],
            },
            n_affected=int(sum(one["doubted"] for one in noisy)),
        )
        return Found((finding,))


def doubt_by_class(
    doubted: NDArray[np.bool_], labels: NDArray[np.integer[Any]], n_classes: int
) -> list[dict[str, Any]]:
    """Share of doubted labels per given class with its interval, and the share in all other classes."""
    sizes = np.bincount(labels, minlength=n_classes)
    counts = np.bincount(labels[doubted], minlength=n_classes)
    found = []
    for label in range(n_classes):
        interval = proportion(int(counts[label]), int(sizes[label]))
        others = max(1, int(sizes.sum() - sizes[label]))
        found.append(
            {
                "class": label,
                "n": int(sizes[label]),
                "doubted": int(counts[label]),
                "share": interval.value if sizes[label] else 0.0,
                "low": interval.low,
                "high": interval.high,
                "share_elsewhere": float((counts.sum() - counts[label]) / others),
            }
        )
    return found
