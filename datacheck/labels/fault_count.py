"""How many annotations have a fault of one kind, from the scores of the given ones and of faults that were planted.

Among the given annotations are right and faulty ones, and faults like the planted ones have their scores. So beyond
each cut there are at least as many given annotations as faults.

1. *High end: no assumption on right annotations.* The given ones beyond a cut, over the share of planted faults beyond
   it (Blanchard, Lee and Scott, *Semi-supervised novelty detection*, JMLR 2010).
2. *Low end and estimate: right annotations become rarer towards the faults at least exponentially.* The counts between
   cuts are fitted as a number of planted faults beside an exponential tail, which is known from where planted faults
   are rare. Where the logarithm of the density of right annotations is concave, that tail is too long rather than too
   short, and the low end too low. Its width is that of a profile likelihood (Wilks 1938).

Both hold for faults that are as easy to see as the planted ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.stats import Interval, wilson

Floats = NDArray[np.float64]

FEWEST_PLANTED = 30
"""Planted faults from which anything is counted: the shares beyond the cuts are known to 20 % then."""

CUTS = (0.25, 0.5, 0.75)
"""Shares of the planted faults beyond the cuts of the high end; a cut further out leaves few, one further in most right
annotations."""

BINS = np.linspace(0.1, 0.9, 9)
"""Quantiles of the planted faults between which given ones are counted."""

TAIL_BINS = 4
"""Bins of the part where planted faults are rare, from the median of the given annotations on."""

DESIGN_EFFECT = 2.0
"""Faults and odd annotations come in clusters, and the planted ones are a sample: so many count as one."""

SLOPES = np.geomspace(0.1, 30.0, 48)
"""How steep the tail may be, by the standard deviation of the scores of the given annotations."""

COUNTS = 96
"""Numbers of faults that are tried."""

LARGEST_HIGH_END, LARGEST_HIGH_END_ABOVE_0 = 0.5, 0.3
"""Share of the annotations: where the high end lies above it, nothing is told; the second where the low end is 0."""

BISECTIONS = 25
"""Halvings of the range of the logarithm of the size of the tail, which is about 45: to one in a million."""


@dataclass(frozen=True)
class FaultCount:
    """How many annotations have a fault of one kind.

    Attributes
    ----------
    interval
        Their number; None where the scores do not tell it.
    wrong
        What is counted, in words.
    """

    interval: Interval | None
    wrong: str

    def in_words(self) -> str:
        """Return the count with its interval, or that there is none, without a full stop.

        Examples
        --------
        >>> FaultCount(Interval(44, 27, 70), "of 1,000 boxes hold no object").in_words()
        'about 44 of 1,000 boxes hold no object (95 % interval 27 to 70)'
        >>> FaultCount(Interval(0, 0, 5.2), "of 950 boxes hold no object").in_words()
        'at most 5 of 950 boxes hold no object (95 % interval from 0)'
        >>> FaultCount(None, "of 950 boxes hold no object").in_words()
        'how many of 950 boxes hold no object cannot be told'
        """
        found = self.interval
        if found is None:
            return f"how many {self.wrong} cannot be told"
        if not found.low:
            return f"at most {found.high:,.0f} {self.wrong} (95 % interval from 0)"
        return f"about {found.value:,.0f} {self.wrong} (95 % interval {found.low:,.0f} to {found.high:,.0f})"

    def to_json(self) -> dict[str, Any] | None:
        """Return the interval as plain JSON values."""
        return None if self.interval is None else self.interval.to_json()


def fault_interval(given: Floats, planted: Floats, n: int, *, n_planted: int | None = None) -> Interval | None:
    """Return how many annotations have such a fault, with a 95 % interval; None where nothing supports a count.

    Value and low end are 0 where the low end is below 1, since then all that stands out may be right.

    Parameters
    ----------
    given
        How suspect each given annotation, or each place where one may be missing, is; high is worse; [R].
    planted
        The same of planted faults, by a model that did not learn from them; [F].
    n
        The annotations that a share of faults refers to.
    n_planted
        How many faults were planted, where not all of them could be scored.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> right, planted, wrong = rng.normal(0, 1, 950), rng.normal(5, 1, 300), rng.normal(5, 1, 50)
    >>> f"{fault_interval(np.r_[right, wrong], planted, 1000):.0f}", f"{fault_interval(right, planted, 950):.0f}"
    ('44 [27, 74]', '0 [0, 7]')
    """
    n_planted = len(planted) if n_planted is None else n_planted
    if len(planted) < FEWEST_PLANTED or not len(given):
        return None
    high = _high_end(given, planted, n_planted)
    low, value = _fitted(given, planted, n_planted, high)
    low, value = (low, value) if low >= 1 else (0.0, 0.0)
    if high > (LARGEST_HIGH_END if low else LARGEST_HIGH_END_ABOVE_0) * n:
        return None
    method = "high end: planted recall; low end: planted faults beside an exponential tail"
    return Interval(value, low, high, method=method, n=n)


def _high_end(given: Floats, planted: Floats, n_planted: int) -> float:
    cuts = np.quantile(planted, 1 - np.array(CUTS))
    beyond = (given[:, None] > cuts).sum(axis=0)
    found = (planted[:, None] > cuts).sum(axis=0)
    level = 1 - 0.025 / len(cuts)  # the lowest of several ends counts (Bonferroni)
    most = stats.chi2.ppf(level, 2 * beyond + 2) / 2  # of a Poisson count (Garwood 1936)
    return float(np.min(most / np.maximum(wilson(found / n_planted, n_planted)[0], 1e-9)))


def _fitted(given: Floats, planted: Floats, n_planted: int, high: float) -> tuple[float, float]:
    """Return the low end and the most likely number of faults; 0 where most of the given look like faults."""
    start = float(np.median(given))
    if start >= np.quantile(planted, 1 - max(CUTS)):
        return 0.0, 0.0
    upper = np.unique(np.quantile(planted, BINS))
    upper = upper[upper > start]
    edges = np.concatenate([np.linspace(start, upper[0], TAIL_BINS + 1)[:-1], upper])
    counts = _between(given, edges).astype(np.float64)
    shares = _between(planted, edges) / n_planted
    x = (edges - start) / max(float(given.std()), 1e-9)
    left = np.exp(-SLOPES[:, None] * x)
    tail = left - np.concatenate([left[:, 1:], np.zeros((len(SLOPES), 1))], axis=1)
    tried = np.concatenate([[0.0], np.geomspace(0.5, max(high, 1.0), COUNTS)])
    likelihood = _log_likelihood(counts, tried[:, None, None] * shares, tail).max(axis=1)
    best = int(likelihood.argmax())
    fits = 2 * (likelihood[best] - likelihood) <= DESIGN_EFFECT * stats.chi2.ppf(0.95, 1)
    return float(tried[fits.argmax()]), float(tried[best])


def _between(scores: Floats, edges: Floats) -> NDArray[np.int64]:
    """Return how many scores lie in each bin; the last one has no end."""
    place = np.searchsorted(edges, scores, side="right") - 1
    return np.bincount(place[place >= 0], minlength=len(edges))


def _log_likelihood(counts: Floats, faults: Floats, tail: Floats) -> Floats:
    """Return the Poisson log likelihood of counts, [B], for expected faults and tails of the best size; [W, S].

    ``faults`` is [W, 1, B] and ``tail`` [S, B]. The best size is where the derivative is 0; it falls with the size.
    """
    low = np.full((len(faults), len(tail)), -20.0)
    upper = np.full_like(low, np.log(counts.sum() + 1) + 20.0)
    for _ in range(BISECTIONS):
        size = (low + upper) / 2
        expected = faults + np.exp(size)[..., None] * tail + 1e-9
        rises = (counts / expected * tail).sum(axis=-1) > tail.sum(axis=-1)
        low, upper = np.where(rises, size, low), np.where(rises, upper, size)
    expected = faults + np.exp(low)[..., None] * tail + 1e-9
    found: Floats = (counts * np.log(expected) - expected).sum(axis=-1)
    return found
