"""Pairs of images with similar perceptual hashes whose other properties agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.hamming import hamming_pairs
from datacheck.scanning.measurements import Measurements

Rows = NDArray[np.int64]

TOLERANCES = (
    ("log_aspect", 0.05),
    ("mean_red", 0.06),
    ("mean_green", 0.06),
    ("mean_blue", 0.06),
    ("std_red", 0.04),
    ("std_green", 0.04),
    ("std_blue", 0.04),
)
"""How far the properties of two near duplicates may lie apart: what re-encoding, scaling and slight edits change."""

SMALL_SIDE = 24
"""Images with fewer pixels a side have hardly more pixels than their hash has bits: see `_tolerance`."""

SMALL_FACTOR = 20
"""Small images must agree within a twentieth of the tolerances: hardly more than rounding."""

_CROWDED = 64
"""More images than this under one hash (blank pages, one still scene) are thinned to one for each shade."""
_MAX_CANDIDATES = 4_000_000
"""Candidate pairs that are compared at a time: about 500 MB of properties."""
MAX_HASH_PAIRS = 500_000
"""Pairs of hashes whose images are joined at a time."""


def near_duplicate_pairs(
    hashes: NDArray[np.uint64],
    features_of: Callable[[Rows], NDArray[np.float64]],
    small: NDArray[np.bool_],
    max_distance: int,
) -> tuple[Rows, NDArray[np.int8], bool]:
    """Find the pairs within the Hamming distance whose features confirm them.

    Parameters
    ----------
    hashes, small
        Perceptual hashes [N], and whether the image is small [N].
    features_of
        Given some rows [n], ascending, returns their properties named in `TOLERANCES`, [n, 7]; asked once, for the rows
        whose hash is near that of another row.
    max_distance
        Largest number of differing bits.

    Returns
    -------
    pairs, distance, complete
        int64 [P, 2], int8 [P], and whether no limit cut the list.
    """
    rows, near, complete = _with_neighbours(hashes, max_distance)
    hashes, features, small = hashes[rows], features_of(rows), small[rows]
    unique, number = np.unique(hashes, return_inverse=True)
    kept, crowd_pairs = _thin_crowds(number, features, small)
    green = _sort_key(features)
    order = kept[np.lexsort((green[kept], number[kept]))]
    position = number[order] + green[order] / 4
    del kept, green
    same = np.arange(len(unique))[np.bincount(number[order], minlength=len(unique)) > 1]
    hash_pairs = np.concatenate((np.searchsorted(unique, near), np.column_stack((same, same))))
    parts = [crowd_pairs]
    for left, right in _range_join(hash_pairs, position, number[order], order):
        sure = _confirmed(left, right, hashes, features, small)
        parts.append(np.column_stack((left[sure], right[sure])))
    pairs = np.concatenate(parts)
    pairs.sort(axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    distance = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).astype(np.int8)
    return rows[pairs], distance, complete


def _with_neighbours(hashes: NDArray[np.uint64], max_distance: int) -> tuple[Rows, NDArray[np.uint64], bool]:
    """Return the rows whose hash is within the distance of another row's, ascending, and the pairs of unequal hashes.

    Most rows of a large dataset have no neighbour, and nothing else is held for them. The third value says whether the
    pairs are complete.
    """
    ascending = np.sort(hashes)
    first = np.ones(len(hashes), dtype=bool)
    first[1:] = ascending[1:] != ascending[:-1]
    repeated = np.unique(ascending[~first])
    unique = ascending[first]
    del ascending, first
    pairs, _, complete = hamming_pairs(unique, max_distance)
    near = unique[pairs]
    wanted = np.union1d(near.ravel(), repeated)
    if not len(wanted):
        return np.empty(0, np.int64), near, complete
    place = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
    return np.flatnonzero(wanted[place] == hashes), near, complete


def _range_join(hash_pairs: Rows, position: NDArray[np.float64], number: Rows, order: Rows) -> list[tuple[Rows, Rows]]:
    """Join the images under two hashes where their sort keys are close; ``order`` sorts them by hash and key."""
    size = np.bincount(number, minlength=int(hash_pairs.max(initial=-1)) + 1)
    start = np.concatenate(([0], np.cumsum(size)))
    swap = size[hash_pairs[:, 0]] > size[hash_pairs[:, 1]]
    hash_pairs = np.where(swap[:, None], hash_pairs[:, ::-1], hash_pairs)
    reach = _tolerance_of_key() / 4
    joined = []
    for block in np.array_split(hash_pairs, max(1, len(hash_pairs) // MAX_HASH_PAIRS)):
        source = _expand(start[block[:, 0]], size[block[:, 0]])
        target = np.repeat(block[:, 1], size[block[:, 0]])
        centre = target + (position[source] - number[source])
        low = np.maximum(np.searchsorted(position, centre - reach), start[target])
        high = np.minimum(np.searchsorted(position, centre + reach, side="right"), start[target + 1])
        low = np.where(number[source] == target, np.maximum(low, source + 1), low)
        count = np.maximum(high - low, 0)
        cuts = np.searchsorted(np.cumsum(count), np.arange(1, count.sum() // _MAX_CANDIDATES + 1) * _MAX_CANDIDATES)
        for part in np.split(np.arange(len(source)), cuts):
            left = np.repeat(source[part], count[part])
            joined.append((order[left], order[_expand(low[part], count[part])]))
    return joined


def _expand(start: Rows, count: Rows) -> Rows:
    """Return the concatenated ranges start[i] … start[i] + count[i] - 1."""
    total = int(count.sum())
    offset = np.repeat(start - np.concatenate(([0], np.cumsum(count)[:-1])), count) if total else np.empty(0, np.int64)
    return np.asarray(np.arange(total) + offset, dtype=np.int64)


def _thin_crowds(number: Rows, features: NDArray[np.float64], small: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Where many images share one hash, keep one image for each cell of the features; pair the others with it."""
    crowded = np.bincount(number)[number] > _CROWDED
    rows = np.flatnonzero(crowded)
    if not len(rows):
        return np.arange(len(number)), np.empty((0, 2), np.int64)
    cells = np.floor(np.nan_to_num(features[rows], nan=-1.0) / _tolerance(small[rows]))
    _, keep, cell = np.unique(np.column_stack((number[rows], cells)), axis=0, return_index=True, return_inverse=True)
    representative = rows[keep[cell.ravel()]]
    others = representative != rows
    kept = np.flatnonzero(~np.isin(np.arange(len(number)), rows[others]))
    return kept, np.column_stack((representative[others], rows[others]))


def _confirmed(
    left: Rows, right: Rows, hashes: NDArray[np.uint64], features: NDArray[np.float64], small: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    either_small = small[left] | small[right]
    apart = np.abs(features[left] - features[right]) > _tolerance(either_small)
    return np.asarray(~apart.any(axis=1) & (~either_small | (hashes[left] == hashes[right])))


def _tolerance(small: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Tolerances per row and feature; shape [N, 7].

    Two drawings of one digit at 8 × 8 pixels differ in a few pixels, and so do two copies: only a copy that is nearly
    equal in all that was measured is surely one.
    """
    limits = np.array([limit for _, limit in TOLERANCES])
    return np.where(small[:, None], limits / SMALL_FACTOR, limits)


def _tolerance_of_key() -> float:
    return dict(TOLERANCES)["mean_green"]


def _sort_key(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of green in [0, 1], along which candidates are looked up; NaN is looked up at 0."""
    return np.nan_to_num(features[:, 2], nan=0.0).clip(0.0, 1.0)


def properties_of(measurements: Measurements, rows: Rows) -> NDArray[np.float64]:
    """Return the properties named in `TOLERANCES` of some rows; shape [len(rows), 7]."""
    values = np.empty((len(rows), len(TOLERANCES)))
    with np.errstate(divide="ignore", invalid="ignore"):
        values[:, 0] = np.log(measurements.values("width")[rows] / measurements.values("height")[rows])
    for position, (name, _) in enumerate(TOLERANCES[1:], 1):
        values[:, position] = measurements.values(name)[rows]
    return values


def is_small(measurements: Measurements) -> NDArray[np.bool_]:
    """Return whether each image is under `SMALL_SIDE` pixels a side; shape [N]."""
    side = np.minimum(measurements.values("width"), measurements.values("height"))
    return np.asarray(side < SMALL_SIDE)
