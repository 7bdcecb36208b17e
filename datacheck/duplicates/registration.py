"""Crops, small rotations, watermarks: pictures that are laid over one another by their details.

Keypoints (ORB: Rublee et al., "ORB: an efficient alternative to SIFT or SURF", 2011) of two pictures are matched, and
an affine map is fitted to the matches by RANSAC (Fischler and Bolles, 1981). The part that both show is then compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.agreement import agreement, is_again, is_copy, is_plain
from datacheck.duplicates.details import Details, Keypoints, candidates, details_of, finer_keypoints, prepared
from datacheck.duplicates.laid_over import Picture, in_shares, scale_of
from datacheck.duplicates.pairs import Rows
from datacheck.duplicates.picture_pool import CHUNK, Pictures

MIN_INLIERS = 40
"""Matched details from which two pictures show the same thing.

Of 962 TrashNet photos and changed copies of 100 of them, copies have 76 and more (of crops to 70 % of each side, 94 %
have 40), and neighbouring photos 34 and less, but for the same object photographed again, which has 45 and more."""

FEWEST_INLIERS = 12
"""Matched details from which two pictures are laid over one another: fewer than `MIN_INLIERS` show the same thing only
where they then agree like copies. Crops to half of the area keep 12 details where objects before an even ground keep
no 40."""

MANY_DETAILS = 280
"""Details that both pictures must have for so few to suffice.

Of 120 TrashNet photos and their parts of 70 % a side 98 % have more. Of 100 digits enlarged from 8 to 96 pixels, whose
few smooth strokes correlate however they are turned, none has more than 235."""

DRAWN_DETAILS = 400
"""Details that print and drawings must have to be laid over one another: one stroke, with up to 281, agrees with
another, and receipts have 450 and more."""

_RATIO = 0.8
"""A match counts where the second best is this much worse (Lowe 2004)."""

_PIXELS_OFF = 4.0
"""Pixels by which a match may miss the fitted map: keypoints of reduced pictures are exact to about one."""

_SIGNS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32) * 2 - 1
"""The bits of each byte as -1 and 1; shape [256, 8]."""


@dataclass(frozen=True)
class Registered:
    """Pairs of pictures of the same thing, laid over one another.

    Attributes
    ----------
    pairs
        Row numbers, int64, shape [P, 2], first below second.
    copies
        Which pairs are copies, bool, shape [P]; the others show the same object or scene, photographed again.
    scale
        How much larger things are in the second picture, float64, shape [P]: over 1 where it is a crop of the first.
    angle
        Degrees by which the second is turned to the left, float64, shape [P].
    mirrored
        Whether the second is mirrored, bool, shape [P].
    """

    pairs: Rows
    copies: NDArray[np.bool_]
    scale: NDArray[np.float64]
    angle: NDArray[np.float64]
    mirrored: NDArray[np.bool_]

    def reversed(self) -> Registered:
        """Return the same pairs with the second picture first."""
        return replace(self, pairs=self.pairs[:, ::-1], scale=1 / self.scale, angle=-self.angle)


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
    pairs, mirrored_ones, close = candidates(kept, known)
    ends = ([kept[row] for row in end] for end in pairs.T.tolist())
    compared = pictures.pool.map(
        partial(_compare, pictures.read),
        *ends,
        pairs.tolist(),
        zip(mirrored_ones.tolist(), close.tolist(), strict=True),
        chunksize=CHUNK,
    )
    for done, one in enumerate(compared, start=1):
        if isinstance(one, list):
            pictures.unread.update(one)
        found.append(None if isinstance(one, list) else one)
        if progress is not None:
            progress(len(rows) + done * len(rows) // len(pairs), 2 * len(rows))
    same = [row for row, one in enumerate(found) if one is not None]
    copies, scale, angle, mirrored = np.array([found[row] for row in same], np.float64).reshape(len(same), 4).T
    return Registered(pairs[same], copies > 0, scale, angle, mirrored > 0)


def _compare(
    read: Callable[[int], Picture | None],
    first: Details,
    second: Details,
    pair: tuple[int, int],
    mirrored_and_close: tuple[bool, bool],
) -> tuple[float, ...] | list[int] | None:
    """Return whether two pictures are copies, scale, angle and whether mirrored; None where they are not the same.

    A list has the pictures that cannot be read a second time.
    """
    mirrored, close = mirrored_and_close
    fitted = _fit(first.mirrored if mirrored else first.plain, second.plain)
    details = min(len(first.plain[0]), len(second.plain[0]))
    many = details >= MANY_DETAILS
    fewest = FEWEST_INLIERS if many else MIN_INLIERS
    twice = close and many
    if fitted[0] < fewest and not twice:
        return None
    one, two = (read(row) for row in pair)
    if one is None or two is None:
        return [row for row, picture in zip(pair, (one, two), strict=True) if picture is None]
    if details < DRAWN_DETAILS and (is_plain(one) or is_plain(two)):
        return None
    one = np.ascontiguousarray(one[:, ::-1]) if mirrored else one
    found = _judged(one, two, *fitted) if fitted[0] >= fewest else None
    if twice and (found is None or not found[0]):
        finer = _judged(one, two, *_fit(finer_keypoints(one), finer_keypoints(two)))
        found = finer if finer is not None and finer[0] else found
    return None if found is None else (*found, mirrored)


def _judged(
    one: Picture, two: Picture, inliers: int, matrix: NDArray[np.float64] | None
) -> tuple[bool, float, float] | None:
    """Return whether two pictures are copies, scale and angle; None where they are not the same."""
    if matrix is None:
        return None
    found = agreement(one, two, in_shares(matrix, prepared(one), prepared(two)))
    same = is_copy(one, two, found)
    if not same and (inliers < MIN_INLIERS or not is_again(one, two, found)):
        return None
    angle = float(np.degrees(np.arctan2(-found.matrix[1, 0], found.matrix[0, 0])))
    return same, scale_of(found.matrix), angle


def _fit(first: Keypoints, second: Keypoints) -> tuple[int, NDArray[np.float64] | None]:
    """Return how many details agree with the affine map of the first picture onto the second, and the map [2, 3]."""
    (places, descriptors), (others, other_descriptors) = first, second
    if min(len(places), len(others)) < FEWEST_INLIERS:
        return 0, None
    bits = descriptors.dtype == np.uint8
    sure, match = _matches((_bits_apart if bits else _lengths_apart)(descriptors, other_descriptors))
    if len(sure) < FEWEST_INLIERS:
        return 0, None
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.estimateAffine2D(
        places[sure], others[match], method=cv2.RANSAC, ransacReprojThreshold=_PIXELS_OFF, maxIters=500
    )
    return (0, None) if matrix is None else (int(inliers.sum()), np.asarray(matrix, np.float64))


def _matches(apart: NDArray[np.float32]) -> tuple[Rows, Rows]:
    """Return the descriptors whose nearest among others is clearly nearer than the next, and that nearest one."""
    each = np.arange(len(apart))
    nearest = apart.argmin(axis=1)
    best = apart[each, nearest]
    apart[each, nearest] = np.inf
    sure = np.flatnonzero(best < _RATIO * apart.min(axis=1))
    return sure, nearest[sure]


def _bits_apart(descriptors: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float32]:
    """Return twice the number of bits that differ.

    Of bits as -1 and 1, the product is the number of bits less twice those that differ: a product of matrices takes a
    third of the time that counting bits does.
    """
    one, other = (_SIGNS[part].reshape(len(part), -1) for part in (descriptors, others))
    return np.asarray(one.shape[1] - one @ other.T, np.float32)


def _lengths_apart(descriptors: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float32]:
    """Return how far descriptors of length 1 lie apart."""
    return np.asarray(np.sqrt(np.maximum(2 - 2 * (descriptors @ others.T), 0)), np.float32)
