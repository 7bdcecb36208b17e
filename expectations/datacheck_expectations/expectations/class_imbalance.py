"""Expect no more imbalance between classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from scipy.stats import norm

from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, number
from datacheck_expectations.measures import ClassTable


class ExpectClassImbalanceAtMost(DatacheckExpectation):
    """Expect the largest class to have at most so many times the samples of the smallest one.

    Broken when even the lower end of the ratio's interval (normal on the logarithm, from the two counts) is above
    ``max_ratio``; classes without any sample are for `ExpectClassCoverage` and break it too.

    Parameters
    ----------
    split
        A split, or ``all``.
    max_ratio
        Samples of the largest class for each one of the smallest.
    confidence
        Level of the interval, in [0, 1); 0 lets the ratio itself decide.

    Example
    -------
    >>> ExpectClassImbalanceAtMost(split="train", max_ratio=3.0, confidence=0.99).max_ratio
    3.0
    """

    split: str
    max_ratio: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def judge(self, measured: ClassTable) -> Judgement:
        """Compare the largest class with the smallest."""
        counts, labelled, _ = measured.of(self.split)
        if not labelled or not counts:
            return Judgement(False, float("nan"), f"{self.split!r} has no labelled sample")
        order = sorted(counts.items(), key=lambda item: item[1])
        (small, few), (large, many) = order[0], order[-1]
        sentence = f"{large!r} has {many:,} samples, {small!r} {few:,}"
        rows = tuple({"class": name, "samples": count} for name, count in (order[-1], *order[:5]))
        if few == 0:
            return Judgement(False, float("inf"), sentence, rows)
        z = norm.ppf(0.5 + self.confidence / 2) if self.confidence > 0 else 0.0
        least = many / few * math.exp(-z * math.sqrt(1 / few + 1 / many))
        success = least <= self.max_ratio
        return Judgement(success, many / few, f"{sentence}: {number(many / few)} to 1", () if success else rows)

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the ratio."""
        where = "the dataset" if terms["split"] == "all" else f"the split {terms['split']!r}"
        return (
            f"The largest class of {where} has at most {number(terms['max_ratio'])} times the samples of the smallest"
            f"{chance(terms['confidence'])}."
        )
