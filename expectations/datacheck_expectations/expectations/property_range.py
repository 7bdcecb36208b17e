"""Expect a property within its range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.stats import proportion
from datacheck.text import number, percent
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import DIGITS, Evaluation, column_title, sampling_clause
from datacheck_expectations.measures.columns import Values


class ExpectPropertyInRange(DatacheckExpectation):
    """Expect at least a share of the samples to have a property (size, aspect, brightness …) within a range.

    Broken when the upper end of the share's Wilson interval is below ``min_share``, or the lower end of that of the
    most frequent value is above ``max_repeated``: a sensor that is stuck stays within its range. Samples that were not
    measured are for `ExpectReadableShareAtLeast`.

    Parameters
    ----------
    column
        A numeric column.
    split
        A split, or ``all``.
    low, high
        The range, ends included.
    min_share
        Share of the measured samples.
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.
    max_repeated
        Share of the measured samples that may have one value; 1 for any.

    Example
    -------
    >>> import numpy as np
    >>> expectation = ExpectPropertyInRange(
    ...     column="width", split="all", low=64, high=64, min_share=0.99, confidence=0.99,
    ...     max_repeated=1)
    >>> expectation.evaluate(Values(np.array([64.0] * 50 + [32.0] * 50), 100)).sentence
    '50 of 100 samples have a width outside 64 to 64, from 32 to 64'
    """

    column: str
    split: str
    low: float
    high: float
    min_share: float
    confidence: float
    max_repeated: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.values",)

    def evaluate(self, measured: Values) -> Evaluation:
        """Count what is outside."""
        values = measured.values
        if not len(values):
            return Evaluation(False, float("nan"), f"no sample has a {column_title(self.column)}")
        stuck = self._stuck_at(values)
        if stuck is not None:
            return stuck
        below, above = int((values < self.low).sum()), int((values > self.high).sum())
        return self.evaluate_counts(below, above, len(values), float(values.min()), float(values.max()))

    def _stuck_at(self, values: NDArray[np.float64]) -> Evaluation | None:
        if self.max_repeated >= 1:
            return None
        found, counts = np.unique(values, return_counts=True)
        most = int(counts.argmax())
        share = proportion(int(counts[most]), len(values), level=self.confidence)
        if share.low <= self.max_repeated:
            return None
        title, value = column_title(self.column), number(float(found[most]), DIGITS)
        sentence = (
            f"{counts[most]:,} of {len(values):,} samples have the {title} {value}, and at most "
            f"{percent(self.max_repeated)} may have one value"
        )
        row = {"value": value, "samples": int(counts[most])}
        return Evaluation(False, share.value, sentence, (row,), n_affected=int(counts[most]))

    def evaluate_counts(self, below: int, above: int, n: int, least: float, most: float) -> Evaluation:
        """Hold the counts of values below and above the range against the share."""
        share = proportion(n - below - above, n, level=self.confidence)
        success = share.high >= self.min_share
        if success and below + above == 0:
            return Evaluation(True, 1.0, f"all of {n:,} lie within")
        span = f"{number(self.low, DIGITS)} to {number(self.high, DIGITS)}"
        sentence = f"{below + above:,} of {n:,} samples have a {column_title(self.column)} outside {span}"
        sentence += f", from {number(least, DIGITS)} to {number(most, DIGITS)}"
        rows = () if success else (
            {"where": f"below {number(self.low, DIGITS)}", "samples": below, "extreme": number(least, DIGITS)},
            {"where": f"above {number(self.high, DIGITS)}", "samples": above, "extreme": number(most, DIGITS)},
        )  # fmt: skip
        return Evaluation(success, share.value, sentence, rows, n_affected=below + above)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the range."""
        where = "samples" if terms["split"] == "all" else f"samples of {terms['split']!r}"
        low, high = number(terms["low"], DIGITS), number(terms["high"], DIGITS)
        most = terms["max_repeated"]
        repeated = f"; at most {percent(most)} have one value" if most < 1 else ""
        span = f"of {low}" if low == high else f"between {low} and {high}"
        return (
            f"At least {percent(terms['min_share'])} of the {where} have a {column_title(terms['column'])} {span}"
            f"{sampling_clause(terms['confidence'])}{repeated}."
        )
