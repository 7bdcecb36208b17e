"""Exact and near duplicates from the measurements, and the clusters that they form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.duplicates.lookalikes import closer_than_others, unit_vectors
from datacheck.duplicates.near_pairs import is_small, near_duplicate_pairs, properties_of
from datacheck.duplicates.pairs import Rows, not_among
from datacheck.duplicates.registration import Registered
from datacheck.duplicates.rows import equal_rows
from datacheck.duplicates.twins import MAX_IMAGES, find_twins
from datacheck.manifest import Manifest, Modality
from datacheck.manifest.repeated_texts import maybe_repeated
from datacheck.scanning.measurements import Measurements


@dataclass(frozen=True)
class DuplicateClusters:
    """Which samples show the same image.

    Attributes
    ----------
    exact
        Cluster of samples with equal content, int64, shape [N]; -1 for a sample that is alone.
    near
        Cluster of samples that show nearly the same image, exact ones included, int64, shape [N]; -1 when alone.
        Chains of similar images are cut: see `find_duplicates`.
    near_pairs
        Rows of near duplicates, int64, shape [P, 2], first below second; only the first row of each exact cluster,
        and one row for each shade among many images with one hash.
    near_distance
        Bits in which the perceptual hashes of a pair differ, int8, shape [P]; -1 for a pair whose tones, proportions or
        orientation differ too.
    orientation
        How the second image of a pair is turned, an index in `datacheck.duplicates.orientations.ORIENTATIONS`, int8,
        shape [P]; 0 for not at all.
    complete
        False when there were too many near pairs to hold them all, or too many images to look for turned copies.
    registered
        Pairs that were laid over one another, copies and objects photographed again; None where that was not tried.
    not_searched
        Which changed copies were not searched for, and why; empty where that is told elsewhere.
    """

    exact: Rows
    near: Rows
    near_pairs: Rows
    near_distance: NDArray[np.int8]
    orientation: NDArray[np.int8]
    complete: bool = True
    registered: Registered | None = None
    not_searched: str = ""

    @classmethod
    def equal(cls, exact: Rows) -> DuplicateClusters:
        """Return the clusters of samples of which only the exact copies are known."""
        return cls(exact, exact, np.empty((0, 2), np.int64), np.empty(0, np.int8), np.empty(0, np.int8))

    @cached_property
    def linked(self) -> Rows:
        """Connected components over all pairs, chains uncut, int64, shape [N]; -1 when alone.

        For what must never separate a pair, such as the folds of a probe: with the pairs that show one thing again.
        """
        n = len(self.exact)
        again = np.empty((0, 2), np.int64) if self.registered is None else self.registered.pairs
        links = np.concatenate((self.near_pairs, again, _links(self.exact), _links(self.near)))
        return _numbered(_components(links, n))


def find_duplicates(
    measurements: Measurements, *, max_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
) -> DuplicateClusters:
    """Find exact duplicates by content and near duplicates by perceptual hash.

    Near duplicates differ in at most ``max_distance`` of the 64 bits of their perceptual hash, and their aspect and
    the mean and deviation of each channel agree within `near_pairs.TOLERANCES` (a twentieth of that for images under
    `near_pairs.SMALL_SIDE` pixels a side, whose hashes must be equal too), and they are much closer to each other than
    to any other image (`datacheck.duplicates.lookalikes`). Copies that were mirrored, turned by 90 degrees, stretched
    or changed in tone are found by their signatures (`datacheck.duplicates.twins`), small images excepted. Images
    without information have no hash and match nothing.

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
    exact = exact_clusters(pc.if_else(measurements.table["readable"], measurements.table["content_hash"], None))
    first = _first_copies(exact)
    values = _hashes(measurements)
    nodes = np.flatnonzero(measurements.known("perceptual_hash") & (first == np.arange(len(measurements))))
    small = is_small(measurements)
    pairs, distance, complete = near_duplicate_pairs(
        values[nodes], lambda rows: properties_of(measurements, nodes[rows]), small[nodes], max_distance
    )
    pairs = nodes[pairs]
    sure = closer_than_others(pairs, nodes, measurements)
    pairs, distance = pairs[sure], distance[sure]
    turned = np.zeros(len(pairs), np.int8)
    large = nodes[~small[nodes] & measurements.known("perceptual_signature")[nodes]]
    if max_distance and len(large) > MAX_IMAGES:
        complete = False
    elif max_distance and len(large):
        twins = find_twins(unit_vectors(measurements, large))
        new = not_among(large[twins.pairs], pairs)
        pairs = np.concatenate((pairs, large[twins.pairs[new]]))
        distance = np.concatenate((distance, np.full(new.sum(), -1, np.int8)))
        turned = np.concatenate((turned, twins.orientation[new]))
    near = _cut_chains(pairs, values, first, max_distance)
    return DuplicateClusters(exact, near, pairs, distance, turned, complete)


def _hashes(measurements: Measurements) -> NDArray[np.uint64]:
    """Return the perceptual hash of each image, 0 where there is none; shape [N]."""
    filled = pc.fill_null(measurements.table["perceptual_hash"], 0)
    return np.asarray(filled.to_numpy(), dtype=np.uint64)


def duplicates_at_hand(
    manifest: Manifest, measurements: Measurements | None, max_distance: int
) -> DuplicateClusters | None:
    """Return the duplicates of images by their measurements, of a table by its feature columns; None without either."""
    if measurements is not None:
        return find_duplicates(measurements, max_distance=max_distance)
    if manifest.modality is not Modality.TABULAR or not manifest.extra_columns:
        return None
    equal = equal_rows(manifest.table.select(manifest.extra_columns))
    return None if equal is None else DuplicateClusters.equal(equal)


def with_registered(
    found: DuplicateClusters, registered: Registered, measurements: Measurements, max_distance: int
) -> DuplicateClusters:
    """Return the clusters with the copies among pictures that were laid over one another."""
    copies, mirrored = registered.pairs[registered.copies], registered.mirrored[registered.copies]
    return replace(with_copies(found, copies, mirrored, measurements, max_distance), registered=registered)


def with_copies(
    found: DuplicateClusters,
    copies: Rows,
    mirrored: NDArray[np.bool_],
    measurements: Measurements,
    max_distance: int,
) -> DuplicateClusters:
    """Return the clusters with further near pairs, int64 [P, 2], the second of some mirrored, bool [P]."""
    pairs = np.concatenate((found.near_pairs, copies))
    return replace(
        found,
        near=_cut_chains(pairs, _hashes(measurements), _first_copies(found.exact), max_distance),
        near_pairs=pairs,
        near_distance=np.concatenate((found.near_distance, np.full(len(copies), -1, np.int8))),
        orientation=np.concatenate((found.orientation, np.where(mirrored, 1, 0).astype(np.int8))),
    )


def only_pairs(
    found: DuplicateClusters, kept: NDArray[np.bool_], measurements: Measurements, max_distance: int
) -> DuplicateClusters:
    """Return the clusters with some of the near pairs; ``kept`` is bool [P]."""
    pairs = found.near_pairs[kept]
    return replace(
        found,
        near=_cut_chains(pairs, _hashes(measurements), _first_copies(found.exact), max_distance),
        near_pairs=pairs,
        near_distance=found.near_distance[kept],
        orientation=found.orientation[kept],
    )


def exact_clusters(content: pa.ChunkedArray | pa.Array) -> Rows:
    """Number the groups of equal, non-null values that have at least two members; -1 for all others; shape [N]."""
    rows = maybe_repeated(content)
    clusters = np.full(len(content), -1, np.int64)
    codes = pc.dictionary_encode(_combined(content.take(pa.array(rows)))).indices
    clusters[rows] = _numbered(np.asarray(codes.to_numpy(), dtype=np.int64))
    return clusters


def _combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _cut_chains(pairs: Rows, hashes: NDArray[np.uint64], first: Rows, max_distance: int) -> Rows:
    """Number the near clusters; ``first`` is the first row of each sample's exact cluster; shape [N]."""
    copies = np.flatnonzero(first != np.arange(len(first)))
    rows = np.unique(np.concatenate((pairs.ravel(), copies, first[copies])))  # all others are alone
    near = np.full(len(first), -1, np.int64)
    near[rows] = _cut(np.searchsorted(rows, pairs), hashes[rows], np.searchsorted(rows, first[rows]), max_distance)
    return near


def _cut(pairs: Rows, hashes: NDArray[np.uint64], first: Rows, max_distance: int) -> Rows:
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


def _first_copies(exact: Rows) -> Rows:
    """Return the first row of each sample's exact cluster, its own where it is alone; shape [N]."""
    first = np.arange(len(exact), dtype=np.int64)
    clustered = exact >= 0
    first[clustered] = _first_rows(exact[clustered], np.flatnonzero(clustered))
    return first


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
