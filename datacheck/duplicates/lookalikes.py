"""Near duplicates against images that only look alike: a copy is much closer to its original than any other image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.scanning.measurements import Measurements

Rows = NDArray[np.int64]

MAX_RATIO = 0.25
"""Largest distance of two near duplicates, as a share of the distance to the nearest image that is no candidate.

The ratio test of Lowe ("Distinctive image features from scale-invariant keypoints", 2004). Re-encoding and scaling give
0.01, a slight crop or a photo taken twice about 0.04 to 0.23; two drawings of one digit, which correlate by 0.98 like
many others of that digit, 0.3 and more (measured on handwritten digits, CIFAR-10 and photos of waste).
"""

_MAX_COMPARISONS = 400_000_000
"""Comparisons with reference images in all: a few seconds of matrix products."""
_MIN_REFERENCE = 1_000
"""Reference images that each candidate is compared with at least: the nearest of a thousand is near enough."""
_BLOCK = 1_024
"""Candidates that are compared at a time."""


def closer_than_others(pairs: Rows, rows: Rows, measurements: Measurements) -> NDArray[np.bool_]:
    """Return which candidate pairs are much closer to each other than either is to an image it is no candidate with.

    Parameters
    ----------
    pairs
        Candidates by row, int64, shape [P, 2].
    rows
        All rows with an image, ascending, one for each distinct content; int64, shape [M]. Where pairs are many, the
        nearest other image is looked for among evenly spaced ones of them, a thousand at least.
    measurements
        Hold the signatures, see `datacheck.scanning.measure.perceptual_hashes`. A pair without both is kept.

    Returns
    -------
    ndarray
        Bool, shape [P].
    """
    known = measurements.known("perceptual_signature")
    judged = np.asarray(known[pairs[:, 0]] & known[pairs[:, 1]])
    kept: NDArray[np.bool_] = np.logical_not(judged)
    if not judged.any():
        return kept
    pairs, rows = pairs[judged], rows[known[rows]]
    involved, ends = np.unique(pairs, return_inverse=True)
    ends = ends.reshape(pairs.shape)
    n_reference = max(_MIN_REFERENCE, _MAX_COMPARISONS // len(involved))
    reference = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), n_reference)).astype(np.int64))]
    vectors = unit_vectors(measurements, involved)
    apart = 1.0 - np.einsum("ij,ij->i", vectors[ends[:, 0]], vectors[ends[:, 1]])
    others = 1.0 - _nearest_other(vectors, unit_vectors(measurements, reference), involved, reference, pairs)
    kept[judged] = apart <= MAX_RATIO * others[ends].min(axis=1)
    return kept


def unit_vectors(measurements: Measurements, rows: Rows) -> NDArray[np.float32]:
    """Return the signatures of some ascending rows, none of them null, scaled to length 1; shape [len(rows), D]."""
    return of_length_one(measurements.signatures(rows))


def of_length_one(signatures: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return signatures scaled to length 1, so that the product of two is their correlation; shape [n, D]."""
    vectors = signatures.astype(np.float32)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _nearest_other(
    vectors: NDArray[np.float32], others: NDArray[np.float32], involved: Rows, reference: Rows, pairs: Rows
) -> NDArray[np.float32]:
    """Return the largest correlation of each involved image with a reference that is neither itself nor a candidate."""
    directed = np.concatenate((pairs, pairs[:, ::-1], np.column_stack((involved, involved))))
    source = np.searchsorted(involved, directed[:, 0])
    column = np.minimum(np.searchsorted(reference, directed[:, 1]), len(reference) - 1)
    there = reference[column] == directed[:, 1]
    order = np.argsort(source[there], kind="stable")
    source, column = source[there][order], column[there][order]
    nearest = np.empty(len(involved), np.float32)
    for start in range(0, len(involved), _BLOCK):
        stop = min(start + _BLOCK, len(involved))
        correlation = vectors[start:stop] @ others.T
        low, high = np.searchsorted(source, (start, stop))
        correlation[source[low:high] - start, column[low:high]] = -1.0
        nearest[start:stop] = correlation.max(axis=1)
    return nearest
