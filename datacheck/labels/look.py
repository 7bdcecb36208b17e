"""A look at a few labels: which to draw, and how many of all labels are wrong by the answers.

The labels are parted by suspicion: those that hold most of the expected errors, and the rest. From each part a random
sample is drawn, so that each label has a known chance to be looked at. The answers give a count that does not rest on
the model: a bad model makes the interval wider, never wrong (see `datacheck.stats.stratified`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from datacheck.stats import Interval, Stratum, stratified_count

SUSPECT_SHARE = 0.7
"""Of the expected errors, in the first stratum. Of .5, .7, .8 and of three strata, two strata with .5 to .8 gave the
narrowest intervals: less where few labels are wrong, more where many are. Each further stratum in which nothing is
found costs one possible error."""

LARGEST_SUSPECT_PART = 0.5
"""Of the labels: a larger first stratum shows that the model does not tell suspects from others; then there is one."""

LEAST_OF_STRATUM = 5
"""Labels that are drawn from each stratum at least, so that none rests on one or two answers."""

LEAST_LOOKED_AT = 20
"""Answers from which the measured count takes the place of the estimated one: 20 without a wrong label among them
leave at most one label in six open."""


@dataclass(frozen=True)
class Look:
    """What people found among the labels that they looked at.

    Attributes
    ----------
    strata
        In the order of the queue, the most suspect first; together all labels that were judged. ``found`` counts wrong
        labels.

    Examples
    --------
    >>> look = Look((Stratum(60, 20, 14), Stratum(882, 40, 0)))
    >>> look.in_words()
    '14 of 60 labels looked at are wrong; of all 942, about 42 are (95 % interval 30 to 119)'
    """

    strata: tuple[Stratum, ...]

    @property
    def size(self) -> int:
        """Labels in all."""
        return sum(one.size for one in self.strata)

    @property
    def looked_at(self) -> int:
        """Labels that somebody looked at."""
        return sum(one.looked_at for one in self.strata)

    @property
    def wrong(self) -> int:
        """Labels that are wrong among these."""
        return sum(one.found for one in self.strata)

    @property
    def unknown(self) -> int:
        """Labels among these of which nobody could tell."""
        return sum(one.unknown for one in self.strata)

    @property
    def enough(self) -> bool:
        """Whether the answers are enough to take the place of the model's estimate."""
        return self.looked_at >= min(LEAST_LOOKED_AT, self.size)

    @cached_property
    def count(self) -> Interval:
        """Wrong labels in all, with a 95 % interval."""
        return stratified_count(self.strata)

    def in_words(self) -> str:
        """Return a sentence without a full stop."""
        count, doubtful = self.count, f", of {self.unknown:,} it is not known" if self.unknown else ""
        return (
            f"{self.wrong:,} of {self.looked_at:,} labels looked at are wrong{doubtful}; of all {self.size:,}, about "
            f"{count.value:,.0f} are (95 % interval {count.low:,.0f} to {count.high:,.0f})"
        )


def stratum_sizes(wrong: NDArray[np.floating]) -> tuple[int, ...]:
    """Return how many labels each stratum has; ``wrong`` are the chances of being wrong, falling, shape [N].

    Examples
    --------
    >>> stratum_sizes(np.array([0.9, 0.8] + [0.1] * 8))
    (3, 7)
    >>> stratum_sizes(np.full(10, 0.1))
    (10,)
    """
    expected = np.cumsum(np.asarray(wrong, dtype=np.float64))
    if not len(expected) or expected[-1] <= 0:
        return (len(expected),)
    first = int(np.searchsorted(expected, SUSPECT_SHARE * expected[-1])) + 1
    return (len(expected),) if first > LARGEST_SUSPECT_PART * len(expected) else (first, len(expected) - first)


def allocation(sizes: tuple[int, ...], wrong: NDArray[np.floating], n_looks: int) -> tuple[int, ...]:
    """Return how many labels to draw from each stratum: by size times standard deviation (Neyman 1934).

    A stratum whose labels are all expected to be right counts as if one label in ``n_looks`` were wrong, since nothing
    wrong among n labels does not exclude that.

    Examples
    --------
    >>> allocation((60, 882), np.repeat([0.5, 0.001], [60, 882]), 60)
    (12, 48)
    """
    n_looks = min(n_looks, sum(sizes))
    shares = [float(part.mean()) for part in np.split(np.asarray(wrong, np.float64), np.cumsum(sizes)[:-1])]
    floor = 1 / max(n_looks, 2)
    weights = np.array(sizes) * [np.sqrt(share * (1 - share)) for share in np.clip(shares, floor, 1 - floor)]
    drawn = np.minimum(sizes, min(LEAST_OF_STRATUM, n_looks // len(sizes)))
    while drawn.sum() < n_looks:
        drawn[np.argmax(np.where(drawn < sizes, weights / (drawn + 1), -1))] += 1
    return tuple(int(one) for one in drawn)
