"""Expect the shares of the classes within their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import proportion
from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, place_title, sampling_clause
from datacheck_expectations.measures.classes import ClassTable


class ExpectClassShares(DatacheckExpectation):
    """Expect the share of each class among the labelled samples of a split to lie within its range.

    Broken when the whole Wilson interval of a share lies outside its range.

    Parameters
    ----------
    split
        A split, or ``all``.
    shares
        The least and the greatest share of each class, such as ``{"cat": [0.4, 0.6]}``.
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.

    Example
    -------
    >>> ExpectClassShares(split="train", shares={"cat": [0.4, 0.6]}, confidence=0.999).split
    'train'
    """

    split: str
    shares: dict[str, list[float]]
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def evaluate(self, measured: ClassTable) -> Evaluation:
        """Compare each share with its range."""
        counts, labelled, _ = measured.of(self.split)
        if not labelled:
            return Evaluation(False, float("nan"), f"{self.split!r} has no labelled sample")
        outside = []
        for name, (low, high) in self.shares.items():
            share = proportion(counts.get(name, 0), labelled, level=self.confidence)
            if share.high < low or share.low > high:
                beyond = max(low - share.value, share.value - high)
                outside.append((beyond, name, share.value, low, high))
        outside.sort(reverse=True)
        rows = tuple(
            {"class": name, "share": percent(share), "expected": f"{percent(low)} to {percent(high)}",
             "samples": counts.get(name, 0)}
            for _, name, share, low, high in outside
        )  # fmt: skip
        if not rows:
            return Evaluation(
                True, 0, f"all {len(self.shares):,} shares of {labelled:,} labels are within their ranges"
            )
        words = [
            f"{row['class']!r} is {row['share']} of {labelled:,} labels (expected {row['expected']})" for row in rows
        ]
        more = f" and {len(words) - 3:,} more" if len(words) > 3 else ""
        return Evaluation(False, len(rows), "; ".join(words[:3]) + more, rows)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the ranges."""
        shares: Mapping[str, list[float]] = terms["shares"]
        parts = [f"{name!r} {percent(low)} to {percent(high)}" for name, (low, high) in list(shares.items())[:12]]
        more = f" and {len(shares) - 12:,} more" if len(shares) > 12 else ""
        where = place_title(terms["split"])
        return f"Shares of the classes in {where}{sampling_clause(terms['confidence'])}: {', '.join(parts)}{more}."
