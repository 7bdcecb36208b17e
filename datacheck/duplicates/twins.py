"""Copies whose tones, proportions or orientation were changed, by their signatures alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.orientations import ORIENTATIONS
from datacheck.duplicates.pairs import Rows
from datacheck.scanning.measurements import SIGNATURE_SIDE

MAX_DISTANCE = 0.02
"""Largest distance (one minus the correlation of 12 x 12 frequencies) between a picture and its copy.

Of 200 TrashNet photos, 95 % are nearer than 0.025 to a copy that is 25 % brighter, and than 0.01 to one of half as much
contrast again; grey, darker, scaled, squashed, mirrored and rotated copies than 0.001. The median distance to the
nearest other photo is 0.18."""

GAP = 0.125
"""Largest distance of a copy as a share of the distance to the next image that is none.

Stricter than `datacheck.duplicates.lookalikes.MAX_RATIO`: along a film, distances grow with the square of the number of
frames, so the frame after the next is four times as far as the next."""

MAX_IMAGES = 120_000
"""With more images the search would take longer than the scan: its time grows with the square of their number."""

_NEIGHBOURS = 24
"""Neighbours that are kept of an image: a picture with more copies than this is a crowd, not a copy."""

_LEAST = 1e-4
"""Distances below this are rounding: signatures are stored in bytes."""

_LOW_SIDE = 6
"""Frequencies a side that are compared first: they hold most of a picture, in a quarter of the numbers."""

_BLOCK = 2048
"""Images that are compared with so many at a time: 16 MB of correlations."""

_SLACK = 1e-5
"""Added to limits of sums in single precision, so that rounding loses no pair."""

_TIE = 1e-6
"""Of orientations whose distances differ by less, the first counts: a symmetric picture is not called mirrored."""

_SIGNS = np.concatenate([one.of(np.ones((1, SIGNATURE_SIDE**2 - 1), np.float32)) for one in ORIENTATIONS])
"""Sign that each orientation gives to each frequency; shape [8, D]."""

_TRANSPOSED = 4
"""The first of the `ORIENTATIONS` in which rows and columns change places; so do they in all after it."""

_SIGN_HALVES = (_SIGNS[:_TRANSPOSED], _SIGNS[_TRANSPOSED:])


@dataclass(frozen=True)
class Neighbours:
    """Pairs of images that correlate, in the orientation in which they do so best.

    Attributes
    ----------
    pairs
        Row numbers, int64, shape [P, 2], first below second.
    distance
        One minus their correlation, float32, shape [P].
    orientation
        Index in `ORIENTATIONS` of what makes the second of the first, int8, shape [P].
    """

    pairs: Rows
    distance: NDArray[np.float32]
    orientation: NDArray[np.int8]

    def take(self, kept: NDArray[np.bool_] | Rows) -> Neighbours:
        """Return some of the pairs."""
        return Neighbours(self.pairs[kept], self.distance[kept], self.orientation[kept])


def neighbours(vectors: NDArray[np.float32], max_distance: float) -> Neighbours:
    """Return all pairs within a distance in some orientation, each once; time grows with the square of N.

    All orientations are compared at once, by what none of them changes: see `_unchanged`. For distances far below the
    usual ones, that leaves few pairs to compare in each.

    Parameters
    ----------
    vectors
        Signatures of length 1, shape [N, D]; see `datacheck.duplicates.lookalikes.unit_vectors`.
    max_distance
        Largest distance.
    """
    bounds = _unchanged(vectors)
    return _searched(np.arange(len(vectors)), len(vectors), vectors, bounds[None], bounds, max_distance)


def neighbours_of(images: Rows, vectors: NDArray[np.float32], max_distance: float) -> Neighbours:
    """Return the pairs within a distance that have at least one of the given images; see `neighbours`.

    Parameters
    ----------
    images
        Row numbers, each once, int64, shape [M]; time grows with M times N.
    vectors, max_distance
        As for `neighbours`.
    """
    others = np.ones(len(vectors), dtype=bool)
    others[images] = False
    order = np.concatenate((images, np.flatnonzero(others)))
    first = np.stack([_low(orientation.of(vectors[images])) for orientation in ORIENTATIONS])
    return _searched(order, len(images), vectors, first, _low(vectors[order]), max_distance)


def _searched(
    order: Rows,
    n_first: int,
    vectors: NDArray[np.float32],
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    max_distance: float,
) -> Neighbours:
    """Compare the first images of an order with those after them: all in which half the squared distance allows it.

    ``first`` [K, n_first, B] and ``second`` [N, B] are in that order; the least of their K distances is at most that of
    the signatures.
    """
    found = [Neighbours(np.empty((0, 2), np.int64), np.empty(0, np.float32), np.empty(0, np.int8))]
    first_length, second_length = (0.5 * np.einsum("...i,...i->...", one, one) for one in (first, second))
    for start in range(0, n_first, _BLOCK):
        stop = min(start + _BLOCK, n_first)
        rows = np.concatenate((first[:, start:stop], -first_length[:, start:stop, None]), axis=2)
        for other in range(start, len(order), _BLOCK):
            columns = second[other : other + _BLOCK]
            columns = np.hstack((columns, np.ones((len(columns), 1), np.float32))).T
            least = second_length[other : other + _BLOCK] - max_distance - _SLACK
            hits = [(one @ columns >= least).ravel() for one in rows]
            row, column = np.divmod(np.flatnonzero(np.logical_or.reduce(hits)), columns.shape[1])
            row, column = row + start, column + other
            later = row < column
            found.append(_compared(vectors, order[row[later]], order[column[later]], max_distance))
    pairs, distance, kind = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("pairs", "distance", "orientation")
    )
    return Neighbours(pairs, distance, kind).take(np.lexsort((pairs[:, 1], pairs[:, 0])))


def _compared(vectors: NDArray[np.float32], one: Rows, other: Rows, max_distance: float) -> Neighbours:
    """Return those of some pairs that lie within a distance, in the orientation in which they are nearest."""
    pairs = np.sort(np.column_stack((one, other)), axis=1)
    distances, kinds = np.empty(len(pairs), np.float32), np.empty(len(pairs), np.int8)
    transposition = ORIENTATIONS[_TRANSPOSED]
    for start in range(0, len(pairs), _BLOCK):
        part = slice(start, start + _BLOCK)
        first, second = vectors[pairs[part, 0]], vectors[pairs[part, 1]]
        turned = (first, transposition.of(first))
        correlation = np.hstack([(each * second) @ signs.T for each, signs in zip(turned, _SIGN_HALVES, strict=True)])
        kinds[part] = (correlation - _TIE * np.arange(len(ORIENTATIONS))).argmax(axis=1)
        distances[part] = 1.0 - correlation.max(axis=1)
    near = distances <= max_distance
    return Neighbours(pairs[near], distances[near], kinds[near])


def _grid(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the low frequencies of signatures as a square, the constant one as 0; shape [n, 6, 6]."""
    grid = np.zeros((len(vectors), SIGNATURE_SIDE**2), np.float32)
    grid[:, 1:] = vectors
    return grid.reshape(-1, SIGNATURE_SIDE, SIGNATURE_SIDE)[:, :_LOW_SIDE, :_LOW_SIDE]


def _low(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each signature's low frequencies; shape [n, 36].

    Half the squared distance of two is at most that of the whole signatures, which is one minus their correlation.
    """
    return _grid(vectors).reshape(len(vectors), -1)


def _unchanged(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what mirroring and turning do not change in the low frequencies; shape [n, 36].

    They change signs, and exchange rows and columns. So of each frequency and the one across the diagonal, the larger
    and the smaller absolute value remain. Neither step enlarges a distance: two signatures are at most as far apart
    here as in their best orientation.
    """
    size = np.abs(_grid(vectors))
    across = size.transpose(0, 2, 1)
    upper = np.triu(np.ones((_LOW_SIDE, _LOW_SIDE), dtype=bool))
    return np.where(upper, np.maximum(size, across), np.minimum(size, across)).reshape(len(vectors), -1)


def find_twins(vectors: NDArray[np.float32]) -> Neighbours:
    """Return the pairs of images one of which is a copy of the other with other tones, proportions or orientation.

    A copy lies within `MAX_DISTANCE` in one of the eight orientations, and there is a gap: the next image that is no
    copy is at least eight times as far (`GAP`; the ratio test of Lowe, "Distinctive image features from
    scale-invariant keypoints", 2004, for a picture with several copies). Both images must see it so. Frames of a film
    or drawings of one digit lie at all distances and have no gap.

    Parameters
    ----------
    vectors
        Signatures of length 1, shape [N, D]. With more than `MAX_IMAGES` nothing is searched for.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> vectors = rng.normal(size=(50, 143)).astype(np.float32)
    >>> vectors[7] = ORIENTATIONS[1].of(vectors[3:4])[0]
    >>> twins = find_twins(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    >>> twins.pairs.tolist(), ORIENTATIONS[twins.orientation[0]].words
    ([[3, 7]], 'mirrored')
    """
    if len(vectors) < 2 or len(vectors) > MAX_IMAGES:
        return Neighbours(np.empty((0, 2), np.int64), np.empty(0, np.float32), np.empty(0, np.int8))
    close = neighbours(vectors, MAX_DISTANCE)
    if not len(close.pairs):
        return close
    near = neighbours_of(np.unique(close.pairs), vectors, MAX_DISTANCE / GAP)
    from_both = _before_gap(near.pairs.T.ravel(), np.tile(near.distance, 2))
    return near.take(np.asarray(from_both.reshape(2, -1).all(axis=0)))


def _before_gap(image: Rows, distance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return whether each neighbour is nearer to its image than a gap in the distances from that image; shape [P].

    Each pair must be there from both sides: all neighbours of an image count, those before it and those after it.
    """
    order = np.lexsort((distance, image))
    sorted_image, sorted_distance = image[order], np.maximum(distance[order], _LEAST)
    following = np.full(len(order), MAX_DISTANCE / GAP, np.float32)  # beyond what was looked for
    same = sorted_image[1:] == sorted_image[:-1]
    following[:-1][same] = sorted_distance[1:][same]
    start = np.flatnonzero(np.concatenate(([True], ~same))) if len(order) else np.empty(0, np.int64)
    place = np.arange(len(order)) - np.repeat(start, np.diff(np.append(start, len(order))))
    gap = (sorted_distance <= MAX_DISTANCE) & (sorted_distance <= GAP * following) & (place < _NEIGHBOURS)
    # The last gap of each image: everything up to it is a copy.
    group = np.cumsum(np.concatenate(([True], ~same))) - 1 if len(order) else np.empty(0, np.int64)
    last = np.full(len(start), -1, np.int64)
    np.maximum.at(last, group[gap], place[gap])
    kept = np.empty(len(order), dtype=bool)
    kept[order] = place <= last[group]
    return kept
