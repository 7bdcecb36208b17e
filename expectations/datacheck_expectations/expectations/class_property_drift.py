"""Expect each class to look as it did in the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import Moments
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, drift_of_groups, number, spoken


class ExpectClassPropertyDriftAtMost(DatacheckExpectation):
    """Expect the mean of a column within each class to be near that of a reference.

    Labels that were swapped, shifted or renamed leave the images as they are and the classes different: this sees it
    without a model, where the classes differ in the property. By Hedges' g, as in `ExpectPropertyDriftAtMost`.

    Parameters
    ----------
    column
        Such as ``brightness``.
    reference
        ``n``, ``mean`` and ``std`` of each class in the accepted dataset.
    max_effect
        In standard deviations within a class.
    confidence
        Level of each class's interval, in [0, 1); 0 lets the difference itself decide.

    Example
    -------
    >>> ones = {"n": 50, "mean": 0.7, "std": 0.1}
    >>> expectation = ExpectClassPropertyDriftAtMost(
    ...     column="brightness", reference={"one": ones}, max_effect=0.3, confidence=0.99)
    >>> expectation.judge({"one": Moments.empty().update([0.2, 0.3, 0.2, 0.3])}).sentence
    "samples labelled 'one' differ in brightness: mean 0.25 beside 0.7 (-4.5 standard deviations)"
    """

    column: str
    reference: dict[str, dict[str, float]]
    max_effect: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.moments_by_class",)

    def judge(self, measured: Mapping[str, Moments]) -> Judgement:
        """Compare the means class by class; a class with fewer than two samples is for `ExpectClassCoverage`."""
        return drift_of_groups(
            self.column, "class", "samples labelled", self.reference, measured, self.max_effect, self.confidence
        )

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the tolerance."""
        return (
            f"Within each of {len(terms['reference']):,} classes, the mean {spoken(terms['column'])} is within "
            f"{number(terms['max_effect'])} standard deviations of that of the accepted dataset"
            f"{chance(terms['confidence'])}: a class that looks different has other images under its name."
        )
