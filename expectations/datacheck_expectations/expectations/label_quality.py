"""Expect few labels of low quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import proportion
from datacheck.text import number, percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import DIGITS, Evaluation, sampling_clause
from datacheck_expectations.measures.samples import Ranked


class ExpectLabelQualityAtLeast(DatacheckExpectation):
    """Expect at least a share of the probed samples to have a label quality of at least so much.

    Broken when the upper end of the share's Wilson interval is below ``min_share``.

    Parameters
    ----------
    min_quality
        Label quality in [0, 1]; low is suspect.
    min_share
        Share of the probed samples.
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.

    Example
    -------
    >>> import numpy as np
    >>> expectation = ExpectLabelQualityAtLeast(min_quality=0.1, min_share=0.9, confidence=0.0)
    >>> expectation.evaluate(Ranked(np.array([0.9, 0.05]), (("b", 0.05),))).sentence
    "1 of 2 probed samples have a label quality below 0.1 (50 %); the lowest is 'b'"
    """

    min_quality: float
    min_share: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.label_quality",)

    def evaluate(self, measured: Ranked) -> Evaluation:
        """Count the suspect labels."""
        n = len(measured.values)
        if not n:
            return Evaluation(False, float("nan"), "no sample was probed")
        low = int((measured.values < self.min_quality).sum())
        share = proportion(n - low, n, level=self.confidence)
        suspects = [(name, value) for name, value in measured.lowest if value < self.min_quality]
        below = f"a label quality below {number(self.min_quality, DIGITS)}"
        sentence = f"{low:,} of {n:,} probed samples have {below} ({percent(low / n)})"
        if suspects:
            sentence += f"; the lowest is {suspects[0][0]!r}"
        success = share.high >= self.min_share
        rows = (
            ()
            if success
            else tuple({"sample": name, "label quality": number(value, DIGITS)} for name, value in suspects)
        )
        return Evaluation(success, share.value, sentence, rows, tuple(name for name, _ in suspects), low)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the quality and the share."""
        return (
            f"At least {percent(terms['min_share'])} of the probed samples have a label quality of "
            f"{number(terms['min_quality'], DIGITS)} or more{sampling_clause(terms['confidence'])}."
        )
