"""Whether the masks of two splits show their classes as often, and as large."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.stats import Interval
from datacheck.text import percent

Floats = NDArray[np.float64]


def compare_shares(
    classes: Sequence[str], shares: Floats, first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> Iterator[tuple[Interval, float, str]]:
    """Yield the difference of each class between two sets of images: its size, its p-value, and words.

    Compared are the share of the images that show a class, and the mean share of the pixels of an image that it covers;
    the image is the unit, by Welch's t-test.

    Parameters
    ----------
    classes, shares
        The classes, and the share of each image that each covers; [N, K], NaN without a mask.
    first, second
        Which images are in each set; [N].

    Examples
    --------
    >>> shares = np.array([[0.9, 0.1], [0.8, 0.2]] * 20 + [[0.7, 0.3], [0.6, 0.4]] * 20)
    >>> differences = compare_shares(("sky", "tree"), shares, np.arange(80) < 40, np.arange(80) >= 40)
    >>> [(round(size.value, 2), words) for size, p, words in differences if p < 0.01]
    [(0.2, "'sky' 85 % of the pixels of an image to 65 %"), (0.2, "'tree' 15 % of the pixels of an image to 35 %")]
    """
    known = ~np.isnan(shares).any(axis=1)
    for values, what in ((shares > 0, "of the images"), (shares, "of the pixels of an image")):
        a, b = values[first & known].astype(np.float64), values[second & known].astype(np.float64)
        for number, name in enumerate(classes):
            means = a[:, number].mean(), b[:, number].mean()
            size, p = _welch(a[:, number], b[:, number])
            yield size, p, f"{name!r} {percent(means[0])} {what} to {percent(means[1])}"


def _welch(first: Floats, second: Floats) -> tuple[Interval, float]:
    """Return the magnitude of the difference of two means with its 95 % interval, and the p-value."""
    n = len(first) + len(second)
    difference = float(second.mean() - first.mean())
    parts = [each.var(ddof=1) / len(each) for each in (first, second)]
    error = math.sqrt(sum(parts))
    if error == 0:
        return Interval(abs(difference), abs(difference), abs(difference), n=n), float(difference == 0)
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(each) - 1) for part, each in zip(parts, (first, second), strict=True)
    )
    p = float(2 * stats.t.sf(abs(difference) / error, freedom))
    reach = float(stats.t.ppf(0.975, freedom)) * error
    size = abs(difference)
    return Interval(size, max(size - reach, 0.0), size + reach, method="Welch", n=n), p
