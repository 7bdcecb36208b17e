"""Expect few duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, evaluate_affected
from datacheck_expectations.measures.columns import Affected

_WHAT = {"content_cluster": "byte for byte", "near_cluster": "nearly", "row_cluster": "in every feature"}


class ExpectDuplicatesAtMost(DatacheckExpectation):
    """Expect at most a share of the samples to be copies of an earlier one.

    Parameters
    ----------
    column
        ``content_cluster`` for exact, ``near_cluster`` for near duplicates; ``row_cluster`` for rows of a table.
    max_share
        In [0, 1]; the first sample of each cluster is no copy.

    Example
    -------
    >>> ExpectDuplicatesAtMost(column="content_cluster", max_share=0.0).evaluate(Affected(2, 4)).observed
    0.5
    """

    column: str
    max_share: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.repeated",)

    def evaluate(self, measured: Affected) -> Evaluation:
        """Count the copies."""
        how = _WHAT.get(self.column, f"by {self.column}")
        none = f"no two of {measured.total:,} samples are {how} the same"
        return evaluate_affected(measured, self.max_share, none, f"an earlier one {how}", "repeat")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the share."""
        how = _WHAT.get(terms["column"], f"by {terms['column']}")
        if terms["max_share"] <= 0:
            return f"No two samples are {how} the same."
        return f"At most {percent(terms['max_share'])} of the samples repeat an earlier one {how}."
