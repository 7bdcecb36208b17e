"""Terms about any numeric column: its range and its mean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from datacheck.stats import Moments, Quantiles, hedges_g
from datacheck.text import percent
from datacheck_expectations import expectations as e
from datacheck_expectations.measures.columns import ALL, numbers
from datacheck_expectations.proposals.base import (
    NEGLIGIBLE_EFFECT,
    allowed_share,
    confidence_of,
    effect_note,
    lower_share,
    rounded_up,
)

TAIL = 0.005
"""Share of the accepted samples that may lie beyond each end of a range: the most extreme value of a sample grows with
its size, this quantile does not."""

MIN_GROUP = 10
"""A mean of fewer samples is not compared: its standard deviation is too uncertain."""

EDGE_DIGITS = 6
"""Significant digits of the ends of a range: those that float32 holds for certain."""


LARGEST_REPEATED = 0.8
"""A column of which one value has a larger share, such as a flag or the width of images of one size, may have any."""

REPEATED_SLACK = 0.05
"""What the share of the most frequent value may rise beyond sampling error."""


def range_term(column: str, sketch: Quantiles, alpha: float) -> Any:
    """Return the term about the range of a column."""
    n = sketch.n
    if n < MIN_GROUP:
        return None
    inside = 1 - 2 * TAIL
    return e.ExpectPropertyInRange(
        column=column,
        split=ALL,
        low=outward(sketch.quantile(TAIL), down=True),
        high=outward(sketch.quantile(1 - TAIL), down=False),
        min_share=lower_share(int(n * inside), n, alpha),
        confidence=confidence_of(alpha),
        max_repeated=1.0,
        notes=f"{percent(inside)} of {n:,} accepted samples lie there; the share is the lower end of its interval.",
    )


def with_repeated_share(term: Any, frame: pd.DataFrame, alpha: float) -> Any:
    """Return a term about a range with the share that one value may have, as in the accepted dataset."""
    if not isinstance(term, e.ExpectPropertyInRange):
        return term
    values = numbers(frame, term.column)
    counts = np.unique(values[np.isfinite(values)], return_counts=True)[1]
    if not len(counts) or counts.max() > LARGEST_REPEATED * counts.sum():
        return term
    share = allowed_share(int(counts.max()), int(counts.sum()), alpha)
    return term.copy(update={"max_repeated": rounded_up(REPEATED_SLACK + share)})


def mean_term(column: str, moments: Mapping[str, Moments], alpha: float) -> Any:
    """Return the term about the mean of a column in each split."""
    kept = {part: found for part, found in moments.items() if found.n >= MIN_GROUP}
    if not kept:
        return None
    observed = largest_difference(kept.values())
    return e.ExpectPropertyDriftAtMost(
        column=column,
        reference={part: reference_of(found) for part, found in kept.items()},
        max_effect=rounded_up(max(NEGLIGIBLE_EFFECT, observed)),
        confidence=confidence_of(alpha),
        notes=effect_note(observed, NEGLIGIBLE_EFFECT),
    )


def largest_difference(groups: Iterable[Moments], level: float = 0.95) -> float:
    """Return the largest difference of two means that their intervals put beyond chance, in standard deviations."""
    found = [hedges_g(a, b, level=level).least for a, b in combinations(groups, 2)]
    return max((float(value) for value in found if math.isfinite(value)), default=0.0)


def reference_of(moments: Moments) -> dict[str, float]:
    """Return ``n``, ``mean`` and ``std`` as a contract holds them."""
    n, mean, std = (float(part) for part in moments.value)
    return {"n": n, "mean": float(f"{mean:.9g}"), "std": float(f"{std:.9g}") if math.isfinite(std) else 0.0}


def outward(value: float, *, down: bool) -> float:
    """Return the end of a range, rounded away from the range, so that float32 values at the edge stay inside."""
    value = float(value)
    if value.is_integer():
        return value
    rounded = float(f"{value:.{EDGE_DIGITS}g}")
    step = abs(value) * float(10**-EDGE_DIGITS)
    return rounded - step if down else rounded + step
