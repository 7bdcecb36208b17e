"""Copies whose tones, proportions or orientation were changed, by their signatures alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.orientations import ORIENTATIONS
from datacheck.duplicates.pairs import Rows, first_of_each
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

_SWAPPED = [*range(_LOW_SIDE**2 - 1), _LOW_SIDE**2, _LOW_SIDE**2 - 1]
"""Columns of the second images' numbers, the last two exchanged."""

_BLOCK = 2048
"""Images that are compared with so many at a time: 16 MB of correlations."""


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

    Parameters
    ----------
    vectors
        Signatures of length 1, shape [N, D]; see `datacheck.duplicates.lookalikes.unit_vectors`.
    max_distance
        Largest distance.
    """
    found: list[tuple[Rows, Rows, NDArray[np.float32], NDArray[np.int8]]] = []
    second = _low(vectors)[:, _SWAPPED]
    for number, orientation in enumerate(ORIENTATIONS):
        turned = orientation.of(vectors)
        first = _low(turned)
        for start in range(0, len(vectors), _BLOCK):
            for other in range(start, len(vectors), _BLOCK):
                bound = first[start : start + _BLOCK] @ second[other : other + _BLOCK].T
                row, column = np.divmod(np.flatnonzero(bound.ravel() >= -max_distance), bound.shape[1])
                row, column = row + start, column + other
                row, column = row[row < column], column[row < column]
                distance = 1.0 - np.einsum("ij,ij->i", turned[row], vectors[column])
                near = distance <= max_distance
                numbers = np.full(np.count_nonzero(near), number, np.int8)
                found.append((row[near], column[near], distance[near], numbers))
    left, right, distance, kind = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((kind, distance, right, left))
    pairs = np.column_stack((left, right)).astype(np.int64)[order]
    new = first_of_each(pairs)
    best = order[new]
    return Neighbours(pairs[new], distance[best], kind[best])


def _low(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each signature's low frequencies a, minus half their squared length, and 1; shape [n, 37].

    With the last two columns exchanged in b, the product is a.b - |a|^2 / 2 - |b|^2 / 2 = -|a - b|^2 / 2, which is at
    least minus the distance of the whole signatures: pairs below minus the limit need not be compared any further.
    """
    grid = np.zeros((len(vectors), SIGNATURE_SIDE**2), np.float32)
    grid[:, 1:] = vectors
    low = grid.reshape(-1, SIGNATURE_SIDE, SIGNATURE_SIDE)[:, :_LOW_SIDE, :_LOW_SIDE].reshape(len(vectors), -1)[:, 1:]
    length = 0.5 * np.einsum("ij,ij->i", low, low)[:, None]
    return np.hstack((low, -length, np.ones_like(length)))


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
    near = neighbours(vectors, MAX_DISTANCE / GAP)
    seen_by_both = np.ones(len(near.pairs), dtype=bool)
    for side in (0, 1):
        seen_by_both &= _before_gap(near.pairs[:, side], near.distance)
    return near.take(seen_by_both)


def _before_gap(image: Rows, distance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return whether each pair is nearer to its image than a gap in the distances from that image; shape [P]."""
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
