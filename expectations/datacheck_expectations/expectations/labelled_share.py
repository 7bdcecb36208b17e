"""Expect samples with labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.text import percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation
from datacheck_expectations.measures.classes import ClassTable


class ExpectLabelledShareAtLeast(DatacheckExpectation):
    """Expect at least a share of the samples to have a class label.

    Parameters
    ----------
    min_share
        In [0, 1]; 1 allows no sample without.

    Example
    -------
    >>> ExpectLabelledShareAtLeast(min_share=1.0).min_share
    1.0
    """

    min_share: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.class_table",)

    def evaluate(self, measured: ClassTable) -> Evaluation:
        """Count the labels."""
        _, labelled, rows = measured.of("all")
        share = labelled / max(1, rows)
        sentence = (
            f"{rows - labelled:,} of {rows:,} samples have no label" if labelled < rows else "every sample has a label"
        )
        return Evaluation(share >= self.min_share, share, sentence, n_affected=rows - labelled)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the share."""
        if terms["min_share"] >= 1:
            return "Every sample has a label."
        return f"At least {percent(terms['min_share'])} of the samples have a label."
