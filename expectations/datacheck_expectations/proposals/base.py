"""What all proposals share: the false-alarm budget, and tolerances from the accepted dataset.

* What never happened in the accepted dataset (a leak, an unreadable file, an unknown label) is not allowed.
* A share may lie where its interval puts it. A mean may move by as much as the splits of the accepted dataset differ
  beyond chance, and by `NEGLIGIBLE_EFFECT` at least.
* The check allows for its own sampling error: a dataset breaks a term when its interval lies outside.

All intervals of one contract are so wide that a fresh sample of the same kind breaks any of its terms with a
probability of at most `FALSE_ALARM` (Bonferroni over every compared number).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from datacheck.fingerprints import Fingerprint
from datacheck.stats import proportion
from datacheck.text import number, percent
from datacheck_expectations.measures.columns import ALL

FALSE_ALARM = 0.02
"""Greatest probability that a fresh sample of the accepted population breaks any term of its contract: once in fifty
checks is rare enough to look at each."""

NEGLIGIBLE_EFFECT = 0.1
"""Half of what Cohen called a small effect: a smaller difference of means has no consequence, however certain it is."""

NEGLIGIBLE_SHARE = 0.02
"""Share of the labels that may move without consequence: one in fifty is within the noise of most label sets."""

STEPS = 10_000
"""Thresholds are rounded outward to this fraction: four decimals read well in the suite's file."""

MAX_CONFIDENCE = 1 - 1e-9
"""The normal quantile of a level of 1 is infinite."""


@dataclass(frozen=True)
class Proposal:
    """An expectation whose tolerance depends on its part of the false-alarm budget.

    Attributes
    ----------
    comparisons
        How many numbers it compares.
    expectation
        Takes the error probability that each comparison may have, and returns the expectation; None where nothing can
        be required at that level.
    """

    comparisons: int
    expectation: Callable[[float], Any]


def named_splits(accepted: Fingerprint) -> list[str]:
    """Return the splits that have a name."""
    return [name for name in accepted.splits if name]


def parts_of(accepted: Fingerprint) -> list[str]:
    """Return the named splits, or `ALL` where there are none."""
    return named_splits(accepted) or [ALL]


def split_of(part: str) -> str | None:
    """Return the split that a fingerprint knows a part by: None for `ALL`."""
    return None if part == ALL else part


def enough_samples(alpha: float) -> int:
    """Return from how many accepted samples on a dataset of the same size has one with probability 1 - ``alpha``.

    After c occurrences, none follow with probability 2 ** -(c + 1/2) (a Poisson rate with Jeffreys' prior).
    """
    return math.ceil(-math.log2(alpha) - 0.5)


def allowed_share(n: int, total: int, alpha: float) -> float:
    """Return the share that may be affected: none where none was, else the upper end of the share's interval."""
    return rounded_up(upper_share(n, total, alpha)) if n else 0.0


def upper_share(n: int, total: int, alpha: float) -> float:
    """Return the upper end of a share's one-sided interval."""
    return proportion(n, total, level=1 - 2 * alpha).high


def lower_share(n: int, total: int, alpha: float) -> float:
    """Return the lower end of a share's one-sided interval, rounded down."""
    return rounded_down(proportion(n, total, level=1 - 2 * alpha).low)


def confidence_of(alpha: float) -> float:
    """Return the level at which a check allows for its own sampling error."""
    return min(round(1 - alpha, 9), MAX_CONFIDENCE)


def rounded_down(value: float) -> float:
    """Return a threshold rounded down, at least 0."""
    return math.floor(max(0.0, value) * STEPS) / STEPS


def rounded_up(value: float) -> float:
    """Return a threshold rounded up."""
    return math.ceil(value * STEPS) / STEPS


def seen_note(n: int, total: int, what: str) -> str:
    """Return why a share is allowed."""
    if not n:
        return f"None of the {total:,} accepted samples {what}, so none may."
    return f"{n:,} of the {total:,} accepted samples {what}; the limit is the upper end of the share's interval."


def share_difference_note(observed: float, floor: float, what: str = "labels") -> str:
    """Return why the labels (or rows) may move by a share, from the difference between the accepted splits."""
    if observed > floor:
        return f"The splits of the accepted dataset differ by {percent(observed)} of the {what} beyond chance."
    return f"The splits of the accepted dataset differ by less than {percent(floor)} of the {what} beyond chance."


def effect_note(observed: float, floor: float) -> str:
    """Return why a mean may move, from the difference between the accepted splits."""
    if observed > floor:
        return f"The splits of the accepted dataset differ by {number(observed, 2)} standard deviations beyond chance."
    return (
        f"The splits of the accepted dataset differ by less than {number(floor, 2)} standard deviations beyond chance."
    )
