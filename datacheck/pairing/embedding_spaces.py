"""Were all samples embedded by one network, or each fold by a network of its own?

The embeddings of two networks that were trained separately cannot be compared: an axis of one means nothing in the
other. A head that is fitted on one fold and applied to another would predict at random, so that heads are then fitted
within each embedding space.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import Components

N_DIRECTIONS = 24
"""Leading principal components whose moments are compared; enough to see a rotation, few enough to estimate."""
N_PERMUTATIONS = 10
"""Random assignments of rows to folds that give the expected difference and its spread."""
MAX_ROWS = 20_000
"""Moments are taken from at most so many rows."""
MIN_EXCESS = 0.25
"""Separate spaces differ by more than a quarter of the moments' size: two random rotations differ by about 1."""
MIN_Z = 6.0
"""… and by more than six standard deviations of what random folds differ by."""
MIN_FOLD_ROWS = 30
"""Folds with fewer rows have no moments worth comparing: one space is assumed."""


def embedding_spaces(
    embeddings: NDArray[np.floating[Any]], fold: NDArray[np.integer[Any]], *, seed: int = 0
) -> NDArray[np.int64]:
    """Number of the space that each row was embedded in: zeros where one space holds all folds; shape [N].

    Folds are random, so that in one space all folds have the same mean and covariance. In separate spaces the moments
    of the folds in the leading directions differ by more than `MIN_EXCESS` and `MIN_Z` standard deviations beyond what
    random folds differ by.

    Parameters
    ----------
    embeddings
        Shape [N, D]; rows with NaN take no part.
    fold
        The fold that held each row out, shape [N]; -1 for none.
    seed
        Seed of the drawn rows and the permutations.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, fold = rng.normal(size=(600, 4)) * [3, 2, 1, 0.5], np.arange(600) % 3
    >>> turned = np.where(fold[:, None] == 2, x[:, ::-1], x)
    >>> np.unique(embedding_spaces(x, fold)).tolist(), np.unique(embedding_spaces(turned, fold)).tolist()
    ([0], [0, 1, 2])
    """
    one_space = np.zeros(len(embeddings), dtype=np.int64)
    usable = np.flatnonzero(np.isfinite(embeddings).all(axis=1) & (fold >= 0))
    rng = np.random.default_rng([seed, 5])
    rows = rng.choice(usable, min(len(usable), MAX_ROWS), replace=False)
    sizes = np.bincount(fold[rows]) if len(rows) else np.zeros(1)
    if (sizes > 0).sum() < 2 or sizes[sizes > 0].min() < MIN_FOLD_ROWS:
        return one_space
    directions = _directions(np.asarray(embeddings[rows], dtype=np.float64))
    found = _spread_of_moments(directions, fold[rows])
    by_chance = [_spread_of_moments(directions, rng.permutation(fold[rows])) for _ in range(N_PERMUTATIONS)]
    excess = found - float(np.mean(by_chance))
    if excess < max(MIN_EXCESS, MIN_Z * float(np.std(by_chance))):
        return one_space
    return np.where(fold >= 0, fold, 0).astype(np.int64)


def _directions(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leading principal components, with unit variance, [n, C]."""
    found = Components.fit(x, N_DIRECTIONS, least=1e-6)
    return np.asarray((x - found.mean) @ found.whitening())


def _spread_of_moments(x: NDArray[np.float64], fold: NDArray[np.integer[Any]]) -> float:
    """Mean squared distance of the folds' means and second moments from those of all rows, per direction."""
    total = 0.0
    for one in np.unique(fold):
        part = x[fold == one]
        apart = part.T @ part / len(part) - np.eye(x.shape[1])
        total += len(part) * (float((apart**2).sum()) + float((part.mean(axis=0) ** 2).sum()))
    return float(total / len(x) / max(1, x.shape[1]))
