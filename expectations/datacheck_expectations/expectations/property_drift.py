"""Expect the mean of a numeric column to be near that of the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import Moments
from datacheck.text import listed, number
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import (
    DIGITS,
    MIN_COMPARED,
    Evaluation,
    column_title,
    evaluate_means,
    sampling_clause,
)


class ExpectPropertyDriftAtMost(DatacheckExpectation):
    """Expect the mean of a numeric column (an image property, the target) to be near that of a reference.

    By Hedges' g (the difference in standard deviations), split by split. Broken when the end of an interval that is
    nearer to zero is beyond ``max_effect``: the interval holds the sampling error of both datasets.

    Parameters
    ----------
    column
        Such as ``brightness`` or ``target``.
    reference
        ``n``, ``mean`` and ``std`` of each split of the accepted dataset; the split ``all`` is the whole dataset.
    max_effect
        In standard deviations.
    confidence
        Level of each interval, in [0, 1); 0 compares the difference itself.

    Example
    -------
    >>> expectation = ExpectPropertyDriftAtMost(
    ...     column="brightness", reference={"test": {"n": 100, "mean": 0.5, "std": 0.1}}, max_effect=0.2,
    ...     confidence=0.99)
    >>> expectation.evaluate({"test": Moments.empty().update([0.1, 0.2, 0.1, 0.2])}).sentence
    "the mean brightness of split 'test' is 0.15, and was 0.5 in the accepted dataset: -3.5 standard deviations"
    """

    column: str
    reference: dict[str, dict[str, float]]
    max_effect: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.moments_by_split",)

    def evaluate(self, measured: Mapping[str, Moments]) -> Evaluation:
        """Compare the means split by split; a split that was not measured breaks it."""
        unmeasured = [name for name in self.reference if measured.get(name, Moments.empty()).n < MIN_COMPARED]
        if unmeasured:
            sentence = f"{column_title(self.column)} has fewer than two values in the splits {listed(unmeasured)}"
            return Evaluation(False, float("nan"), sentence)
        return evaluate_means(self, measured, "split")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the means and the tolerance."""
        means = {split: number(part["mean"], DIGITS) for split, part in terms["reference"].items()}
        parts = ", ".join(mean if split == "all" else f"{mean} in {split!r}" for split, mean in means.items())
        return (
            f"The mean {column_title(terms['column'])} is within {number(terms['max_effect'], DIGITS)} standard "
            f"deviations of that of the accepted dataset{sampling_clause(terms['confidence'])}: {parts}."
        )
