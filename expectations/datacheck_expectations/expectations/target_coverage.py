"""Expect samples in each interval of the target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from datacheck.text import number, plural
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import DIGITS, Evaluation, place_title
from datacheck_expectations.measures.columns import Values


class ExpectTargetRangeCovered(DatacheckExpectation):
    """Expect so many samples in each interval of a numeric column.

    Parameters
    ----------
    column
        Such as ``target``.
    split
        A split, or ``all``.
    edges
        Ascending ends of the intervals; the last one is closed.
    min_count
        Samples in each.

    Example
    -------
    >>> import numpy as np
    >>> expectation = ExpectTargetRangeCovered(column="target", split="train", edges=[0, 1, 2], min_count=1)
    >>> expectation.evaluate(Values(np.array([0.5, 0.7]), 2)).sentence
    'no sample with a target of 1 to 2'
    """

    column: str
    split: str
    edges: list[float]
    min_count: int

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.values",)

    def evaluate(self, measured: Values) -> Evaluation:
        """Count each interval."""
        return self.evaluate_counts(np.histogram(measured.values, np.asarray(self.edges, dtype=np.float64))[0].tolist())

    def evaluate_counts(self, counts: list[int]) -> Evaluation:
        """Hold the counts of the intervals against the least; there are one fewer than edges."""
        thin = [at for at, count in enumerate(counts) if count < self.min_count]
        spans = [
            f"{number(a, DIGITS)} to {number(b, DIGITS)}" for a, b in zip(self.edges[:-1], self.edges[1:], strict=True)
        ]
        if not thin:
            return Evaluation(True, 0, f"all {len(counts)} intervals have {self.min_count:,} samples or more")
        rows = tuple({self.column: spans[at], "samples": counts[at]} for at in thin)
        words = [
            f"{plural(counts[at], 'sample') if counts[at] else 'no sample'} with a {self.column} of {spans[at]}"
            for at in thin
        ]
        return Evaluation(False, len(thin), "; ".join(words[:4]), rows)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the intervals."""
        low, high = number(terms["edges"][0], DIGITS), number(terms["edges"][-1], DIGITS)
        return (
            f"Each of {len(terms['edges']) - 1} intervals of the {terms['column']} from {low} to {high} has at least "
            f"{plural(terms['min_count'], 'sample')} in {place_title(terms['split'])}."
        )
