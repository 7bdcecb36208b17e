"""Crops, small rotations, watermarks: pictures that are laid over one another by their details.

Keypoints (ORB: Rublee et al., "ORB: an efficient alternative to SIFT or SURF", 2011) of two pictures are matched, and
an affine map is fitted to the matches by RANSAC (Fischler and Bolles, 1981). The part that both show is then compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.details import Details, Keypoints, Picture, candidates, details_of, prepared
from datacheck.duplicates.pairs import Rows
from datacheck.duplicates.picture_pool import CHUNK, Pictures

MIN_INLIERS = 40
"""Matched details from which two pictures show the same thing.

Of 962 TrashNet photos and changed copies of 100 of them, copies have 76 and more (of crops to 70 % of each side, 94 %
have 40), and neighbouring photos 34 and less, but for the same object photographed again, which has 45 and more."""

AGAIN_CORRELATION = 0.5
"""Correlation of the median block below which a fit is an accident.

Even shapes, such as icons on white and enlarged digits, can match in 40 to 52 details with a correlation of 0; objects
that were photographed again have 0.64 and more."""

COPY_CORRELATION = 0.93
"""Correlation of the median block from which a picture is a copy: below, the object was photographed again.

Of 60 TrashNet photos, 95 % of the copies that were turned by 8 degrees, cropped to 80 % of each side, or given a
watermark have 0.97 and more, and those that were blurred 0.94; two photos of one moment 0.96 and more, and an object
photographed again from another place 0.64 to 0.81."""

UNLIKE = 0.3
"""Correlation below which a block shows something else."""

FIRM_INLIERS, UNLIKE_SHARES = 80, (0.05, 0.13)
"""Largest share of unlike blocks of a copy, with fewer matched details than the first number, and with as many.

All copies of 121 TrashNet photos stay copies: a watermark spoils at most 12.7 % of the blocks, crops, corners, quarter
turns and brightness at most 5 % where details are fewer. Of 144 pairs of neighbouring photos of hands before one wall,
another sign each, whose median block correlates like that of a copy, 6 stay."""

SAME_SIZE_INLIERS = 30
"""Matched details that a copy has where it was not rescaled: watermarked and brighter ones of those photos have 34 and
more, and most of the remaining pairs of hands fewer."""

FEWEST_INLIERS = 12
"""Matched details from which two pictures are laid over one another: fewer than `MIN_INLIERS` show the same thing only
where the blocks then correlate like those of a copy. Crops to half of the area keep 12 details where objects before an
even ground keep no 40."""

MANY_DETAILS = 280
"""Details that both pictures must have for so few to suffice.

Of 120 TrashNet photos and their parts of 70 % a side 98 % have more. Of 100 digits enlarged from 8 to 96 pixels, whose
few smooth strokes correlate however they are turned, none has more than 235."""

RESCALED = 1.2
"""Scale from which a map is refined before the blocks are compared: that of a crop to 83 % of each side.

An object that was photographed again from the same place (scale 0.96 to 1.02 in TrashNet) would be fitted so well that
it passes for a copy."""

_ITERATIONS = 30
"""Steps by which a map is refined: more change it by less than a pixel."""

_RATIO = 0.8
"""A match counts where the second best is this much worse (Lowe 2004)."""

_PIXELS_OFF = 4.0
"""Pixels by which a match may miss the fitted map: keypoints of reduced pictures are exact to about one."""

_BLOCK = 32
"""Pixels of a block's side: a watermark spoils some blocks, a shift of the viewpoint nearly all."""

_FEWEST_BLOCKS = 4
"""Fewer blocks with details in the common part say nothing."""

_EVEN = 4.0
"""A block whose grey levels deviate by less than this holds no details."""

_SIGNS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32) * 2 - 1
"""The bits of each byte as -1 and 1; shape [256, 8]."""

_BLUR = 1.0
"""Standard deviation in pixels of the blur before blocks are compared: they are laid over one another to a pixel."""


@dataclass(frozen=True)
class Registered:
    """Pairs of pictures of the same thing, laid over one another.

    Attributes
    ----------
    pairs
        Row numbers, int64, shape [P, 2], first below second.
    inliers
        Matched details, int64, shape [P].
    correlation
        Of the median block of the part that both show, float64, shape [P].
    unlike
        Share of its blocks that show something else, float64, shape [P].
    scale
        How much larger things are in the second picture, float64, shape [P]: over 1 where it is a crop of the first.
    angle
        Degrees by which the second is turned to the left, float64, shape [P].
    mirrored
        Whether the second is mirrored, bool, shape [P].
    """

    pairs: Rows
    inliers: Rows
    correlation: NDArray[np.float64]
    unlike: NDArray[np.float64]
    scale: NDArray[np.float64]
    angle: NDArray[np.float64]
    mirrored: NDArray[np.bool_]

    def reversed(self) -> Registered:
        """Return the same pairs with the second picture first."""
        return replace(self, pairs=self.pairs[:, ::-1], scale=1 / self.scale, angle=-self.angle)

    @property
    def copies(self) -> NDArray[np.bool_]:
        """Which pairs are copies; the others show the same object or scene, photographed again; shape [P]."""
        measured = zip(self.inliers, self.correlation, self.unlike, self.scale, strict=True)
        return np.array([_is_copy(*one) for one in measured], bool)


def register(
    rows: Rows, pictures: Pictures, known: Rows, *, progress: Callable[[int, int], None] | None = None
) -> Registered:
    """Return the pairs that show the same thing, with how one lies over the other.

    Each picture is compared with the few that it, or a part of it, resembles most.

    Parameters
    ----------
    rows
        Pictures to compare, ascending, int64, shape [M].
    pictures
        Grey or blue-green-red uint8, at any size.
    known
        Pairs of rows that are found already, shape [Q, 2], first below second.
    progress
        Called with (done, total) pictures; the pairs count as as many again.
    """
    kept: dict[int, Details] = {}
    found: list[tuple[float, ...] | None] = []
    for done, (row, details) in enumerate(zip(rows.tolist(), pictures.each(details_of, rows.tolist()), strict=True), 1):
        if details is not None:
            kept[row] = details
        if progress is not None:
            progress(done, 2 * len(rows))
    pairs, mirrored_ones = candidates(kept, known)
    ends = ([kept[row] for row in end] for end in pairs.T.tolist())
    compared = pictures.pool.map(
        partial(_compare, pictures.read), *ends, pairs.tolist(), mirrored_ones.tolist(), chunksize=CHUNK
    )
    for done, one in enumerate(compared, start=1):
        if isinstance(one, list):
            pictures.unread.update(one)
        found.append(None if isinstance(one, list) else one)
        if progress is not None:
            progress(len(rows) + done * len(rows) // len(pairs), 2 * len(rows))
    same = [row for row, one in enumerate(found) if one is not None]
    values = np.array([found[row] for row in same], np.float64).reshape(len(same), 6)
    inliers, correlation, unlike, scale, angle, mirrored = values.T
    return Registered(pairs[same], inliers.astype(np.int64), correlation, unlike, scale, angle, mirrored > 0)


def _compare(
    read: Callable[[int], Picture | None], first: Details, second: Details, pair: tuple[int, int], mirrored: bool
) -> tuple[float, ...] | list[int] | None:
    """Return inliers, correlation, unlike share, scale, angle and whether mirrored; None where two pictures differ.

    A list has the pictures that cannot be read a second time.
    """
    inliers, matrix = _fit(first.mirrored if mirrored else first.plain, second.plain)
    many = min(len(first.plain[0]), len(second.plain[0])) >= MANY_DETAILS
    if matrix is None or inliers < (FEWEST_INLIERS if many else MIN_INLIERS):
        return None
    one, two = (prepared(read(row)) for row in pair)
    if one is None or two is None:
        return [row for row, picture in zip(pair, (one, two), strict=True) if picture is None]
    one = np.ascontiguousarray(one[:, ::-1]) if mirrored else one
    correlation, unlike = _agreement(one, two, matrix)
    scale = _scale(matrix)
    if AGAIN_CORRELATION <= correlation < COPY_CORRELATION and _factor(scale) > RESCALED:
        finer = _refined(one, two, matrix)
        known = correlation, unlike, matrix
        correlation, unlike, matrix = max(known, (*_agreement(one, two, finer), finer), key=itemgetter(0))
    if not (
        correlation >= AGAIN_CORRELATION if inliers >= MIN_INLIERS else _is_copy(inliers, correlation, unlike, scale)
    ):
        return None
    angle = float(np.degrees(np.arctan2(-matrix[1, 0], matrix[0, 0])))
    return inliers, correlation, unlike, _scale(matrix), angle, mirrored


def _factor(scale: float) -> float:
    """Return how far a scale is from 1, whichever picture is the larger one."""
    return max(scale, 1 / max(scale, 1e-6))


def _is_copy(inliers: float, correlation: float, unlike: float, scale: float) -> bool:
    """Tell a copy from another photo of the same thing."""
    if inliers < SAME_SIZE_INLIERS and _factor(scale) < RESCALED:
        return False
    return bool(correlation >= COPY_CORRELATION and unlike <= UNLIKE_SHARES[int(inliers >= FIRM_INLIERS)])


def _scale(matrix: NDArray[np.float64]) -> float:
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def _fit(first: Keypoints, second: Keypoints) -> tuple[int, NDArray[np.float64] | None]:
    """Return how many details agree with the affine map of the first picture onto the second, and the map [2, 3]."""
    (places, descriptors), (others, other_descriptors) = first, second
    if min(len(places), len(others)) < FEWEST_INLIERS:
        return 0, None
    sure, match = _matches(descriptors, other_descriptors)
    if len(sure) < FEWEST_INLIERS:
        return 0, None
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.estimateAffine2D(
        places[sure], others[match], method=cv2.RANSAC, ransacReprojThreshold=_PIXELS_OFF, maxIters=500
    )
    return (0, None) if matrix is None else (int(inliers.sum()), np.asarray(matrix, np.float64))


def _matches(descriptors: NDArray[np.uint8], others: NDArray[np.uint8]) -> tuple[Rows, Rows]:
    """Return the descriptors whose nearest among others is clearly nearer than the next, and that nearest one.

    Of bits as -1 and 1, the product is the number of bits less twice those that differ: a product of matrices takes a
    third of the time that counting bits does.
    """
    alike = _SIGNS[descriptors].reshape(len(descriptors), -1) @ _SIGNS[others].reshape(len(others), -1).T
    each = np.arange(len(alike))
    nearest = alike.argmax(axis=1)
    best = alike[each, nearest]
    alike[each, nearest] = -np.inf
    n_bits = 8 * descriptors.shape[1]
    sure = np.flatnonzero(n_bits - best < _RATIO * (n_bits - alike.max(axis=1)))
    return sure, nearest[sure]


def _refined(first: Picture, second: Picture, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the map of the first picture onto the second after it was fitted to their grey levels.

    By the enhanced correlation coefficient (Evangelidis and Psarakis, 2008); the given map where that does not settle.
    """
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ITERATIONS, 1e-4)
    back = np.asarray(cv2.invertAffineTransform(matrix), np.float32)
    try:
        _, back = cv2.findTransformECC(second, first, back, cv2.MOTION_AFFINE, criteria, None, 5)  # type: ignore[call-overload]
    except cv2.error:
        return matrix
    return np.asarray(cv2.invertAffineTransform(back), np.float64)


def _agreement(first: Picture, second: Picture, matrix: NDArray[np.float64]) -> tuple[float, float]:
    """Return the median correlation of the blocks that both pictures show, and the share of those that are unlike.

    0 and 1 where there are too few blocks with details.
    """
    height, width = second.shape
    laid = cv2.GaussianBlur(cv2.warpAffine(first, matrix, (width, height)), (0, 0), _BLUR)
    shown = cv2.warpAffine(np.full_like(first, 255), matrix, (width, height)) == 255
    parts = [_blocks(np.asarray(part, np.float64)) for part in (laid, cv2.GaussianBlur(second, (0, 0), _BLUR))]
    detailed = _blocks(shown).all(axis=1) & (np.minimum(*(part.std(axis=1) for part in parts)) > _EVEN)
    if np.count_nonzero(detailed) < _FEWEST_BLOCKS:
        return 0.0, 1.0
    one, other = (part[detailed] - part[detailed].mean(axis=1, keepdims=True) for part in parts)
    lengths = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    each = (one * other).sum(axis=1) / lengths
    return float(np.median(each)), float((each < UNLIKE).mean())


def _blocks(picture: NDArray[Any]) -> NDArray[Any]:
    """Return the pixels of each whole block; shape [blocks, pixels]."""
    rows, columns = picture.shape[0] // _BLOCK, picture.shape[1] // _BLOCK
    grid = picture[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return grid.swapaxes(1, 2).reshape(rows * columns, -1)
