"""Expect no more imbalance between classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from scipy.stats import norm

from datacheck.text import number
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import DIGITS, Evaluation, place_title, sampling_clause
from datacheck_expectations.measures.classes import ClassTable


class ExpectClassImbalanceAtMost(DatacheckExpectation):
    """Expect the largest class to have at most so many times the samples of the smallest one.

    Broken when the lower end of the ratio's interval (normal on the logarithm, from the two counts) is above
    ``max_ratio``, or when a class has no sample.

    Parameters
    ----------
    split
        A split, or ``all``.
    max_ratio
        Samples of the largest class for each one of the smallest.
    confidence
        Level of the interval, in [0, 1); 0 compares the ratio itself.

    Example
    -------
    >>> ExpectClassImbalanceAtMost(split="train", max_ratio=3.0, confidence=0.99).max_ratio
    3.0
    """

    split: str
    max_ratio: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def evaluate(self, measured: ClassTable) -> Evaluation:
        """Compare the largest class with the smallest."""
        counts, labelled, _ = measured.of(self.split)
        if not labelled or not counts:
            return Evaluation(False, float("nan"), f"{self.split!r} has no labelled sample")
        order = sorted(counts.items(), key=lambda item: item[1])
        (small, few), (large, many) = order[0], order[-1]
        sentence = f"{large!r} has {many:,} samples, {small!r} {few:,}"
        rows = tuple({"class": name, "samples": count} for name, count in (order[-1], *order[:5]))
        if few == 0:
            return Evaluation(False, float("inf"), sentence, rows)
        z = norm.ppf(0.5 + self.confidence / 2) if self.confidence > 0 else 0.0
        least = many / few * math.exp(-z * math.sqrt(1 / few + 1 / many))
        success = least <= self.max_ratio
        return Evaluation(
            success, many / few, f"{sentence}: {number(many / few, DIGITS)} to 1", () if success else rows
        )

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the ratio."""
        return (
            f"The largest class of {place_title(terms['split'])} has at most {number(terms['max_ratio'], DIGITS)} "
            f"times the samples of the smallest{sampling_clause(terms['confidence'])}."
        )
