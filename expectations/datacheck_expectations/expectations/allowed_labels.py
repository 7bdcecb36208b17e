"""Expect no labels but the declared ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import listed
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.expectations.allowed_values import evaluate_words
from datacheck_expectations.measures.columns import Words


class ExpectAllowedLabels(DatacheckExpectation):
    """Expect every label to be one of the declared classes.

    Parameters
    ----------
    labels
        The declared classes. Their spelling counts: a renamed class is another one.

    Example
    -------
    >>> ExpectAllowedLabels(labels=["cat", "dog"]).evaluate(Words({"cat": 3, "Cat": 1})).success
    False
    """

    labels: list[str]

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.labels",)

    def evaluate(self, measured: Words) -> Evaluation:
        """Look for other labels."""
        return evaluate_words(measured, self.labels, 1.0, 0.0, "label")

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the labels."""
        return f"Every label is one of {listed(terms['labels'], 20)}."
