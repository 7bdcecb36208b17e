"""How many of a finite population have a property, from a random sample of each stratum of it.

The estimate weighs each sample by the inverse of its inclusion probability (Horvitz and Thompson 1952): the size of its
stratum over the samples looked at. Each stratum alone has an exact interval, that of the hypergeometric
distribution: the upper end is a quantile of a beta-binomial variable, and a stratum in which nothing was found still
has one above 0. The sum over the strata melds these variables (Fay, Proschan and Brittain 2015, *Combining one-sample
confidence procedures for inference in the two-sample case*, Biometrics 71): the interval is the 2.5 % quantile of the
sum of the lower variables, and the 97.5 % quantile of the sum of the upper ones. That is conservative: it covers at
least as often as it says, in simulations of strata of all sizes and shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.stats.intervals import Interval

DRAWS = 20_000
"""Of each variable: the ends of the interval move by about a hundredth of its width from one seed to another."""


@dataclass(frozen=True)
class Stratum:
    """A part of a population, and what was found in a random sample of it.

    Attributes
    ----------
    size
        Members of the stratum.
    looked_at
        How many of them were drawn at random, without replacement, and looked at.
    found
        How many of these have the property.
    unknown
        How many of these may have it: nobody could tell. They count as without it for the low end of the interval, as
        with it for the high end, and for the estimate as if they had not been drawn.
    """

    size: int
    looked_at: int
    found: int
    unknown: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.found + self.unknown <= self.looked_at <= self.size or self.unknown < 0:
            raise ValueError(f"expected 0 <= found + unknown <= looked_at <= size, found {self}")

    @property
    def estimate(self) -> float:
        """The estimated number with the property; half of a stratum of which nothing is known."""
        known = self.looked_at - self.unknown
        return self.size * (self.found / known if known else 0.5)


def stratified_count(strata: Sequence[Stratum], *, level: float = 0.95, seed: int = 0) -> Interval:
    """Return how many members of all strata have a property, with an interval.

    Parameters
    ----------
    strata
        The parts of the population; a stratum without samples counts from none to all of it.
    level
        Confidence of the interval.
    seed
        Of the draws that the quantiles come from.

    Examples
    --------
    >>> top, rest = Stratum(size=60, looked_at=20, found=14), Stratum(size=882, looked_at=40, found=0)
    >>> f"{stratified_count([top, rest]):.0f}"
    '42 [30, 119]'
    >>> f"{stratified_count([Stratum(60, 60, 31), Stratum(10, 10, 0)]):.0f}"
    '31 [31, 31]'
    """
    rng = np.random.default_rng(seed)
    lower, upper = np.zeros(DRAWS), np.zeros(DRAWS)
    for one in strata:
        rest, found, possible = one.size - one.looked_at, one.found, one.found + one.unknown
        lower += found + _further(rest, found, one.looked_at - found + 1, rng)
        upper += possible + _further(rest, possible + 1, one.looked_at - possible, rng)
    tail = (1 - level) / 2
    low, high = float(np.quantile(lower, tail)), float(np.quantile(upper, 1 - tail))
    value = float(np.clip(sum(one.estimate for one in strata), low, high))
    looked_at = sum(one.looked_at for one in strata)
    size = sum(one.size for one in strata)
    words = f"{looked_at:,} of {size:,} looked at, drawn at random from each of {len(strata)} strata"
    return Interval(value, low, high, level, words, size)


def _further(rest: int, with_it: int, without: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw how many of the ``rest`` have the property: beta-binomial; none or all where a parameter is 0."""
    if rest == 0 or with_it == 0:
        return np.zeros(DRAWS)
    if without == 0:
        return np.full(DRAWS, float(rest))
    return rng.binomial(rest, rng.beta(with_it, without, DRAWS)).astype(np.float64)
