"""Expect images that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.measures.columns import Affected


class ExpectReadableShareAtLeast(DatacheckExpectation):
    """Expect at least a share of the samples to be readable.

    Parameters
    ----------
    min_share
        In [0, 1]; 1 allows no unreadable file.

    Example
    -------
    >>> ExpectReadableShareAtLeast(min_share=1.0).evaluate(Affected(1, 10)).sentence
    '1 of 10 samples cannot be read (10 %)'
    """

    min_share: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.unreadable",)

    def evaluate(self, measured: Affected) -> Evaluation:
        """Count what cannot be read."""
        share = 1 - measured.n / measured.total
        if not measured.n:
            return Evaluation(True, 1.0, f"all {measured.total:,} samples can be read")
        sentence = f"{measured.n:,} of {measured.total:,} samples cannot be read ({percent(1 - share)})"
        success = share >= self.min_share
        rows = () if success else measured.examples
        return Evaluation(success, share, sentence, rows, measured.sample_ids, measured.n)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the share."""
        if terms["min_share"] >= 1:
            return "Every sample can be read and decoded."
        return f"At least {percent(terms['min_share'])} of the samples can be read and decoded."
