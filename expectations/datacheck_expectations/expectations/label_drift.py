"""Expect labels distributed as in the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, evaluate_distribution, place_title, sampling_clause
from datacheck_expectations.measures.classes import ClassTable


class ExpectLabelDriftAtMost(DatacheckExpectation):
    """Expect the class distribution to be near that of a reference, by total-variation distance.

    The distance is the least share of labels that moved from one class to another. Broken when the lower end of its
    bootstrap interval is above ``max_distance``: the interval holds the sampling error of both datasets.

    Parameters
    ----------
    split
        A split, or ``all``.
    reference
        Labels by class in the accepted dataset.
    max_distance
        In [0, 1].
    confidence
        Level of the interval, in [0, 1); 0 compares the distance itself.

    Example
    -------
    >>> drift = ExpectLabelDriftAtMost(split="all", reference={"a": 5, "b": 5}, max_distance=0.1, confidence=0.95)
    >>> drift.reference
    {'a': 5, 'b': 5}
    """

    split: str
    reference: dict[str, int]
    max_distance: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def evaluate(self, measured: ClassTable) -> Evaluation:
        """Compare the two distributions."""
        counts, labelled, _ = measured.of(self.split)
        if not labelled:
            return Evaluation(False, float("nan"), f"{self.split!r} has no labelled sample")
        return evaluate_distribution(self, counts, "class", "of the labels moved between classes")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the distance."""
        return (
            f"The labels of {place_title(terms['split'])} are distributed as the {sum(terms['reference'].values()):,} "
            f"accepted labels: at most {percent(terms['max_distance'])} have moved between classes"
            f"{sampling_clause(terms['confidence'])}."
        )
