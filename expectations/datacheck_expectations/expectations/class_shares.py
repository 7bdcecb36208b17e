"""Expect the shares of the classes within their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, percent, share_interval
from datacheck_expectations.measures import ClassTable


class ExpectClassShares(DatacheckExpectation):
    """Expect the share of each class among the labelled samples of a split to lie within its range.

    A share breaks the contract when even the end of its Wilson interval that is nearest to the range lies outside it;
    at ``confidence`` 0 the share itself decides.

    Parameters
    ----------
    split
        A split, or ``all``.
    shares
        The least and the greatest share of each class, such as ``{"cat": [0.4, 0.6]}``.
    confidence
        Level of the interval, in [0, 1).

    Example
    -------
    >>> ExpectClassShares(split="train", shares={"cat": [0.4, 0.6]}, confidence=0.999).split
    'train'
    """

    split: str
    shares: dict[str, list[float]]
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def judge(self, measured: ClassTable) -> Judgement:
        """Compare each share with its range."""
        counts, labelled, _ = measured.of(self.split)
        if not labelled:
            return Judgement(False, float("nan"), f"{self.split!r} has no labelled sample")
        outside = []
        for name, (low, high) in self.shares.items():
            share = share_interval(counts.get(name, 0), labelled, self.confidence)
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
            return Judgement(True, 0, f"all {len(self.shares):,} shares of {labelled:,} labels are within their ranges")
        words = [
            f"{row['class']!r} is {row['share']} of {labelled:,} labels (expected {row['expected']})" for row in rows
        ]
        more = f" and {len(words) - 3:,} more" if len(words) > 3 else ""
        return Judgement(False, len(rows), "; ".join(words[:3]) + more, rows)

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the ranges."""
        shares: Mapping[str, list[float]] = terms["shares"]
        where = "the dataset" if terms["split"] == "all" else f"the split {terms['split']!r}"
        parts = [f"{name!r} {percent(low)} to {percent(high)}" for name, (low, high) in list(shares.items())[:12]]
        more = f" and {len(shares) - 12:,} more" if len(shares) > 12 else ""
        return f"Shares of the classes in {where}{chance(terms['confidence'])}: {', '.join(parts)}{more}."
