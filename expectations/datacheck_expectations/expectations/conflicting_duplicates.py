"""Expect one label for one image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, evaluate_affected
from datacheck_expectations.measures.columns import Affected

_WHAT = {
    "content_cluster": "an exact copy",
    "near_cluster": "a near duplicate",
    "row_cluster": "a row of equal features",
}


class ExpectConflictingDuplicatesAtMost(DatacheckExpectation):
    """Expect at most a share of the samples to have a duplicate with another label.

    Parameters
    ----------
    column
        ``content_cluster`` for exact, ``near_cluster`` for near duplicates; ``row_cluster`` for rows of a table.
    max_share
        In [0, 1]; 0 allows none.

    Example
    -------
    >>> expectation = ExpectConflictingDuplicatesAtMost(column="content_cluster", max_share=0.0)
    >>> expectation.evaluate(Affected(2, 100, ("a", "b"))).sentence
    '2 of 100 samples have an exact copy with another label (2 %)'
    """

    column: str
    max_share: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.conflicting",)

    def evaluate(self, measured: Affected) -> Evaluation:
        """Count the conflicts."""
        what = f"{_WHAT.get(self.column, f'a sample of its {self.column}')} with another label"
        return evaluate_affected(measured, self.max_share, f"no sample has {what}", what)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the share."""
        what = _WHAT.get(terms["column"], f"a sample of its {terms['column']}")
        if terms["max_share"] <= 0:
            return f"No sample has {what} with another label."
        return f"At most {percent(terms['max_share'])} of the samples have {what} with another label."
