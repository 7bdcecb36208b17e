"""Expect a property within its range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, number, percent, share_interval, spoken
from datacheck_expectations.measures import Values


class ExpectPropertyInRange(DatacheckExpectation):
    """Expect at least a share of the samples to have a property (size, aspect, brightness …) within a range.

    Broken when even the upper end of the share's Wilson interval is below ``min_share``. Samples that were not
    measured are for `ExpectReadableShareAtLeast`.

    Parameters
    ----------
    column
        A numeric column.
    split
        A split, or ``all``.
    low, high
        The range, ends included.
    min_share
        Share of the measured samples.
    confidence
        Level of the interval, in [0, 1); 0 lets the share itself decide.

    Example
    -------
    >>> import numpy as np
    >>> expectation = ExpectPropertyInRange(
    ...     column="width", split="all", low=64, high=64, min_share=0.99, confidence=0.99)
    >>> expectation.judge(Values(np.array([64.0] * 50 + [32.0] * 50), 100)).sentence
    '50 of 100 samples have a width outside 64 to 64, from 32 to 64'
    """

    column: str
    split: str
    low: float
    high: float
    min_share: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.values",)

    def judge(self, measured: Values) -> Judgement:
        """Count what is outside."""
        values = measured.values
        if not len(values):
            return Judgement(False, float("nan"), f"{spoken(self.column)} was measured in no sample")
        below, above = int((values < self.low).sum()), int((values > self.high).sum())
        return self.judge_counts(below, above, len(values), float(values.min()), float(values.max()))

    def judge_counts(self, below: int, above: int, n: int, least: float, most: float) -> Judgement:
        """Hold the counts of values below and above the range against the share."""
        share = share_interval(n - below - above, n, self.confidence)
        success = share.high >= self.min_share
        if success and below + above == 0:
            return Judgement(True, 1.0, f"all of {n:,} lie within")
        span = f"{number(self.low)} to {number(self.high)}"
        sentence = f"{below + above:,} of {n:,} samples have a {spoken(self.column)} outside {span}"
        sentence += f", from {number(least)} to {number(most)}"
        rows = () if success else (
            {"where": f"below {number(self.low)}", "samples": below, "extreme": number(least)},
            {"where": f"above {number(self.high)}", "samples": above, "extreme": number(most)},
        )  # fmt: skip
        return Judgement(success, share.value, sentence, rows, n_affected=below + above)

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the range."""
        where = "samples" if terms["split"] == "all" else f"samples of {terms['split']!r}"
        low, high = number(terms["low"]), number(terms["high"])
        span = f"of {low}" if low == high else f"between {low} and {high}"
        return (
            f"At least {percent(terms['min_share'])} of the {where} have a {spoken(terms['column'])} {span}"
            f"{chance(terms['confidence'])}."
        )
