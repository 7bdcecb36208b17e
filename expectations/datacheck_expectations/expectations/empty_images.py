"""Expect a share of images without boxes within a range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import proportion
from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, sampling_clause
from datacheck_expectations.measures.columns import Affected


class ExpectEmptyImageShareBetween(DatacheckExpectation):
    """Expect the share of annotated images without any box to lie in a range.

    Broken when the whole Wilson interval of the share lies outside. More of them than before may be images that nobody
    annotated; fewer, backgrounds that were left out.

    Parameters
    ----------
    low, high
        The range, in [0, 1], ends included.
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.

    Example
    -------
    >>> ExpectEmptyImageShareBetween(low=0.0, high=0.1, confidence=0.95).evaluate(Affected(40, 100)).sentence
    '40 of 100 images have no box (40 %)'
    """

    low: float
    high: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.empty_images",)

    def evaluate(self, measured: Affected) -> Evaluation:
        """Compare the share with the range."""
        if not measured.total:
            return Evaluation(False, float("nan"), "no image has annotations")
        share = proportion(measured.n, measured.total, level=self.confidence)
        verb = "has" if measured.n == 1 else "have"
        sentence = f"{measured.n:,} of {measured.total:,} images {verb} no box ({percent(share.value)})"
        if share.low > self.high:
            return Evaluation(False, share.value, sentence, measured.examples, measured.sample_ids, measured.n)
        return Evaluation(share.high >= self.low, share.value, sentence)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the range."""
        if terms["high"] <= 0:
            return f"Every image has a box{sampling_clause(terms['confidence'])}."
        return (
            f"Between {percent(terms['low'])} and {percent(terms['high'])} of the images have no box"
            f"{sampling_clause(terms['confidence'])}."
        )
