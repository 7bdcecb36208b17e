"""What is kept of a picture to compare it with others, and which others are worth comparing with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.laid_over import Picture, grey_of, resized
from datacheck.duplicates.lookalikes import of_length_one
from datacheck.duplicates.orientations import ORIENTATIONS
from datacheck.duplicates.pairs import Rows, first_of_each, not_among
from datacheck.scanning.measure import HASH_SIDE, perceptual_hashes

Keypoints = tuple[NDArray[np.float32], NDArray[np.uint8 | np.float32]]
"""Places [n, 2], and descriptors: bits [n, 32] or lengths of 1 [n, 128]."""

LONG_SIDE = 320
"""Pixels of the long side at which pictures are compared: details are still seen, and it takes 2 ms a pair."""

SMALL_LONG_SIDE = 256
"""The same for pictures of at most a quarter of that: enlarged further, no more copies are found."""

_CANDIDATES = 10
"""Pictures that each is compared with."""

_WINDOWS = tuple(
    (scale, left, top) for scale in (0.85, 0.7) for left, top in ((0.5, 0.5), (0, 0), (0, 1), (1, 0), (1, 1))
)
"""Parts of a picture that others are compared with: share of each side, and place from left and top (0 to 1)."""

_ANGLES = (-7.0, 7.0)
"""Degrees by which the whole picture is turned for comparison: those between 2 and 12 resemble one of them."""

_MIDDLE = (128.0,)
"""Grey level of the corners that a turned picture leaves empty."""

_ALWAYS = 3
"""The nearest pictures, which are compared whatever they resemble."""

_LEAST_RESEMBLANCE = 0.88
"""The others are not compared if they correlate less than this at 12 x 12 frequencies.

Of 100 TrashNet photos, 99 % of the crops, small rotations, watermarks and changes in tone have 0.88 and more; half of
the photos have no other photo above 0.87."""

_CLOSE = 0.94
"""Resemblance from which the nearest picture is looked at twice: see `Candidates.close`.

Of seven parts of 70 % a side of TrashNet photos that ORB does not lay over their photo, six resemble it so much, and
12 % of the photos another photo."""

_ROWS = 512
"""Images that are compared with all others at a time."""

_KEYPOINTS = 500
"""Keypoints of a picture: more take longer and find no more copies."""


@dataclass(frozen=True)
class Details:
    """What is kept of a picture to compare it.

    Attributes
    ----------
    plain, mirrored
        Places [n, 2] and descriptors [n, 32] of its keypoints, as it is and mirrored.
    windows
        Signatures of length 1 of the whole picture, of its `_WINDOWS`, and turned a little; shape [13, D].
    """

    plain: Keypoints
    mirrored: Keypoints
    windows: NDArray[np.float32]


class Candidates(NamedTuple):
    """Pairs that are worth comparing.

    Attributes
    ----------
    pairs
        Row numbers, int64, shape [P, 2], first below second.
    mirrored
        Whether one seems mirrored, bool, shape [P].
    close
        Whether one is the nearest picture of the other, and resembles it closely, bool, shape [P].
    """

    pairs: Rows
    mirrored: NDArray[np.bool_]
    close: NDArray[np.bool_]


def details_of(picture: Picture | None) -> Details | None:
    """Return the keypoints and signatures of a picture; None where there is none."""
    if picture is None:
        return None
    grey = prepared(picture)
    height, width = grey.shape
    parts = [grey]
    for scale, left, top in _WINDOWS:
        x, y = round(left * (1 - scale) * width), round(top * (1 - scale) * height)
        parts.append(grey[y : y + max(1, round(scale * height)), x : x + max(1, round(scale * width))])
    for angle in _ANGLES:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        parts.append(np.asarray(cv2.warpAffine(grey, turn, (width, height), borderValue=_MIDDLE), np.uint8))
    _, signatures, _ = perceptual_hashes(np.stack([_hash_input(part) for part in parts]))
    return Details(*_keypoints(grey), of_length_one(signatures))


def prepared(picture: Picture) -> Picture:
    """Return a picture in grey, `LONG_SIDE` pixels long (or `SMALL_LONG_SIDE`), its tones spread evenly."""
    side = SMALL_LONG_SIDE if 4 * max(picture.shape[:2]) <= SMALL_LONG_SIDE else LONG_SIDE
    return np.asarray(cv2.equalizeHist(resized(grey_of(picture), side)), np.uint8)


def _hash_input(grey: Picture) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(grey, (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA), np.float32)


def _keypoints(grey: Picture) -> tuple[Keypoints, Keypoints]:
    """Return the keypoints of a picture, and of the same picture mirrored: the same corners, described anew."""
    detector = cv2.ORB_create(_KEYPOINTS, fastThreshold=7)  # type: ignore[attr-defined]
    plain = detector.detectAndCompute(grey, None)
    last = grey.shape[1] - 1
    turned = [
        cv2.KeyPoint(last - one.pt[0], one.pt[1], one.size, (180 - one.angle) % 360, one.response, one.octave)
        for one in plain[0]
    ]
    return _as_arrays(plain), _as_arrays(detector.compute(np.ascontiguousarray(grey[:, ::-1]), turned))


def finer_keypoints(picture: Picture) -> Keypoints:
    """Return keypoints that are found again at any scale, at ten times the cost.

    By SIFT (Lowe 2004); the square roots of its histograms are compared (Arandjelovic and Zisserman, "Three things
    everyone should know to improve object retrieval", 2012).
    """
    detector = cv2.SIFT_create(_KEYPOINTS, contrastThreshold=0.01)  # type: ignore[attr-defined]
    points, histograms = detector.detectAndCompute(prepared(picture), None)
    if not points:
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    sums = np.maximum(histograms.sum(axis=1, keepdims=True), 1e-6)
    return np.array([point.pt for point in points], np.float32), np.sqrt(histograms / sums)


def _as_arrays(found: tuple[Sequence[Any], NDArray[np.uint8] | None]) -> Keypoints:
    points, descriptors = found
    if not points or descriptors is None:
        return np.empty((0, 2), np.float32), np.empty((0, 32), np.uint8)
    return np.array([point.pt for point in points], np.float32), descriptors


def candidates(details: Mapping[int, Details], known: Rows) -> Candidates:
    """Return the pairs that are worth comparing, each once and none of the known.

    Each picture is paired with the `_CANDIDATES` pictures that resemble it most, in any orientation, or one of its
    windows, as it is or mirrored: a crop resembles the window that it was cut from.
    """
    rows = np.array(sorted(details), np.int64)
    n = len(rows)
    if n < 2:
        return Candidates(np.empty((0, 2), np.int64), np.empty(0, bool), np.empty(0, bool))
    windows = np.stack([details[row].windows for row in rows.tolist()])
    whole = np.ascontiguousarray(windows[:, 0])
    parts = []
    for start in range(0, n, _ROWS):
        block = np.arange(start, min(start + _ROWS, n))
        plain, turned = (_resemblance(windows[block], whole, mirrored=mirrored) for mirrored in (False, True))
        best = np.maximum(plain, turned)
        best[np.arange(len(block)), block] = -np.inf
        count = min(_CANDIDATES, n - 1)
        near = np.argpartition(-best, count - 1, axis=1)[:, :count]
        least = np.sort(np.take_along_axis(best, near, axis=1), axis=1)[:, -min(_ALWAYS, count)]
        row = np.repeat(np.arange(len(block)), count)
        close = best[row, near.ravel()] >= np.minimum(least, _LEAST_RESEMBLANCE)[row]
        row, near = row[close], near.ravel()[close]
        ends = np.sort(np.column_stack((rows[block[row]], rows[near])), axis=1)
        nearest = (best.argmax(axis=1)[row] == near) & (best[row, near] >= _CLOSE)
        parts.append((ends, best[row, near], turned[row, near] > plain[row, near], nearest))
    pairs, resemblance, mirrored, nearest = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((-resemblance, pairs[:, 1], pairs[:, 0]))
    pairs, mirrored, nearest = pairs[order], mirrored[order], nearest[order]
    first = first_of_each(pairs)
    close = np.logical_or.reduceat(nearest, np.flatnonzero(first))
    new = not_among(pairs[first], known)
    return Candidates(pairs[first][new], mirrored[first][new], close[new])


def _resemblance(windows: NDArray[np.float32], whole: NDArray[np.float32], *, mirrored: bool) -> NDArray[np.float32]:
    """Return how much each picture, or a window of it, resembles each other at best; shape [n, N]."""
    turns = [one for one in ORIENTATIONS if (one.transposed + one.upside_down + one.mirrored) % 2 == mirrored]
    best = np.full((len(windows), len(whole)), -np.inf, np.float32)
    for orientation in turns:
        np.maximum(best, orientation.of(np.ascontiguousarray(windows[:, 0])) @ whole.T, out=best)
    for window in range(1, windows.shape[1]):
        np.maximum(best, ORIENTATIONS[mirrored].of(np.ascontiguousarray(windows[:, window])) @ whole.T, out=best)
    return best
