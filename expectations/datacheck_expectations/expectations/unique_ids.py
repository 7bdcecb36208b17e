"""Expect ids that name one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import plural
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.measures.columns import Affected


class ExpectUniqueIds(DatacheckExpectation):
    """Expect every value of a column to occur once.

    Parameters
    ----------
    column
        Such as ``sample_id``.

    Example
    -------
    >>> ExpectUniqueIds(column="sample_id").evaluate(Affected(1, 3, ("a",))).sentence
    "1 row repeats a sample_id, such as 'a'"
    """

    column: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.repeated",)

    def evaluate(self, measured: Affected) -> Evaluation:
        """Look for repeats."""
        if not measured.n:
            return Evaluation(True, 0, f"all {measured.total:,} are different")
        such = f", such as {measured.sample_ids[0]!r}" if measured.sample_ids else ""
        verb = "repeats" if measured.n == 1 else "repeat"
        sentence = f"{plural(measured.n, 'row')} {verb} a {self.column}{such}"
        return Evaluation(False, measured.n, sentence, measured.examples, measured.sample_ids, measured.n)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the column."""
        return f"Every {terms['column']} occurs once."
