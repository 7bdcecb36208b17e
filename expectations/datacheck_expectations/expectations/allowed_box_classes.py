"""Expect no classes of boxes but the declared ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import listed
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.expectations.allowed_values import evaluate_words
from datacheck_expectations.measures.boxes import BoxClasses


class ExpectAllowedBoxClasses(DatacheckExpectation):
    """Expect every box to be of one of the declared classes.

    A number that the class list does not have counts as a class of that name.

    Parameters
    ----------
    labels
        The declared classes. Their spelling counts: a renamed class is another one.

    Example
    -------
    >>> from datacheck_expectations.measures.columns import Words
    >>> ExpectAllowedBoxClasses(labels=["cell"]).evaluate(BoxClasses(Words({"cell": 3, "7": 1}), 2.0)).sentence
    "1 of 4 boxes has another class: '7' (1)"
    """

    labels: list[str]

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.box_classes",)

    def evaluate(self, measured: BoxClasses) -> Evaluation:
        """Look for other classes."""
        return evaluate_words(measured.words, self.labels, 1.0, 0.0, "class", ("box", "boxes"))

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the classes."""
        return f"Every box is of one of the classes {listed(terms['labels'], 20)}."
