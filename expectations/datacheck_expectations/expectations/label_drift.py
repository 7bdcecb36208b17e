"""Expect labels distributed as in the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import total_variation
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, percent
from datacheck_expectations.measures import ClassTable


class ExpectLabelDriftAtMost(DatacheckExpectation):
    """Expect the class distribution to be near that of a reference, by total-variation distance.

    The distance is the share of labels that would have to move; broken when the lower end of its bootstrap interval,
    which allows for the sampling error of both datasets, is above ``max_distance``.

    Parameters
    ----------
    split
        A split, or ``all``.
    reference
        Labels by class in the accepted dataset.
    max_distance
        In [0, 1].
    confidence
        Level of the interval, in [0, 1); 0 lets the distance itself decide.

    Example
    -------
    >>> drift = ExpectLabelDriftAtMost(split="all", reference={"a": 5, "b": 5}, max_distance=0.1, confidence=0.95)
    >>> drift.reference
    {'a': 5, 'b': 5}
    """

    split: str
    reference: dict[str, int]
    max_distance: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def judge(self, measured: ClassTable) -> Judgement:
        """Compare the two distributions."""
        counts, labelled, _ = measured.of(self.split)
        if not labelled:
            return Judgement(False, float("nan"), f"{self.split!r} has no labelled sample")
        names = [*self.reference, *(name for name in counts if name not in self.reference)]
        before = [self.reference.get(name, 0) for name in names]
        after = [counts.get(name, 0) for name in names]
        distance = total_variation(before, after, level=max(0.5, self.confidence))
        least = distance.low if self.confidence > 0 else distance.value
        total = max(1, sum(before)), max(1, sum(after))
        moved = sorted(
            ((b / total[1] - a / total[0], name) for name, a, b in zip(names, before, after, strict=True)),
            key=lambda pair: -abs(pair[0]),
        )
        rows = tuple(
            {"class": name, "accepted": percent(self.reference.get(name, 0) / total[0]),
             "found": percent(counts.get(name, 0) / total[1])}
            for _, name in moved[:10]
        )  # fmt: skip
        sentence = f"{percent(distance.value)} of the labels would have to move"
        success = least <= self.max_distance
        most = f", most of all {rows[0]['class']!r}: {rows[0]['accepted']} to {rows[0]['found']}"
        return Judgement(success, distance.value, sentence + ("" if success else most), () if success else rows)

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the distance."""
        where = "the dataset" if terms["split"] == "all" else f"the split {terms['split']!r}"
        return (
            f"The labels of {where} are distributed as in the accepted dataset ({sum(terms['reference'].values()):,} "
            f"labels): at most {percent(terms['max_distance'])} would have to move{chance(terms['confidence'])}."
        )
