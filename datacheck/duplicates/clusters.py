"""Exact and near duplicates, from the measurements alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.duplicates.hamming import hamming_pairs
from datacheck.duplicates.lookalikes import closer_than_others
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
"""Below this many pixels a side, a perceptual hash sees nearly every pixel's rank and little else: see `_tolerance`."""

_CROWDED = 64
_MAX_CANDIDATES = 4_000_000


@dataclass(frozen=True)
class DuplicateClusters:
    """Which samples show the same image.

    Attributes
    ----------
    exact
        Cluster of samples with equal content, int64, shape [N]; -1 for a sample that is alone.
    near
        Cluster of samples that show nearly the same image, exact ones included, int64, shape [N]; -1 when alone.
        A chain of look-alikes is cut: see `find_duplicates`.
    near_pairs
        Rows of near duplicates, int64, shape [P, 2], first below second; each exact cluster is stood for by its
        first row, and a crowd under one hash by one row for each shade of it.
    near_distance
        Bits in which the perceptual hashes of a pair differ, int8, shape [P].
    complete
        False when there were too many near pairs to hold them all.
    """

    exact: Rows
    near: Rows
    near_pairs: Rows
    near_distance: NDArray[np.int8]
    complete: bool = True

    @cached_property
    def linked(self) -> Rows:
        """Connected components over all pairs, chains uncut, int64, shape [N]; -1 when alone.

        For those who must never separate a pair, such as the folds of a probe.
        """
        n = len(self.exact)
        links = np.concatenate((self.near_pairs, _links(self.exact), _links(self.near)))
        return _numbered(_components(links, n))


def find_duplicates(
    measurements: Measurements, *, max_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
) -> DuplicateClusters:
    """Find exact duplicates by content and near duplicates by perceptual hash.

    Near duplicates differ in at most ``max_distance`` of the 64 bits of their perceptual hash, and their aspect and
    the mean and deviation of each channel agree within `TOLERANCES` (a twentieth of that for images under `SMALL_SIDE`
    pixels a side, whose hashes must be equal too), and they are much closer to each other than to any other image
    (`datacheck.duplicates.lookalikes`). Images without information have no hash and match nothing.

    Unreadable samples match nothing: that all empty files are equal says nothing about the images.

    Connected pairs form a cluster as long as every member is within twice the distance of its best connected member.
    A longer chain is cut into stars: the best connected member with its direct neighbours, and so on, so that two
    members of a cluster are always within twice the distance of one common image.

    Examples
    --------
    >>> rows = [{"sample_id": name, "readable": True, "content_hash": "same"} for name in "ab"]
    >>> from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA
    >>> find_duplicates(Measurements(pa.Table.from_pylist(rows, schema=MEASUREMENTS_SCHEMA))).exact.tolist()
    [0, 0]
    """
    n = len(measurements)
    readable = measurements.table["readable"]
    exact = exact_clusters(pc.if_else(readable, measurements.table["content_hash"], None))
    first = np.arange(n, dtype=np.int64)
    clustered = exact >= 0
    if clustered.any():
        first[clustered] = _first_rows(exact[clustered], np.flatnonzero(clustered))
    hashes = measurements.table["perceptual_hash"].combine_chunks()
    known = np.asarray(pc.is_valid(hashes).to_numpy(zero_copy_only=False))
    nodes = np.flatnonzero(known & (first == np.arange(n)))
    values = np.asarray(pc.fill_null(hashes, 0).to_numpy(zero_copy_only=False), dtype=np.uint64)
    pairs, distance, complete = near_duplicate_pairs(
        values[nodes], _features(measurements)[nodes], _small(measurements)[nodes], max_distance
    )
    pairs = nodes[pairs]
    sure = closer_than_others(pairs, nodes, measurements.table["perceptual_signature"].combine_chunks())
    pairs, distance = pairs[sure], distance[sure]
    near = _cut_chains(pairs, values, first, max_distance)
    return DuplicateClusters(exact, near, pairs, distance, complete)


def exact_clusters(content: pa.ChunkedArray | pa.Array) -> Rows:
    """Number the groups of equal, non-null values that have at least two members; -1 for all others; shape [N]."""
    codes = content.combine_chunks() if isinstance(content, pa.ChunkedArray) else content
    codes = pc.dictionary_encode(codes).indices
    numbers = np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    alone = numbers < 0
    numbers[alone] = numbers.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone))
    return _numbered(numbers)


def near_duplicate_pairs(
    hashes: NDArray[np.uint64], features: NDArray[np.float64], small: NDArray[np.bool_], max_distance: int
) -> tuple[Rows, NDArray[np.int8], bool]:
    """Find the pairs within the Hamming distance whose features confirm them.

    Parameters
    ----------
    hashes, features, small
        Perceptual hashes [N], the properties named in `TOLERANCES` [N, 7], and whether the image is small [N].
    max_distance
        Largest number of differing bits.

    Returns
    -------
    pairs, distance, complete
        int64 [P, 2], int8 [P], and whether no limit cut the list.
    """
    unique, number = np.unique(hashes, return_inverse=True)
    hash_pairs, _, complete = hamming_pairs(unique, max_distance)
    kept, crowd_pairs = _thin_crowds(number, features, small)
    order = kept[np.lexsort((_sort_key(features[kept]), number[kept]))]
    position = number[order] + _sort_key(features[order]) / 4
    same = np.arange(len(unique))[np.bincount(number[order], minlength=len(unique)) > 1]
    hash_pairs = np.concatenate((hash_pairs, np.column_stack((same, same))))
    parts = [crowd_pairs]
    for left, right in _range_join(hash_pairs, position, number[order], order):
        sure = _confirmed(left, right, hashes, features, small)
        parts.append(np.column_stack((left[sure], right[sure])))
    pairs = np.concatenate(parts)
    pairs.sort(axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return pairs, np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).astype(np.int8), complete


def _range_join(hash_pairs: Rows, position: NDArray[np.float64], number: Rows, order: Rows) -> list[tuple[Rows, Rows]]:
    """Join the images under two hashes where their sort keys are close; ``order`` sorts them by hash and key."""
    size = np.bincount(number, minlength=int(hash_pairs.max(initial=-1)) + 1)
    start = np.concatenate(([0], np.cumsum(size)))
    swap = size[hash_pairs[:, 0]] > size[hash_pairs[:, 1]]
    hash_pairs = np.where(swap[:, None], hash_pairs[:, ::-1], hash_pairs)
    reach = _tolerance_of_key() / 4
    joined = []
    for block in np.array_split(hash_pairs, max(1, len(hash_pairs) // 500_000)):
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

    Digits of 8 × 8 pixels differ in a few pixels, and so do copies of one digit: only a copy that is nearly equal in
    all that was measured can be told from another drawing of the same thing.
    """
    limits = np.array([limit for _, limit in TOLERANCES])
    return np.where(small[:, None], limits / 20, limits)


def _tolerance_of_key() -> float:
    return dict(TOLERANCES)["mean_green"]


def _sort_key(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of green in [0, 1], along which candidates are looked up; NaN is looked up at 0."""
    return np.nan_to_num(features[:, 2], nan=0.0).clip(0.0, 1.0)


def _features(measurements: Measurements) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        log_aspect = np.log(measurements.values("width") / measurements.values("height"))
    return np.column_stack([log_aspect] + [measurements.values(name) for name, _ in TOLERANCES[1:]])


def _small(measurements: Measurements) -> NDArray[np.bool_]:
    side = np.minimum(measurements.values("width"), measurements.values("height"))
    return np.asarray(side < SMALL_SIDE)


def _cut_chains(pairs: Rows, hashes: NDArray[np.uint64], first: Rows, max_distance: int) -> Rows:
    """Number the near clusters; ``first`` is the first row of each sample's exact cluster; shape [N]."""
    n = len(first)
    component = _components(pairs, n)
    degree = np.bincount(pairs.ravel(), minlength=n)
    by_degree = np.lexsort((np.arange(n), -degree))
    leader = np.empty(n, np.int64)
    _, where = np.unique(component[by_degree], return_index=True)
    leader[:] = by_degree[where][component]
    far = np.bitwise_count(hashes ^ hashes[leader]) > 2 * max_distance
    loose = np.isin(component, component[far & (degree > 0)])
    if loose.any():
        leader = _stars(pairs, degree, leader, loose)
    return _numbered(leader[first])


def _stars(pairs: Rows, degree: Rows, leader: Rows, loose: NDArray[np.bool_]) -> Rows:
    """Return the leader of each sample, where loose components are cut into stars, best connected sample first."""
    graph: csr_matrix = _graph(pairs, len(degree))
    leader = np.where(loose, -1, leader)
    rows = np.flatnonzero(loose)
    for row in rows[np.lexsort((rows, -degree[rows]))].tolist():
        if leader[row] >= 0:
            continue
        neighbours = graph.indices[graph.indptr[row] : graph.indptr[row + 1]]
        leader[neighbours[leader[neighbours] < 0]] = row
        leader[row] = row
    return leader


def _graph(pairs: Rows, n: int) -> csr_matrix:
    ends = np.concatenate((pairs, pairs[:, ::-1]))
    return coo_matrix((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(n, n)).tocsr()


def _components(pairs: Rows, n: int) -> Rows:
    graph = coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _links(clusters: Rows) -> Rows:
    """Return pairs that tie each member of a cluster to its first; shape [P, 2]."""
    rows = np.flatnonzero(clusters >= 0)
    return np.column_stack((_first_rows(clusters[rows], rows), rows))


def _first_rows(clusters: Rows, rows: Rows) -> Rows:
    """Return for each of ``rows`` (ascending) the first row of its cluster."""
    _, where, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    return np.asarray(rows[where[inverse]], dtype=np.int64)


def _numbered(groups: Rows) -> Rows:
    """Renumber groups 0, 1, … by their first row; -1 for groups of one."""
    _, where, inverse, counts = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts > 1)
    numbers = np.full(len(counts), -1, dtype=np.int64)
    numbers[kept[np.argsort(where[kept])]] = np.arange(len(kept))
    return np.asarray(numbers[inverse])
