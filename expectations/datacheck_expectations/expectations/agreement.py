"""Expect annotators who agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import proportion
from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, sampling_clause
from datacheck_expectations.measures.columns import Affected


class ExpectAgreementAtLeast(DatacheckExpectation):
    """Expect at least a share of the pairs of answers to one sample to agree.

    For a table of answers (``sample_id``, ``answer``, ``label``); samples with one answer do not count. Broken when
    the upper end of the share's Wilson interval is below ``min_share``.

    Parameters
    ----------
    min_share
        In [0, 1].
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.

    Example
    -------
    >>> ExpectAgreementAtLeast(min_share=0.8, confidence=0.0).evaluate((5, 10, Affected(5, 10))).sentence
    '5 of 10 pairs of answers agree (50 %)'
    """

    min_share: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.agreement",)

    def evaluate(self, measured: tuple[int, int, Affected]) -> Evaluation:
        """Count the pairs that agree."""
        agreeing, pairs, disputed = measured
        if not pairs:
            return Evaluation(True, float("nan"), "no sample has two answers, so that nothing is compared")
        share = proportion(agreeing, pairs, level=self.confidence)
        success = share.high >= self.min_share
        sentence = f"{agreeing:,} of {pairs:,} pairs of answers agree ({percent(share.value)})"
        rows = () if success else disputed.examples
        return Evaluation(success, share.value, sentence, rows, disputed.sample_ids, disputed.n)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the share."""
        return (
            f"At least {percent(terms['min_share'])} of the pairs of answers to one sample agree"
            f"{sampling_clause(terms['confidence'])}."
        )
