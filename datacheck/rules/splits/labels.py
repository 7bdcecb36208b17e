"""Labels of any task as numbers that can be compared, and the copies whose labels conflict."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.placeholders import placeholder_targets
from datacheck.manifest import Manifest, Objects, Task

Rows = NDArray[np.int64]

TARGET_TOLERANCE = 0.1
"""Regression targets conflict if they differ by more than this many standard deviations of the target."""


def comparable_labels(manifest: Manifest) -> NDArray[np.float64]:
    """Return labels as numbers that are equal where the labels are, NaN where there is none; shape [N]."""
    if manifest.task is Task.UNLABELLED or manifest.task.label_is_file:
        return np.full(len(manifest), np.nan)
    if manifest.objects is not None:
        return np.where(manifest.labelled, _object_codes(manifest.objects, len(manifest)), np.nan)
    if manifest.task is Task.REGRESSION:
        return np.where(np.isfinite(manifest.target), manifest.target, np.nan)
    if manifest.task.lists_classes:
        _, codes = np.unique(np.packbits(manifest.label_matrix, axis=1), axis=0, return_inverse=True)
        return np.where(manifest.labelled, codes.ravel().astype(np.float64), np.nan)
    return np.where(manifest.label_codes >= 0, manifest.label_codes.astype(np.float64), np.nan)


def _object_codes(objects: Objects, n_rows: int) -> NDArray[np.float64]:
    """Return a number for the objects of each image, the same for the same boxes and classes in any order; [N]."""
    rows = np.column_stack([objects.class_id.astype(np.float64), objects.boxes.round(BOX_DIGITS) + 0.0])
    order = np.lexsort((*rows.T[::-1], objects.row))
    starts = np.searchsorted(objects.row[order], np.arange(n_rows + 1))
    known: dict[bytes, int] = {}
    codes = np.empty(n_rows)
    for row, (start, stop) in enumerate(itertools.pairwise(starts)):
        codes[row] = known.setdefault(rows[order[start:stop]].tobytes(), len(known))
    return codes


BOX_DIGITS = 3
"""Digits after the point to which boxes are compared: formats write as many."""


def conflicts_in_clusters(clusters: Rows, labels: NDArray[Any], tolerance: float) -> Rows:
    """Return the rows of clusters whose labels differ by more than the tolerance.

    Examples
    --------
    >>> conflicts_in_clusters(np.array([0, 0, 1, 1]), np.array([3.0, 3.0, 1.0, 2.0]), 0.0).tolist()
    [2, 3]
    """
    rows, _ = copies_within(np.where(np.isnan(labels), -1, clusters))
    if not len(rows):
        return rows
    _, inverse = np.unique(clusters[rows], return_inverse=True)
    low, high = np.full(inverse.max() + 1, np.inf), np.full(inverse.max() + 1, -np.inf)
    np.minimum.at(low, inverse, labels[rows])
    np.maximum.at(high, inverse, labels[rows])
    return np.asarray(rows[(high - low > tolerance)[inverse]])


def label_tolerance(manifest: Manifest, labels: NDArray[np.float64], deviations: float = TARGET_TOLERANCE) -> float:
    """Return how far apart two labels may be and still agree: 0 except for regression targets."""
    if manifest.task is not Task.REGRESSION:
        return 0.0
    known = labels[np.isfinite(labels) & ~placeholder_targets(labels)]
    return deviations * float(known.std()) if len(known) else 0.0


def copies_within(groups: Rows) -> tuple[Rows, Rows]:
    """Return rows of groups with at least two members, and for each the first row of its group.

    Parameters
    ----------
    groups
        Group per row, -1 for none; shape [N].

    Examples
    --------
    >>> rows, first = copies_within(np.array([4, -1, 4, 7]))
    >>> rows.tolist(), first.tolist()
    ([0, 2], [0, 0])
    """
    rows = np.flatnonzero(groups >= 0)
    _, where, inverse, counts = np.unique(groups[rows], return_index=True, return_inverse=True, return_counts=True)
    kept = counts[inverse] > 1
    return rows[kept], rows[where[inverse]][kept]
