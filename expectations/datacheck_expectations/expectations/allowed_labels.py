"""Expect no labels but the declared ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.expectations.allowed_values import judge_words
from datacheck_expectations.judgement import Judgement, listed
from datacheck_expectations.measures import Words


class ExpectAllowedLabels(DatacheckExpectation):
    """Expect every label to be one of the declared classes.

    Parameters
    ----------
    labels
        The declared classes. Their spelling counts: a renamed class is another one.

    Example
    -------
    >>> ExpectAllowedLabels(labels=["cat", "dog"]).judge(Words({"cat": 3, "Cat": 1})).success
    False
    """

    labels: list[str]

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.labels",)

    def judge(self, measured: Words) -> Judgement:
        """Look for other labels."""
        return judge_words(measured, self.labels, 1.0, 0.0, "label")

    @classmethod
    def promise(cls, terms: Mapping[str, Any]) -> str:
        """Say the labels."""
        return f"Every label is one of {listed(terms['labels'], 20)}."
