"""Labels of any task as numbers that can be compared, and the copies whose labels conflict."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.placeholders import placeholder_targets
from datacheck.manifest import Manifest, Task
from datacheck.rules.splits.object_labels import ObjectLabels

Rows = NDArray[np.int64]

TARGET_TOLERANCE = 0.1
"""Regression targets conflict if they differ by more than this many standard deviations of the target."""


def comparable_labels(manifest: Manifest) -> NDArray[np.float64]:
    """Return labels as numbers that are equal where the labels are, NaN where there is none; shape [N]."""
    if manifest.task is Task.UNLABELLED or manifest.task.label_is_file:
        return np.full(len(manifest), np.nan)
    if manifest.objects is not None:
        return np.where(manifest.labelled, object_labels(manifest).codes(), np.nan)
    if manifest.task is Task.REGRESSION:
        return np.where(np.isfinite(manifest.target), manifest.target, np.nan)
    if manifest.task.lists_classes:
        _, codes = np.unique(np.packbits(manifest.label_matrix, axis=1), axis=0, return_inverse=True)
        return np.where(manifest.labelled, codes.ravel().astype(np.float64), np.nan)
    return np.where(manifest.label_codes >= 0, manifest.label_codes.astype(np.float64), np.nan)


def agreeing_labels(manifest: Manifest, labels: NDArray[np.float64], clusters: Rows) -> NDArray[np.float64]:
    """Return labels that are equal too where copies have the same objects in boxes that were drawn twice; [N].

    A person who draws a box twice does not draw the same one: such copies have one label for each rule but DC304, which
    lists them as information.
    """
    return labels if manifest.objects is None else object_labels(manifest).agreeing(labels, clusters)


def object_labels(manifest: Manifest) -> ObjectLabels:
    """Return the objects of a manifest that has some, to be compared."""
    assert manifest.objects is not None
    return ObjectLabels(manifest.objects, tuple(manifest.classes), len(manifest))


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
