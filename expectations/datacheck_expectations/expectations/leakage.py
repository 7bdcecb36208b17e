"""Expect nothing of one split in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, evaluate_affected
from datacheck_expectations.measures.columns import Affected

_WHAT = {
    "content_cluster": "byte-for-byte copy",
    "near_cluster": "near duplicate",
    "row_cluster": "row of equal features",
    "group": "member of its group",
}


class ExpectNoLeakageAcrossSplits(DatacheckExpectation):
    """Expect no value of a column to occur in two splits: no image, no near duplicate, no group.

    Parameters
    ----------
    column
        ``content_cluster``, ``near_cluster``, ``row_cluster``, ``group``, or any column whose values belong together;
        rows without a value are alone.
    max_share
        Share of all samples that may be in an earlier split too (train before val before test); 0 allows none.

    Example
    -------
    >>> expectation = ExpectNoLeakageAcrossSplits(column="group", max_share=0.0)
    >>> expectation.evaluate(Affected(3, 100, ("a", "b", "c"))).sentence
    '3 of 100 samples have a member of its group in an earlier split (3 %)'
    """

    column: str
    max_share: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.shared_across_splits",)

    def evaluate(self, measured: Affected) -> Evaluation:
        """Count what is in two splits."""
        what = _WHAT.get(self.column, f"sample of its {self.column}")
        none = f"no sample has a {what} in another split"
        return evaluate_affected(measured, self.max_share, none, f"a {what} in an earlier split")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State what may not leak."""
        what = _WHAT.get(terms["column"], f"sample of its {terms['column']}")
        if terms["max_share"] <= 0:
            return f"No sample has a {what} in another split."
        return f"At most {percent(terms['max_share'])} of the samples have a {what} in an earlier split."
