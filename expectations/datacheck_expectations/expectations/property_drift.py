"""Expect a property distributed as in the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import Moments
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, drift_of_groups, listed, number, spoken


class ExpectPropertyDriftAtMost(DatacheckExpectation):
    """Expect the mean of a numeric column (an image property, the target) to be near that of a reference.

    By Hedges' g, the difference in standard deviations, split by split; broken when the end of an interval that is
    nearer to zero is beyond ``max_effect``, so that the sampling error of both datasets is allowed for.

    Parameters
    ----------
    column
        Such as ``brightness`` or ``target``.
    reference
        ``n``, ``mean`` and ``std`` of each split of the accepted dataset; the split ``all`` is the whole dataset.
    max_effect
        In standard deviations.
    confidence
        Level of each interval, in [0, 1); 0 lets the difference itself decide.

    Example
    -------
    >>> expectation = ExpectPropertyDriftAtMost(
    ...     column="brightness", reference={"test": {"n": 100, "mean": 0.5, "std": 0.1}}, max_effect=0.2,
    ...     confidence=0.99)
    >>> expectation.judge({"test": Moments.empty().update([0.1, 0.2, 0.1, 0.2])}).sentence
    "the samples of 'test' differ in brightness: mean 0.15 beside 0.5 (-3.5 standard deviations)"
    """

    column: str
    reference: dict[str, dict[str, float]]
    max_effect: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.moments_by_split",)

    def judge(self, measured: Mapping[str, Moments]) -> Judgement:
        """Compare the means split by split; a split that was not measured breaks it."""
        unmeasured = [name for name in self.reference if measured.get(name, Moments.empty()).value[0] < 2]
        if unmeasured:
            sentence = f"{spoken(self.column)} was measured in fewer than two samples of {listed(unmeasured)}"
            return Judgement(False, float("nan"), sentence)
        return drift_of_groups(
            self.column, "split", "the samples of", self.reference, measured, self.max_effect, self.confidence
        )

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the means and the tolerance."""
        means = {split: number(part["mean"]) for split, part in terms["reference"].items()}
        parts = ", ".join(mean if split == "all" else f"{mean} in {split!r}" for split, mean in means.items())
        return (
            f"The mean {spoken(terms['column'])} is within {number(terms['max_effect'])} standard deviations of "
            f"that of the accepted dataset{chance(terms['confidence'])}: {parts}."
        )
