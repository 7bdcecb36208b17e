"""Expect the words of a column among the allowed ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacheck.stats import proportion
from datacheck.text import listed, percent, plural
from datacheck_expectations.base import DatacheckExpectation
from datacheck_expectations.evaluation import Evaluation, sampling_clause
from datacheck_expectations.measures.columns import Words


class ExpectAllowedValues(DatacheckExpectation):
    """Expect at least a share of the samples to have one of the allowed values in a column (mode, format, colour …).

    Samples without a value are left out. Broken when the upper end of the share's Wilson interval is below
    ``min_share``.

    Parameters
    ----------
    column
        A column of names.
    values
        The allowed ones.
    min_share
        Share of the samples that have a value.
    confidence
        Level of the interval, in [0, 1); 0 compares the share itself.

    Example
    -------
    >>> expectation = ExpectAllowedValues(column="mode", values=["RGB"], min_share=1.0, confidence=0.0)
    >>> expectation.evaluate(Words({"RGB": 9, "L": 1})).sentence
    "1 of 10 samples has another mode: 'L' (1)"
    """

    column: str
    values: list[str]
    min_share: float
    confidence: float

    metric_dependencies: ClassVar[tuple[str, ...]] = ("datacheck.words",)

    def evaluate(self, measured: Words) -> Evaluation:
        """Count the other values."""
        return evaluate_words(measured, self.values, self.min_share, self.confidence, self.column)

    @classmethod
    def requirement(cls, terms: Mapping[str, Any]) -> str:
        """State the values."""
        least = (
            "Every sample has" if terms["min_share"] >= 1 else f"At least {percent(terms['min_share'])} of samples have"
        )
        return f"{least} the {terms['column']} {listed(terms['values'], 12)}{sampling_clause(terms['confidence'])}."


def evaluate_words(
    measured: Words,
    allowed: list[str],
    min_share: float,
    confidence: float,
    column: str,
    nouns: tuple[str, str] = ("sample", "samples"),
) -> Evaluation:
    """Hold the words that occur against the allowed ones; ``nouns`` say what has them, one and many."""
    known = set(allowed)
    others = sorted(
        ((n, word) for word, n in measured.counts.items() if word not in known), key=lambda pair: (-pair[0], pair[1])
    )
    n_others, total = sum(n for n, _ in others), measured.total
    if not total:
        return Evaluation(False, float("nan"), f"no {nouns[0]} has a {column}")
    share = proportion(total - n_others, total, level=confidence)
    success = share.high >= min_share
    if not others:
        return Evaluation(True, 1.0, f"all of {total:,} have one of the {len(allowed):,} allowed")
    named = ", ".join(f"{word!r} ({n:,})" for n, word in others[:6])
    verb = "has" if n_others == 1 else "have"
    sentence = f"{n_others:,} of {plural(total, *nouns)} {verb} another {column}: {named}"
    rows = tuple({column: word, nouns[1]: n, "such as": measured.examples.get(word, "")} for n, word in others[:20])
    ids = tuple(name for _, word in others if (name := measured.examples.get(word)))
    return Evaluation(success, share.value, sentence, () if success else rows, ids, n_others)
