"""Expect the classes of boxes distributed as in the accepted dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, evaluate_distribution, sampling_clause
from datacheck_expectations.measures.boxes import BoxClasses


class ExpectBoxClassDriftAtMost(DatacheckExpectation):
    """Expect the classes of the boxes distributed as in a reference, by total-variation distance.

    As `ExpectLabelDriftAtMost`, with boxes in place of samples. The boxes of an image are alike, so that the interval
    counts several as one: the design effect for boxes that are as alike as can be (Kish 1965).

    Parameters
    ----------
    reference
        Boxes by class in the accepted dataset, so many fewer as they count in the interval.
    max_distance
        In [0, 1].
    confidence
        Level of the interval, in [0, 1); 0 compares the distance itself.

    Example
    -------
    >>> from datacheck_expectations.measures.columns import Words
    >>> drift = ExpectBoxClassDriftAtMost(reference={"cell": 50, "plate": 50}, max_distance=0.1, confidence=0.0)
    >>> drift.evaluate(BoxClasses(Words({"cell": 900, "plate": 100}), 10.0)).sentence
    "40 % of the boxes are of another class than expected; the largest change is 'cell': 50 % to 90 %"
    """

    reference: dict[str, int]
    max_distance: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.box_classes",)

    def evaluate(self, measured: BoxClasses) -> Evaluation:
        """Compare the two distributions."""
        if not measured.words.total:
            return Evaluation(False, float("nan"), "no image has a box")
        counts = {name: max(1, round(count / measured.design_effect)) for name, count in measured.words.counts.items()}
        return evaluate_distribution(self, counts, "class", "of the boxes are of another class than expected")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the distance."""
        return (
            f"The classes of the boxes are distributed as accepted: at most {percent(terms['max_distance'])} of the "
            f"boxes are of another class{sampling_clause(terms['confidence'])}."
        )
