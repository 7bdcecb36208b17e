"""Expect the splits at their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import proportion
from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, sampling_clause
from datacheck_expectations.measures.classes import ClassTable


class ExpectSplitShares(DatacheckExpectation):
    """Expect the share of each split among all samples to lie within its range.

    Broken when the end of the share's Wilson interval that is nearest to the range lies outside it.

    Parameters
    ----------
    shares
        The least and the greatest share of each split, such as ``{"train": [0.6, 0.8], "test": [0.2, 0.4]}``.
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.

    Example
    -------
    >>> ExpectSplitShares(shares={"train": [0.6, 0.8], "test": [0.2, 0.4]}, confidence=0.99).confidence
    0.99
    """

    shares: dict[str, list[float]]
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.split_table",)

    def evaluate(self, measured: ClassTable) -> Evaluation:
        """Compare each split's share."""
        _, _, total = measured.of("all")
        outside = []
        for name, (low, high) in self.shares.items():
            _, _, rows = measured.of(name)
            share = proportion(rows, total, level=self.confidence)
            if share.high < low or share.low > high:
                outside.append(
                    {"split": name, "share": percent(share.value), "expected": f"{percent(low)} to {percent(high)}",
                     "samples": rows}
                )  # fmt: skip
        if not outside:
            return Evaluation(True, 0, f"all {len(self.shares):,} splits have their share of {total:,} samples")
        words = [f"{row['split']!r} is {row['share']} of the samples (expected {row['expected']})" for row in outside]
        return Evaluation(False, len(outside), "; ".join(words), tuple(outside))

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the ranges."""
        parts = [f"{name!r} {percent(low)} to {percent(high)}" for name, (low, high) in terms["shares"].items()]
        return f"Shares of the splits{sampling_clause(terms['confidence'])}: {', '.join(parts)}."
