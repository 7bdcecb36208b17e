"""Expect labels that the probe believes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, number, percent, share_interval
from datacheck_expectations.measures import Ranked


class ExpectLabelQualityAtLeast(DatacheckExpectation):
    """Expect at least a share of the probed samples to have a label quality of at least so much.

    Broken when even the upper end of the share's Wilson interval is below ``min_share``.

    Parameters
    ----------
    min_quality
        Label quality in [0, 1]; low is suspect.
    min_share
        Share of the probed samples.
    confidence
        Level of the interval, in [0, 1); 0 lets the share itself decide.

    Example
    -------
    >>> import numpy as np
    >>> expectation = ExpectLabelQualityAtLeast(min_quality=0.1, min_share=0.9, confidence=0.0)
    >>> expectation.judge(Ranked(np.array([0.9, 0.05]), (("b", 0.05),))).sentence
    "1 of 2 probed samples have a label quality below 0.1 (50 %), the lowest 'b'"
    """

    min_quality: float
    min_share: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.label_quality",)

    def judge(self, measured: Ranked) -> Judgement:
        """Count the suspect labels."""
        n = len(measured.values)
        if not n:
            return Judgement(False, float("nan"), "no sample was probed")
        low = int((measured.values < self.min_quality).sum())
        share = share_interval(n - low, n, self.confidence)
        suspects = [(name, value) for name, value in measured.lowest if value < self.min_quality]
        below = f"a label quality below {number(self.min_quality)}"
        sentence = f"{low:,} of {n:,} probed samples have {below} ({percent(low / n)})"
        if suspects:
            sentence += f", the lowest {suspects[0][0]!r}"
        success = share.high >= self.min_share
        rows = () if success else tuple({"sample": name, "label quality": number(value)} for name, value in suspects)
        return Judgement(success, share.value, sentence, rows, tuple(name for name, _ in suspects), low)

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the quality and the share."""
        return (
            f"At least {percent(terms['min_share'])} of the probed samples have a label quality of "
            f"{number(terms['min_quality'])} or more{chance(terms['confidence'])}."
        )
