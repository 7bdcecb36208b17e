"""Expect the images of each class to have the mean properties of the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import Moments
from datacheck.text import number
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import DIGITS, Evaluation, column_title, evaluate_means, sampling_clause


class ExpectClassPropertyDriftAtMost(DatacheckExpectation):
    """Expect the mean of a column within each class to be near that of a reference.

    It finds labels that were swapped, shifted or renamed, without a model, where the classes differ in the property.
    By Hedges' g, as in `ExpectPropertyDriftAtMost`.

    Parameters
    ----------
    column
        Such as ``brightness``.
    reference
        ``n``, ``mean`` and ``std`` of each class in the accepted dataset.
    max_effect
        In standard deviations within a class.
    confidence
        Level of each class's interval, in [0, 1); 0 compares the difference itself.

    Example
    -------
    >>> ones = {"n": 50, "mean": 0.7, "std": 0.1}
    >>> expectation = ExpectClassPropertyDriftAtMost(
    ...     column="brightness", reference={"one": ones}, max_effect=0.3, confidence=0.99)
    >>> expectation.evaluate({"one": Moments.empty().update([0.2, 0.3, 0.2, 0.3])}).sentence
    "the mean brightness of class 'one' is 0.25, and was 0.7 in the accepted dataset: -4.5 standard deviations"
    """

    column: str
    reference: dict[str, dict[str, float]]
    max_effect: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.moments_by_class",)

    def evaluate(self, measured: Mapping[str, Moments]) -> Evaluation:
        """Compare the means class by class; a class with fewer than two samples is for `ExpectClassCoverage`."""
        return evaluate_means(self, measured, "class")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the tolerance."""
        return (
            f"Within each of {len(terms['reference']):,} classes, the mean {column_title(terms['column'])} is within "
            f"{number(terms['max_effect'], DIGITS)} standard deviations of that of the accepted dataset"
            f"{sampling_clause(terms['confidence'])}."
        )
