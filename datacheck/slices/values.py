"""An attribute of the samples, and how its values become slices that words can name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datacheck.text import number

CUTS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95)
"""Quantiles at which a number is cut: the ends are finer, for what is rare lies there."""

RANGES = ((0, 1), (0, 2), (0, 3), (3, 4), (4, 5), (5, 6), (6, 9), (7, 9), (8, 9))
"""Slices of a number, as ranges of the bins between the cuts: three ends on either side, and the middle in three."""

MAX_DISTINCT = 12
"""A number with at most this many values is no quantity but a choice, such as a width among few sizes."""

MAX_CATEGORIES = 200
"""At most so many values of one attribute are compared, the most frequent ones: more are names of single samples."""

CUT_ERROR = 0.1
"""A cut is rounded to a short number that moves it by at most this share of the way to the nearest other cut."""

PHRASES = {
    "brightness": ("darker than {}", "brighter than {}"),
    "sharpness": ("less sharp than {}", "sharper than {}"),
    "width": ("narrower than {} px", "at least {} px wide"),
    "height": ("lower than {} px", "at least {} px high"),
    "byte_size": ("smaller than {} bytes", "of {} bytes or more"),
}
"""How images with a low and with a high value are called, where there are better words than the property's name."""


@dataclass(frozen=True)
class Attribute:
    """One way of slicing: code of each sample, and the slices as ranges of codes.

    Attributes
    ----------
    name
        Of the column or property.
    codes
        Number of the value or bin of each sample, -1 where it is not known; shape [N].
    ranges
        First code and the one after the last, of each slice.
    words
        What the samples of each slice have in common.
    measured
        Whether it was measured in the images, and is no column of the dataset.
    """

    name: str
    codes: NDArray[np.int64] = field(repr=False)
    ranges: tuple[tuple[int, int], ...] = field(repr=False)
    words: tuple[str, ...]
    measured: bool = False

    def inside(self, number: int) -> NDArray[np.bool_]:
        """Return whether each sample is in a slice; shape [N]."""
        first, end = self.ranges[number]
        return (self.codes >= first) & (self.codes < end)


def categories(name: str, codes: NDArray[np.int64], values: Sequence[object]) -> Attribute | None:
    """Return the attribute of a column of words, a slice a value; None with one value, or one in each row.

    Examples
    --------
    >>> categories("camera", np.array([0, 1, 0, 1]), ["A", "B"]).words
    ("camera = 'A'", "camera = 'B'")
    """
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    if (counts > 0).sum() < 2 or counts.max(initial=0) < 2:
        return None
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MAX_CATEGORIES])
    kept = [int(code) for code in frequent if counts[code]]
    return Attribute(
        name,
        codes.astype(np.int64),
        tuple((code, code + 1) for code in kept),
        tuple(f"{name.replace('_', ' ')} = {values[code]!r}" for code in kept),
    )


def binned(name: str, values: NDArray[np.float64], *, measured: bool = False) -> Attribute | None:
    """Return the attribute of a number: the ends and the middle of its values; None where it does not vary.

    Cuts are quantiles, rounded to short numbers, so that the words name exactly the samples of the slice.

    Parameters
    ----------
    name
        Of the column or property.
    values
        NaN where not known; shape [N].
    measured
        Whether it is a property of images, for the words.

    Examples
    --------
    >>> found = binned("brightness", np.linspace(0, 1, 1001), measured=True)
    >>> found.words[2], found.words[3], int(found.inside(2).sum())
    ('images darker than 0.2', 'images with brightness from 0.2 to 0.4', 200)
    """
    known = np.isfinite(values)
    distinct = np.unique(values[known])
    if len(distinct) < 2:
        return None
    if len(distinct) <= MAX_DISTINCT:
        codes = np.full(len(values), -1, dtype=np.int64)
        codes[known] = np.searchsorted(distinct, values[known])
        short = name.replace("_", " ")
        words = tuple(f"{'images with ' if measured else ''}{short} = {number(one)}" for one in distinct)
        return Attribute(name, codes, tuple((k, k + 1) for k in range(len(distinct))), words, measured)
    cuts = _rounded(np.quantile(values[known], CUTS))
    codes = np.where(known, np.searchsorted(cuts, np.where(known, values, 0.0), side="right"), -1).astype(np.int64)
    ranges, words_of, seen = [], [], set()
    for first, end in RANGES:
        low = -np.inf if first == 0 else float(cuts[first - 1])
        high = np.inf if end > len(cuts) else float(cuts[end - 1])
        if low < high and (low, high) not in seen:  # equal cuts leave a bin empty
            seen.add((low, high))
            ranges.append((first, end))
            words_of.append(_range_in_words(name, low, high, measured))
    return Attribute(name, codes, tuple(ranges), tuple(words_of), measured)


def _rounded(cuts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round each cut to as few digits as keep it near its place."""
    rounded = cuts.copy()
    for index, cut in enumerate(cuts):
        away = np.abs(cuts - cut)
        if away.any():
            digits = int(np.ceil(-np.log10(2 * CUT_ERROR * away[away > 0].min())))
            rounded[index] = round(float(cut), digits)
    return rounded


def _range_in_words(name: str, low: float, high: float, measured: bool) -> str:
    below, above = PHRASES.get(name, ("", "")) if measured else ("", "")
    short = name.replace("_", " ")
    start = "images with " if measured else ""
    if np.isinf(low):
        return f"images {below.format(_text(high))}" if below else f"{start}{short} below {_text(high)}"
    if np.isinf(high):
        return f"images {above.format(_text(low))}" if above else f"{start}{short} of {_text(low)} or more"
    return f"{start}{short} from {_text(low)} to {_text(high)}"


def _text(value: float) -> str:
    return number(value, 6)
