"""DC502: classes that are mistaken for one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.labels.label_columns import ExchangedPair, exchanged_pairs
from datacheck.manifest import Task
from datacheck.probing.skill import MIN_SKILL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.label_columns import trusted_columns
from datacheck.rules.requirements import PROBE, SAMPLE_CLASSES
from datacheck.rules.shared import trusted
from datacheck.stats import paired_difference, proportion
from datacheck.text import percent, percent_range, plural

MAX_PAIRS = 1000
"""Intervals are computed for at most this many pairs, those that are confused most."""

ALPHA = 0.05
"""Level of all intervals together: each pair gets an equal part of it (Bonferroni)."""


@dataclass(frozen=True)
class ConfusableClasses(Rule):
    """Pairs of classes are mistaken for one another.

    What
    ----
    Names the pairs of classes between which the probe's predictions and the given labels disagree most, with the share
    of the samples of the pair, and the direction.

    Why it hurts training
    ---------------------
    If nothing in the images separates two classes, or annotators disagree about where one ends, the model spends its
    capacity on a boundary that does not exist, and most of its errors lie there.

    How it is measured
    ------------------
    For classes a and b: the samples labelled a and predicted b, or labelled b and predicted a, as a share of all
    samples labelled a or b, with Wilson's 95 % interval corrected for the number of pairs (Bonferroni). A pair is
    reported if the low end is at least ``min_share``, as a warning from ``warning_share`` on. A probe with a skill
    below ``min_skill`` judges nothing. What merging a pair would bring is measured with the same predictions: the
    probability of the merged class is the sum of both.

    Multilabel: of the samples with one of two labels alone, those for which the other one alone is predicted; reported
    if the low end is also ``chance_ratio`` times what two unrelated mistakes give. A label is judged if its own skill
    reaches ``min_skill``.

    How to fix
    ----------
    Look at the confused samples. If people cannot tell the two classes apart either, merge them, or make the
    instruction clearer and label again. If people can, the pair needs more samples or a higher resolution.

    Example
    -------
    60 of 200 cats look like dogs to the probe::

        DC502 'cat' and 'dog' are mistaken for one another in 15 % of their 400 samples (95 % interval for all pairs
          together 10.9 to 20.3 %). As one class they would raise the accuracy from 92.5 % to 100 % (by 5.6 to 9.4
          points, 95 % interval)
    """

    code: ClassVar[str] = "DC502"
    name: ClassVar[str] = "confusable-classes"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (SAMPLE_CLASSES, PROBE)

    min_share: float = 0.05  # below, no change of the label set pays
    warning_share: float = 0.2  # one sample in five: the boundary is hardly learnt
    chance_ratio: float = 2.0  # a label that is often missed and one that is often added are not yet confused
    n_pairs: int = 10  # pairs in the evidence; people look at no more
    min_skill: float = MIN_SKILL

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        if context.manifest.task is Task.MULTILABEL:
            return self._multilabel(context)
        found = trusted(context, min_skill=self.min_skill)
        pairs = confused_pairs(found.labels, found.probs.argmax(axis=1), len(found.classes))
        pairs = [pair for pair in pairs if pair["low"] >= self.min_share]
        if not pairs:
            return Passed("no two classes are mistaken for one another")
        named = [
            {
                **pair,
                "first": found.classes[pair["first"]],
                "second": found.classes[pair["second"]],
                "merged": merged(found.probs, found.labels, pair["first"], pair["second"]),
            }
            for pair in pairs[: self.n_pairs]
        ]
        top = named[0]
        more = f"; so are {plural(len(pairs) - 1, 'other pair')}" if len(pairs) > 1 else ""
        gain = top["merged"]["gain"]
        finding = self.finding(
            f"{top['first']!r} and {top['second']!r} are mistaken for one another in {percent(top['share'])} of their "
            f"{top['n']:,} samples (95 % interval for all pairs together "
            f"{percent_range(top['low'], top['high'])}){more}. As one class they would raise the accuracy from "
            f"{percent(top['merged']['before'])} to {percent(top['merged']['after'])} (by {100 * gain['low']:.1f} to "
            f"{100 * gain['high']:.1f} points, 95 % interval)",
            "look at the confused samples: merge the two classes if people cannot tell them apart, make the "
            "instruction clearer if annotators disagree, collect more samples otherwise",
            severity=Severity.WARNING if top["low"] >= self.warning_share else Severity.INFO,
            evidence={"pairs": named, "n_pairs": len(pairs)},
            affected=int(sum(pair["crossing"] for pair in pairs)),
        )
        return Found((finding,))

    def _multilabel(self, context: RuleContext) -> Outcome:
        found, left_out = trusted_columns(context, min_skill=self.min_skill)
        pairs = [
            pair
            for pair in exchanged_pairs(found.probs, found.matrix)
            if pair.share.low >= max(self.min_share, self.chance_ratio * pair.expected)
        ]
        if not pairs:
            return Passed(f"no two labels are mistaken for one another{left_out}")
        top = pairs[0]
        more = f"; so are {plural(len(pairs) - 1, 'other pair')}" if len(pairs) > 1 else ""
        finding = self.finding(
            f"{found.classes[top.first]!r} and {found.classes[top.second]!r} are mistaken for one another in "
            f"{percent(top.share.value)} of the {top.share.n:,} samples with one of them alone (95 % interval for all "
            f"pairs together {percent_range(top.share.low, top.share.high)}){more}{left_out}",
            "look at the confused samples: merge the two labels if people cannot tell them apart, make the instruction "
            "clearer if annotators disagree, collect more samples otherwise",
            severity=Severity.WARNING if top.share.low >= self.warning_share else Severity.INFO,
            evidence={"pairs": [_named(pair, found.classes) for pair in pairs[: self.n_pairs]], "n_pairs": len(pairs)},
            affected=sum(pair.first_as_second + pair.second_as_first for pair in pairs),
        )
        return Found((finding,))


def merged(
    probs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]], first: int, second: int
) -> dict[str, Any]:
    """Return the accuracy with two classes apart and as one, whose probability is the sum; shapes [n, K] and [n].

    Examples
    --------
    >>> probs = np.array([[0.4, 0.35, 0.25], [0.3, 0.3, 0.4], [0.1, 0.8, 0.1]])
    >>> found = merged(probs, np.array([1, 0, 1]), 0, 1)
    >>> round(found["before"], 2), found["after"]
    (0.33, 1.0)
    """
    before = probs.argmax(axis=1) == labels
    joint = np.array(probs, dtype=np.float64)
    joint[:, first] += joint[:, second]
    joint[:, second] = 0
    after = joint.argmax(axis=1) == np.where(labels == second, first, labels)
    gain = paired_difference(after, before)
    return {"before": float(before.mean()), "after": float(after.mean()), "gain": gain.to_json()}


def _named(pair: ExchangedPair, classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "first": classes[pair.first],
        "second": classes[pair.second],
        "n": pair.share.n,
        "crossing": pair.first_as_second + pair.second_as_first,
        "first_as_second": pair.first_as_second,
        "second_as_first": pair.second_as_first,
        "share": pair.share.value,
        "low": pair.share.low,
        "high": pair.share.high,
        "expected_by_chance": pair.expected,
    }


def confused_pairs(
    labels: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], n_classes: int
) -> list[dict[str, Any]]:
    """Return pairs of classes by the share of their samples that are confused, most first, without those of none.

    ``first_as_second`` counts the samples labelled with the first and predicted as the second.

    Examples
    --------
    >>> labels = np.repeat([0, 1, 2], 100)
    >>> predicted = np.r_[np.repeat([0, 1], 50), np.repeat([0, 1], 50), np.repeat(2, 100)]
    >>> confused_pairs(labels, predicted, 3)[0]["crossing"]
    100
    """
    table = np.bincount(labels * n_classes + predicted, minlength=n_classes**2).reshape(n_classes, n_classes)
    sizes = table.sum(axis=1)
    crossing = np.triu(table + table.T, 1)
    firsts, seconds = np.nonzero(crossing)
    level = 1 - ALPHA / max(1, n_classes * (n_classes - 1) // 2)
    together = sizes[firsts] + sizes[seconds]
    shares = crossing[firsts, seconds] / np.maximum(together, 1)
    pairs = []
    for index in np.argsort(-shares, kind="stable")[:MAX_PAIRS].tolist():
        first, second = int(firsts[index]), int(seconds[index])
        interval = proportion(int(crossing[first, second]), int(together[index]), level=level)
        pairs.append(
            {
                "first": first,
                "second": second,
                "n": int(together[index]),
                "crossing": int(crossing[first, second]),
                "first_as_second": int(table[first, second]),
                "second_as_first": int(table[second, first]),
                "share": interval.value,
                "low": interval.low,
                "high": interval.high,
            }
        )
    return pairs
