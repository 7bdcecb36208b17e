"""Whether two pictures that were laid over one another show the same everywhere."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.laid_over import (
    Matrix,
    Picture,
    grey_of,
    in_pixels,
    refined,
    resized,
    scale_of,
    shift_of,
    whole_onto,
)

COMPARED_SIDE = 512
"""Pixels of the long side at which pictures are compared: print of a receipt can be told from other print."""

LEAST_SIDE = 320
"""Smaller pictures are enlarged, so that there are enough blocks."""

UNLIKE = 0.8
"""Correlation below which a block shows something else."""

MOST_UNLIKE = 0.03
"""Largest share of unlike blocks of a copy.

Copies of 40 TrashNet photos that were cropped, turned, squashed, brightened, blurred or saved as a small JPEG have 0.05
at most and 98 % of them 0.02; other receipts of one shop 0.036 and more, other signs of one hand 0.1, other radiographs
of one patient 0.09, and other icons of one set 0.04."""

MARKED, MARKED_CORRELATION, IN_PLACE = 0.25, 0.97, 0.004
"""Largest share of unlike blocks, least correlation of the median block, and largest shift as a share of the long side,
of a copy in which something was added: a watermark of 4 % of the picture spoils up to 0.17, and nothing has moved;
where the picture is small, and so has few blocks, 0.23."""

NEARLY_IN_PLACE = 0.02
"""Shift of a fitted map from which none at all is tried too: details beside a watermark fit less exactly."""

PLAIN = 0.45
"""Share of the pixels within four levels of one grey from which a picture is print or a drawing, not a photo.

What differs on a page or an icon is its content, and not a watermark. Of TrashNet photos 98 % have less, of receipts
and icons on white three quarters more."""

SMALL_SIDE = 96
"""Long side in pixels below which no block of a copy may be unlike: what tells one 6 from another is in one block of a
picture of 64 pixels."""

COPY_CORRELATION = 0.9
"""Correlation of the median block of a copy: blurred ones and small JPEGs have 0.91 and more."""

PLAIN_CORRELATION = 0.98
"""The same of print and drawings: receipts of one shop that differ in a few digits have up to 0.974, and copies of half
the size 0.982 and more but for small icons; half of the blurred copies have less."""

AGAIN_CORRELATION = 0.5
"""Correlation of the median block below which a fit is an accident.

Even shapes can match in 40 to 52 details with a correlation of 0; objects that were photographed again have 0.64 and
more."""

_WORTH_REFINING = 0.5
"""Correlation of the median block, and share of the blocks that are not unlike, below which no fit to the grey levels
finds a copy: of copies of TrashNet photos as ORB lays them, 95 % have 0.95 and 0.7 and more."""

_BLOCK = 32
"""Pixels of a block's side."""

_FEWEST_BLOCKS = 4
"""Fewer blocks with details in the common part say nothing."""

_EVEN = 0.08
"""A block is even that deviates by less than this share of the whole picture's deviation, as a wall or a sky does."""

_CONTENT = 3.0
"""How much more than an even block must deviate to count beside an even one: a stain on a wall is not nothing."""

_BLUR = 1.0
"""Standard deviation in pixels of the blur before blocks are compared: they are laid over one another to a pixel."""

_SOFTER = (0.7, 1.0, 1.4, 2.0, 2.0)
"""Blurs that the sharper of two pictures is given, one after another, while it stays the sharper one."""

_CLIPPED = 252
"""Grey level from which a pixel may hold more light than was stored."""


class Agreement(NamedTuple):
    """How well two pictures agree in the part that both show.

    Attributes
    ----------
    correlation
        Of the median block.
    unlike
        Share of the blocks that show something else.
    blocks
        Blocks with details; too few say nothing, then the others are 0 and 1.
    matrix
        The map of the first picture onto the second, [2, 3], as shares of their long sides.
    """

    correlation: float
    unlike: float
    blocks: int
    matrix: Matrix

    @property
    def empty(self) -> bool:
        """Whether there is too little to compare."""
        return self.blocks < _FEWEST_BLOCKS


def agreement(first: Picture, second: Picture, matrix: Matrix) -> Agreement:
    """Compare two pictures block by block, one laid over the other.

    Where that does not suffice, the map is fitted to the grey levels, and the tones and the sharpness of one are given
    to the other: a copy then agrees everywhere, and another picture still does not.

    Parameters
    ----------
    first, second
        Grey or blue-green-red.
    matrix
        The map of the first onto the second, [2, 3], both of a long side of 1.
    """
    one, two = _sized(first), _sized(second)
    if scale_of(in_pixels(matrix, one, two)) > 1.001:  # the finer picture is reduced, not the coarser one enlarged
        found = agreement(second, first, np.asarray(cv2.invertAffineTransform(matrix), np.float64))
        return found._replace(matrix=np.asarray(cv2.invertAffineTransform(found.matrix), np.float64))
    tried = [_compared(one, two, matrix, alike=False)]
    if tried[0].unlike == 0 and tried[0].correlation >= COPY_CORRELATION:
        return tried[0]
    tried.append(_compared(one, two, matrix, alike=True))
    if max(min(found.correlation, 1 - found.unlike) for found in tried) >= _WORTH_REFINING:
        tried.append(_compared(one, two, refined(one, two, matrix), alike=True))
        if shift_of(one, two, matrix) <= NEARLY_IN_PLACE:
            tried.append(_compared(one, two, whole_onto(one, two), alike=False))
    return max(tried, key=_quality)


def is_copy(first: Picture, second: Picture, found: Agreement) -> bool:
    """Tell a copy from another picture, and from another photo, of the same thing."""
    if is_plain(first) or is_plain(second):
        return found.correlation >= PLAIN_CORRELATION and found.unlike <= MOST_UNLIKE
    if min(max(one.shape[:2]) for one in (first, second)) < SMALL_SIDE:
        return found.correlation >= COPY_CORRELATION and found.unlike == 0
    if found.unlike <= MOST_UNLIKE:
        return found.correlation >= COPY_CORRELATION
    marked = found.unlike <= MARKED and found.correlation >= MARKED_CORRELATION
    return marked and shift_of(first, second, found.matrix) <= IN_PLACE


def is_again(first: Picture, second: Picture, found: Agreement) -> bool:
    """Tell whether two photos show the same thing; pages and drawings with a common part are not the same."""
    return found.correlation >= AGAIN_CORRELATION and not (is_plain(first) or is_plain(second))


def is_plain(picture: Picture) -> bool:
    """Return whether a picture is print or a drawing on an even ground."""
    grey = grey_of(picture)
    counts = np.bincount(grey.ravel(), minlength=256)
    return bool(np.convolve(counts, np.ones(9), "same").max() >= PLAIN * grey.size)


def _quality(found: Agreement) -> tuple[float, float]:
    return -found.unlike, found.correlation


def _sized(picture: Picture) -> Picture:
    longest = max(picture.shape[:2])
    return resized(picture, min(COMPARED_SIDE, max(longest, LEAST_SIDE)))


def _compared(first: Picture, second: Picture, matrix: Matrix, *, alike: bool) -> Agreement:
    pixels = in_pixels(matrix, first, second)
    height, width = second.shape[:2]
    shrunk = scale_of(pixels)
    if shrunk < 1:
        first = np.asarray(cv2.GaussianBlur(first, (0, 0), 0.5 * np.sqrt(1 / shrunk**2 - 1) + 1e-3), np.uint8)
    laid = np.asarray(cv2.warpAffine(first, pixels, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    shown = cv2.warpAffine(np.full(first.shape[:2], 255, np.uint8), pixels, (width, height)) == 255
    if not shown.any():
        return Agreement(0.0, 1.0, 0, matrix)
    if alike:
        laid, second = _with_equal_tones(laid, second, shown)
    one, two = grey_of(laid), grey_of(second)
    if alike:
        one, two = _equally_sharp(one, two, shown)
    parts = [np.asarray(cv2.GaussianBlur(part, (0, 0), _BLUR), np.float64) for part in (one, two)]
    even = [_EVEN * max(float(part[shown].std()), 1.0) for part in parts]
    whole = _blocks(shown).all(axis=1)
    blocks = [_blocks(part)[whole] for part in parts]
    content = np.stack([part.std(axis=1) / least for part, least in zip(blocks, even, strict=True)])
    detailed = (content.min(axis=0) > 1) | (content.max(axis=0) > _CONTENT)
    n = int(np.count_nonzero(detailed))
    if n < _FEWEST_BLOCKS:
        return Agreement(0.0, 1.0, n, matrix)
    first_ones, others = (part[detailed] - part[detailed].mean(axis=1, keepdims=True) for part in blocks)
    lengths = np.sqrt((first_ones**2).sum(axis=1) * (others**2).sum(axis=1))
    each = (first_ones * others).sum(axis=1) / np.maximum(lengths, 1e-9)
    return Agreement(float(np.median(each)), float((each < UNLIKE).mean()), n, matrix)


def _with_equal_tones(first: Picture, second: Picture, shown: NDArray[np.bool_]) -> tuple[Picture, Picture]:
    """Return both pictures with the tones of the one that has more pixels at the limit of what can be stored.

    Each channel by its distribution where both are shown: what became white in one becomes white in the other.
    """
    if min(first.ndim, second.ndim) == 2 or min(_colours(one) for one in (first, second)) == 0:
        first, second = grey_of(first), grey_of(second)
    clipped = [int((one[shown] >= _CLIPPED).sum()) for one in (first, second)]
    if clipped[0] > clipped[1]:
        return first, _like(second, first, shown)
    return _like(first, second, shown), second


def _colours(picture: Picture) -> int:
    return int(np.ptp(picture[::8, ::8].astype(np.int16), axis=2).max())


def _like(picture: Picture, other: Picture, shown: NDArray[np.bool_]) -> Picture:
    channels = []
    for one, two in zip(np.atleast_3d(picture).T, np.atleast_3d(other).T, strict=True):
        counts, others = (np.cumsum(np.bincount(part.T[shown], minlength=256)) for part in (one, two))
        table = np.interp(counts, others, np.arange(256))
        channels.append(table.round().astype(np.uint8)[one.T])
    return np.stack(channels, axis=2) if picture.ndim == 3 else channels[0]


def _equally_sharp(first: Picture, second: Picture, shown: NDArray[np.bool_]) -> tuple[Picture, Picture]:
    """Return both pictures, the sharper one blurred until it is as soft as the other."""

    def sharpness(picture: Picture) -> float:
        return float(cv2.Laplacian(cv2.GaussianBlur(picture, (0, 0), _BLUR), cv2.CV_32F)[shown].std())

    if sharpness(first) < sharpness(second):
        second, first = _equally_sharp(second, first, shown)
        return first, second
    wanted = sharpness(second)
    for blur in _SOFTER:
        softer = np.asarray(cv2.GaussianBlur(first, (0, 0), blur), np.uint8)
        if sharpness(softer) < wanted:
            break
        first = softer
    return first, second


def _blocks(picture: NDArray[Any]) -> NDArray[Any]:
    """Return the pixels of each whole block; shape [blocks, pixels]."""
    rows, columns = picture.shape[0] // _BLOCK, picture.shape[1] // _BLOCK
    grid = picture[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return grid.swapaxes(1, 2).reshape(rows * columns, -1)
