"""Expect few wrong labels, by the probe's estimate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation


class ExpectEstimatedLabelErrorRateAtMost(DatacheckExpectation):
    """Expect the estimated share of wrong labels to be at most so much.

    Broken when the lower end of the probe's own interval is above ``max_rate``.

    Parameters
    ----------
    max_rate
        In [0, 1].

    Example
    -------
    >>> ExpectEstimatedLabelErrorRateAtMost(max_rate=0.02).evaluate((0.05, 0.03, 0.07)).sentence
    'an estimated 5 % of the labels are wrong (95 % interval 3 % to 7 %)'
    """

    max_rate: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.label_error_rate",)

    def evaluate(self, measured: tuple[float, float, float]) -> Evaluation:
        """Compare the estimate."""
        value, low, high = measured
        sentence = (
            f"an estimated {percent(value)} of the labels are wrong (95 % interval {percent(low)} to {percent(high)})"
        )
        return Evaluation(low <= self.max_rate, value, sentence)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the rate."""
        return f"At most {percent(terms['max_rate'])} of the labels are wrong, by the probe's estimate."
