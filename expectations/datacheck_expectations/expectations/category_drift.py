"""Expect the values of a column distributed as in the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, column_title, evaluate_distribution, sampling_clause
from datacheck_expectations.measures.columns import Words


class ExpectCategoryDriftAtMost(DatacheckExpectation):
    """Expect the distribution of a column's values to be near that of a reference, by total-variation distance.

    For columns with few different values; rows without a value do not count. As `ExpectLabelDriftAtMost`.

    Parameters
    ----------
    column
        Such as ``camera``.
    reference
        Rows by value in the accepted dataset.
    max_distance
        In [0, 1].
    confidence
        Level of the interval, in [0, 1); 0 compares the distance itself.

    Example
    -------
    >>> drift = ExpectCategoryDriftAtMost(
    ...     column="camera", reference={"left": 50, "right": 50}, max_distance=0.1, confidence=0.0)
    >>> drift.evaluate(Words({"left": 90, "right": 10})).sentence
    "40 % of the rows have another camera than expected; the largest change is 'left': 50 % to 90 %"
    """

    column: str
    reference: dict[str, int]
    max_distance: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.words",)

    def evaluate(self, measured: Words) -> Evaluation:
        """Compare the two distributions."""
        if not measured.total:
            return Evaluation(False, float("nan"), f"no row has a {column_title(self.column)}")
        what = f"of the rows have another {column_title(self.column)} than expected"
        return evaluate_distribution(self, measured.counts, "value", what)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the distance."""
        return (
            f"The values of {column_title(terms['column'])} are distributed as in {sum(terms['reference'].values()):,} "
            f"accepted rows: at most {percent(terms['max_distance'])} of the rows have another value"
            f"{sampling_clause(terms['confidence'])}."
        )
