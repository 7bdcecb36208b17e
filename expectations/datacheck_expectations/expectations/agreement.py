"""Expect annotators who agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.judgement import Judgement, chance, percent, share_interval
from datacheck_expectations.measures import Repeats


class ExpectAgreementAtLeast(DatacheckExpectation):
    """Expect at least a share of the pairs of answers to one question to agree.

    For a table of answers (``sample_id``, ``verdict``, ``label``); questions with one answer say nothing. Broken when
    even the upper end of the share's Wilson interval is below ``min_share``.

    Parameters
    ----------
    min_share
        In [0, 1].
    confidence
        Level of the interval, in [0, 1); 0 lets the share itself decide.

    Example
    -------
    >>> ExpectAgreementAtLeast(min_share=0.8, confidence=0.0).judge((5, 10, Repeats(5, 10))).sentence
    '5 of 10 pairs of answers agree (50 %)'
    """

    min_share: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.agreement",)

    def judge(self, measured: tuple[int, int, Repeats]) -> Judgement:
        """Count the pairs that agree."""
        agreeing, pairs, disputed = measured
        if not pairs:
            return Judgement(True, float("nan"), "no question has two answers, so that nothing is compared")
        share = share_interval(agreeing, pairs, self.confidence)
        success = share.high >= self.min_share
        sentence = f"{agreeing:,} of {pairs:,} pairs of answers agree ({percent(share.value)})"
        rows = () if success else disputed.examples
        return Judgement(success, share.value, sentence, rows, disputed.sample_ids, disputed.n)

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the share."""
        return (
            f"At least {percent(terms['min_share'])} of the pairs of answers to one question agree"
            f"{chance(terms['confidence'])}."
        )
