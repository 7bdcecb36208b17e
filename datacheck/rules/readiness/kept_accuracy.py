"""How much accuracy a linear model keeps on the first principal components alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import N_COMPONENTS, SAMPLES_A_COMPONENT, Components
from datacheck.models.ridge import RidgeHead
from datacheck.stats import Interval, mean_difference, proportion

DIMENSIONS = (2, 4, 8, 16, 32, 64)
"""Numbers of components that are tried, as far as the model has more of them."""

ALPHA = 0.05
"""Level of all differences together (Bonferroni)."""


@dataclass(frozen=True)
class Kept:
    """What the first k components keep.

    Attributes
    ----------
    dimensions
        k.
    accuracy
        Out of sample.
    lost
        Accuracy on all components less this one, paired, with an interval for all k together.
    """

    dimensions: int
    accuracy: Interval
    lost: Interval


def kept_accuracy(
    embeddings: NDArray[np.floating[Any]], labels: NDArray[np.int64], n_classes: int, *, seed: int = 0
) -> tuple[Interval, list[Kept]]:
    """Return the accuracy of ridge regression out of sample, and on the first 2, 4, 8 … principal components alone.

    The components are found without the labels. The model itself takes at most `N_COMPONENTS` of them, and no more than
    a tenth of the samples.

    Parameters
    ----------
    embeddings
        Shape [N, D].
    labels
        Class codes, shape [N].
    n_classes
        K.
    seed
        Of the folds, which are the same for all.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 300)
    >>> embeddings = np.column_stack([9 * labels + rng.normal(size=300), rng.normal(size=(300, 9))])
    >>> whole, kept = kept_accuracy(embeddings, labels, 2)
    >>> [one.dimensions for one in kept], kept[0].lost.high < 0.02
    ([2, 4, 8], True)
    """
    values = np.asarray(embeddings, dtype=np.float64)
    most = min(N_COMPONENTS, len(values) // SAMPLES_A_COMPONENT)
    projected = np.asarray(Components.fit(values, most).project(values))
    right = _hits(projected, labels, n_classes, seed)
    sizes = [one for one in DIMENSIONS if one < projected.shape[1]]
    found = []
    for size in sizes:
        hits = _hits(projected[:, :size], labels, n_classes, seed)
        lost = mean_difference(right - hits, level=1 - ALPHA / len(sizes))
        found.append(Kept(size, proportion(int(hits.sum()), len(hits)), lost))
    return proportion(int(right.sum()), len(right)), found


def _hits(features: NDArray[np.float64], labels: NDArray[np.int64], n_classes: int, seed: int) -> NDArray[np.float64]:
    scores = RidgeHead(features, seed=seed).scores(labels, n_classes)
    scores += np.bincount(labels, minlength=n_classes) / len(labels)
    hits: NDArray[np.float64] = (scores.argmax(axis=1) == labels).astype(np.float64)
    return hits
