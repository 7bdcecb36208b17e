"""Copies among tiny images, such as those of 32 x 32 pixels: laid over one another pixel by pixel.

They have too few details for keypoints (`datacheck.duplicates.registration`), and a shift by two pixels or other tones
change their signatures as much as another picture does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.laid_over import Picture
from datacheck.duplicates.pairs import Rows, first_of_each, not_among
from datacheck.duplicates.picture_pool import Pictures
from datacheck.scanning.measurements import SIGNATURE_SIDE

LEAST_AGREEMENT = 0.67
"""Mean correlation of the blocks from which two tiny pictures are copies.

Calibrated on CIFAR-10 by eye: see ``docs/benchmarks.md``."""

SIDE = 32
"""Pixels a side at which pictures are compared."""

_WINDOW = 24
"""Pixels a side of the middle of one picture that is looked for in the other: shifts by 4 pixels are found."""

_SCALES = (32, 29, 35)
"""Sides of the other picture: as it is, and a tenth smaller and larger."""

_BLOCK = 6
"""Pixels of a block's side. Silhouettes before a sky correlate by their outline, copies in nearly all blocks."""

_BLUR = 2.0
"""Standard deviation in pixels of the blur that is taken away: sky above water correlates with any other."""

_FAINT = 0.03
"""Standard deviation in grey levels that blocks are taken to have besides their own: empty ones have no correlation."""

_WORTH = 0.4
"""Correlation at the same scale below which no other scale is tried."""

_CANDIDATES = 12
"""Pictures that each is laid over: of the 286 pairs of ciFAIR's list, 264 are among so many."""

_LEAST_RESEMBLANCE = 0.45
"""Correlation of the low frequencies below which two pictures are not compared: 98 % of ciFAIR's copies have more."""

_LOW_SIDE = 8
"""Frequencies a side by which candidates are found: 12 find no more of ciFAIR's pairs."""

_SAMPLE, _MARGIN = 4096, 2
"""Pictures by which it is estimated how near the nearest `_CANDIDATES` are, and how many more are let through."""

_ROWS, _COLUMNS = 512, 4096
"""Pictures that are compared with so many at a time: 8 MB, which a processor's cache holds."""

_TRIED = 2000
"""Pairs by which it is judged how much pictures agree that are no copies."""

_DEVIATIONS, _QUARTILE = 4.0, 0.6745
"""Standard deviations that `LEAST_AGREEMENT` must lie above the median pair, taken from the lower quartile of a normal
distribution. Of photos at 32 pixels (CIFAR-10, TrashNet) it lies 8 and 5 above the median of 0.18; enlarged digits and
icons have a median of 0.74 and 0.65."""

Details = NDArray[np.float16]

_PAIRS = 2048
"""Pairs that one worker compares at a time."""


@dataclass(frozen=True)
class TinyCopies:
    """Pairs of tiny pictures that are copies.

    Attributes
    ----------
    pairs
        Row numbers, int64, shape [P, 2], first below second.
    mirrored
        Whether the second is mirrored, bool, shape [P].
    agreement
        Mean correlation of their blocks, float64, shape [P].
    telling
        False where pictures that are no copies agree so much that copies cannot be told from them: there are no pairs.
    """

    pairs: Rows
    mirrored: NDArray[np.bool_]
    agreement: NDArray[np.float64]
    telling: bool = True


def tiny_copies(
    rows: Rows,
    vectors: NDArray[np.float32],
    pictures: Pictures,
    known: Rows,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> TinyCopies:
    """Return the pairs of tiny pictures that show the same but for a shift, a slight crop, tones, noise or mirroring.

    Each picture is laid over those that it resembles most, as they are or mirrored; the time for that grows with the
    number of pictures, and the time for finding them with its square. Where the pictures have few details, such as
    drawings, many agree that are no copies: then none are named (see `is_telling`).

    Parameters
    ----------
    rows
        Pictures to compare, ascending, int64, shape [M].
    vectors
        Their signatures of length 1, shape [M, D]; see `datacheck.duplicates.lookalikes.unit_vectors`.
    pictures
        Grey or blue-green-red uint8.
    known
        Pairs of rows that are found already, shape [Q, 2], first below second.
    progress
        Called with (done, total) pictures; the pairs count as as many again.
    """
    places, mirrored = resembling(vectors)
    new = not_among(rows[places], known)
    places, mirrored = places[new], mirrored[new]
    needed = np.unique(places)
    details = np.zeros((len(rows), SIDE, SIDE), np.float16)
    agreements = np.zeros(len(places))
    each = pictures.each(_details_of, rows[needed].tolist())
    for done, (place, one) in enumerate(zip(needed.tolist(), each, strict=True), start=1):
        details[place] = 0 if one is None else one
        if progress is not None:
            progress(done, 2 * len(needed))
    some = np.unique(np.linspace(0, len(places) - 1, min(len(places), _TRIED)).astype(np.int64))
    if not len(some) or not is_telling(np.array(_compared(details, places[some], mirrored[some], worth=-1.0))):
        return TinyCopies(rows[places[:0]], mirrored[:0], agreements[:0], telling=not len(some))
    parts = [slice(start, start + _PAIRS) for start in range(0, len(places), _PAIRS)]
    compared = pictures.pool.map(
        partial(_compared, details), (places[part] for part in parts), (mirrored[part] for part in parts)
    )
    for part, values in zip(parts, compared, strict=True):
        agreements[part] = values
        if progress is not None:
            progress(len(needed) + min(part.stop, len(places)) * len(needed) // len(places), 2 * len(needed))
    copies = agreements >= LEAST_AGREEMENT
    return TinyCopies(rows[places[copies]], mirrored[copies], agreements[copies])


def resembling(vectors: NDArray[np.float32]) -> tuple[Rows, NDArray[np.bool_]]:
    """Return the pairs of signatures one of which is among the nearest of the other, and whether it is mirrored.

    Mirroring changes the sign of every second column of frequencies. So the larger of the two correlations is that of
    the other columns, plus the absolute value of that of these.

    Parameters
    ----------
    vectors
        Signatures of length 1, shape [N, D].

    Returns
    -------
    pairs, mirrored
        int64 [P, 2], first below second, each once, and bool [P].
    """
    even, odd = _columns(vectors)
    found = [(np.empty((0, 2), np.int64), np.empty(0, np.float32), np.empty(0, bool))]
    found += [_nearest(even, odd, start) for start in range(0, len(vectors), _ROWS)]
    pairs, correlation, mirrored = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((-correlation, pairs[:, 1], pairs[:, 0]))
    pairs, mirrored = pairs[order], mirrored[order]
    once = first_of_each(pairs)
    return pairs[once], mirrored[once]


def _columns(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the low frequencies in even and in odd columns, of length 1 together; each [N, 32]."""
    grid = np.zeros((len(vectors), SIGNATURE_SIDE**2), np.float32)
    grid[:, 1:] = vectors
    low = grid.reshape(-1, SIGNATURE_SIDE, SIGNATURE_SIDE)[:, :_LOW_SIDE, :_LOW_SIDE]
    low = low / np.maximum(np.sqrt(np.einsum("nij,nij->n", low, low)), 1e-6)[:, None, None]
    return low[:, :, 0::2].reshape(len(vectors), -1), low[:, :, 1::2].reshape(len(vectors), -1)


def _nearest(
    even: NDArray[np.float32], odd: NDArray[np.float32], start: int
) -> tuple[Rows, NDArray[np.float32], NDArray[np.bool_]]:
    """Return the pairs of a block of pictures with their nearest ones, their correlation, and whether mirrored."""
    n, block = len(even), slice(start, start + _ROWS)
    sample = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(np.int64))
    plain, turned = even[block] @ even[sample].T, odd[block] @ odd[sample].T
    place = min(len(sample), -(-_CANDIDATES * len(sample) // n) + _MARGIN)
    least = np.partition(plain + np.abs(turned), len(sample) - place, axis=1)[:, len(sample) - place]
    least = np.maximum(least, _LEAST_RESEMBLANCE)[:, None]
    hits = []
    for other in range(0, n, _COLUMNS):
        plain = even[block] @ even[other : other + _COLUMNS].T
        turned = odd[block] @ odd[other : other + _COLUMNS].T
        plain += np.abs(turned)
        row, column = np.nonzero(plain >= least)
        hits.append((row, column + other, plain[row, column], turned[row, column] < 0))
    row, column, correlation, mirrored = (np.concatenate(part) for part in zip(*hits, strict=True))
    order = np.lexsort((-correlation, row))
    order = order[row[order] + start != column[order]]
    rank = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    order = order[rank < _CANDIDATES]
    pairs = np.sort(np.column_stack((row[order] + start, column[order])), axis=1)
    return pairs, correlation[order], mirrored[order]


def _details_of(picture: Picture) -> Details:
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return details_of(np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8))


def details_of(grey: Picture) -> Details:
    """Return what a blur takes from a grey picture; float16, which halves the memory."""
    values = np.asarray(grey, np.float32)
    return np.asarray(values - cv2.GaussianBlur(values, (0, 0), _BLUR), np.float16)


def _compared(details: Details, places: Rows, mirrored: NDArray[np.bool_], worth: float = _WORTH) -> list[float]:
    return [
        agreement(details[one], details[other, :, ::-1] if mirror else details[other], worth)
        for (one, other), mirror in zip(places.tolist(), mirrored.tolist(), strict=True)
    ]


def is_telling(agreements: NDArray[np.float64]) -> bool:
    """Return whether pictures that are no copies agree so little that those above `LEAST_AGREEMENT` must be copies.

    Parameters
    ----------
    agreements
        Of pairs of pictures that resemble each other, shape [n]; fewer than half of them may be copies.

    Examples
    --------
    >>> is_telling(np.array([0.1, 0.2, 0.2, 0.3, 0.9])), is_telling(np.array([0.4, 0.5, 0.6, 0.7, 0.8]))
    (True, False)
    """
    quarter, half = np.quantile(agreements, (0.25, 0.5))
    return bool(half + _DEVIATIONS * (half - quarter) / _QUARTILE <= LEAST_AGREEMENT)


def agreement(first: Details, second: Details, worth: float = _WORTH) -> float:
    """Return the mean correlation of the blocks of two pictures, the second laid over the first.

    The middle of the first is looked for in the second, at three scales, where their details correlate best.

    Parameters
    ----------
    first, second
        What `details_of` returns, shape [32, 32].
    worth
        Correlation at the same scale below which no other is tried, and 0 is returned.

    Examples
    --------
    >>> picture = cv2.resize(np.random.default_rng(0).uniform(0, 255, (8, 8)), (36, 36))
    >>> agreement(details_of(picture[:32, :32]), details_of(picture[3:35, 2:34])) > 0.99
    True
    """
    margin = (SIDE - _WINDOW) // 2
    middle = first[margin : margin + _WINDOW, margin : margin + _WINDOW].astype(np.float32)
    best, laid = -1.0, middle
    for other, correlation in _laid_over(middle, second.astype(np.float32)):
        if correlation > best:
            best, laid = correlation, other
        if best < worth:
            return 0.0
    one, two = (_blocks(part) for part in (middle, laid))
    lengths = np.sqrt(((one**2).mean(axis=1) + _FAINT**2) * ((two**2).mean(axis=1) + _FAINT**2))
    return float(((one * two).mean(axis=1) / lengths).mean())


def _laid_over(middle: NDArray[np.float32], second: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.float32], float]]:
    """Yield for each scale the part of the second picture that correlates best, and how well it does."""
    for side in _SCALES:
        method = cv2.INTER_AREA if side < SIDE else cv2.INTER_LINEAR
        details = np.asarray(
            second if side == SIDE else cv2.resize(second, (side, side), interpolation=method), np.float32
        )
        _, correlation, _, (left, top) = cv2.minMaxLoc(cv2.matchTemplate(details, middle, cv2.TM_CCOEFF_NORMED))
        yield details[top : top + _WINDOW, left : left + _WINDOW], correlation


def _blocks(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the pixels of each block, less their mean; shape [16, 36]."""
    n = _WINDOW // _BLOCK
    blocks = part.reshape(n, _BLOCK, n, _BLOCK).swapaxes(1, 2).reshape(n * n, -1)
    return np.asarray(blocks - blocks.mean(axis=1, keepdims=True), np.float32)
