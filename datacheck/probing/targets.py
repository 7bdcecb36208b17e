"""Labels and targets in the form that folds and models take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.placeholders import placeholder_targets
from datacheck.manifest import Manifest, Task

N_STRATA = 10
"""Parts of equal counts that a regression target is cut into: folds then share its distribution."""


def y_of(manifest: Manifest) -> NDArray[Any]:
    """Return a manifest's labels as `LearningTask.y` holds them.

    A target that is not finite, or stands for a missing value (see `placeholder_targets`), is NaN: nothing is fitted
    to it.

    Examples
    --------
    >>> y_of(Manifest.from_columns({"label": ["cat", "dog", None]})).tolist()
    [0, 1, -1]
    """
    if manifest.task is Task.REGRESSION:
        return np.where(usable_labels(manifest), manifest.target, np.nan)
    if manifest.task is Task.MULTILABEL:
        return manifest.label_matrix.astype(np.float32)
    return manifest.label_codes.astype(np.int64)


def usable_labels(manifest: Manifest) -> NDArray[np.bool_]:
    """Return which rows have a label that a model can be fitted to; a placeholder such as -999 is none; shape [N]."""
    if manifest.task is not Task.REGRESSION:
        return manifest.labelled.copy()
    return manifest.labelled & ~placeholder_targets(manifest.target)


def strata_of(task: Task, y: NDArray[Any], labelled: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return what folds are stratified by: the class, the decile of the target, or the rarest of several classes.

    -1 where there is no label.

    Examples
    --------
    >>> strata_of(Task.REGRESSION, np.array([0.0, 1.0, np.nan]), np.array([True, True, False])).tolist()
    [0, 5, -1]
    """
    strata = np.full(len(y), -1, dtype=np.int64)
    if task is Task.CLASSIFICATION:
        return y.astype(np.int64)
    if task is Task.REGRESSION:
        known = y[labelled]
        ranks = np.empty(len(known), dtype=np.int64)
        ranks[np.argsort(known, kind="stable")] = np.arange(len(known))
        strata[labelled] = ranks * N_STRATA // max(len(known), 1)
        return strata
    matrix = y > 0.5
    order = np.argsort(matrix.sum(axis=0), kind="stable")
    first = matrix[:, order].argmax(axis=1)
    strata[labelled] = np.where(matrix.any(axis=1), order[first], matrix.shape[1])[labelled]
    return strata
