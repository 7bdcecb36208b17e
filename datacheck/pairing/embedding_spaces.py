"""Were all samples embedded by one network, or each fold by a network of its own?

Networks that were trained apart embed into spaces of their own: an axis of one means nothing in another, so a head that
is fitted on one fold and asked about another answers at random. Heads are then fitted within each space.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import Components

N_DIRECTIONS = 24
N_PERMUTATIONS = 10
LARGEST_DRAW = 20_000
LEAST_EXCESS = 0.25
LEAST_Z = 6.0
LEAST_ROWS = 30


def embedding_spaces(
    embeddings: NDArray[np.floating[Any]], fold: NDArray[np.integer[Any]], *, seed: int = 0
) -> NDArray[np.int64]:
    """Number of the space that each row was embedded in: zeros where one space holds all folds; shape [N].

    Folds are dealt at random, so in one space they share mean and covariance. Separate spaces are told by the folds'
    moments in the leading directions: they differ by more than ``LEAST_EXCESS`` of the moments' size beyond what folds
    dealt at random do, by ``LEAST_Z`` standard deviations of those. Moments are taken from up to 20,000 rows.

    Parameters
    ----------
    embeddings
        Shape [N, D]; rows with NaN take no part.
    fold
        The fold that held each row out, shape [N]; -1 for none.
    seed
        Of the draw and the permutations.

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
    rows = rng.choice(usable, min(len(usable), LARGEST_DRAW), replace=False)
    sizes = np.bincount(fold[rows]) if len(rows) else np.zeros(1)
    if (sizes > 0).sum() < 2 or sizes[sizes > 0].min() < LEAST_ROWS:
        return one_space
    directions = _directions(np.asarray(embeddings[rows], dtype=np.float64))
    found = _spread_of_moments(directions, fold[rows])
    by_chance = [_spread_of_moments(directions, rng.permutation(fold[rows])) for _ in range(N_PERMUTATIONS)]
    excess = found - float(np.mean(by_chance))
    if excess < max(LEAST_EXCESS, LEAST_Z * float(np.std(by_chance))):
        return one_space
    return np.where(fold >= 0, fold, 0).astype(np.int64)


def _directions(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leading principal components, brought to unit variance, [n, C]."""
    found = Components.fit(x, N_DIRECTIONS, least=1e-6)
    return np.asarray((x - found.mean) @ found.whitening())


def _spread_of_moments(x: NDArray[np.float64], fold: NDArray[np.integer[Any]]) -> float:
    """Mean squared distance of the folds' means and second moments from those of all, a direction."""
    total = 0.0
    for one in np.unique(fold):
        part = x[fold == one]
        apart = part.T @ part / len(part) - np.eye(x.shape[1])
        total += len(part) * (float((apart**2).sum()) + float((part.mean(axis=0) ** 2).sum()))
    return float(total / len(x) / max(1, x.shape[1]))
