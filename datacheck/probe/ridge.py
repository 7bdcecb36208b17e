"""A linear head that costs next to nothing: ridge regression to one-hot labels, out of sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

N_COMPONENTS = 192
N_FOLDS = 5

Floats = NDArray[np.float64]


class RidgeHead:
    """Out-of-sample ridge scores on whitened principal components of fixed features, for any labelling of them.

    The folds are factorised once and shared by all labellings, so that hundreds of hypotheses about the labels cost a
    matrix product each.

    Parameters
    ----------
    features
        Shape [N, D]; rows with NaN take no part.
    seed
        Of the folds.
    fold
        Given folds, shape [N]; by default five random ones.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 200)
    >>> head = RidgeHead(np.eye(2)[labels] + 0.1 * rng.normal(size=(200, 2)))
    >>> bool((head.scores(labels, 2).argmax(axis=1) == labels).all())
    True
    """

    def __init__(
        self, features: NDArray[np.floating[Any]], *, seed: int = 0, fold: NDArray[np.integer[Any]] | None = None
    ) -> None:
        self.usable: NDArray[np.bool_] = np.isfinite(features).all(axis=1)
        self.x = whiten(features, self.usable)
        rng = np.random.default_rng(seed)
        self.fold = rng.permutation(len(self.x)) % N_FOLDS if fold is None else np.asarray(fold)
        self.inverse: dict[int, Floats] = {}
        for one in np.unique(self.fold[self.usable]).tolist():
            train = self.x[(self.fold != one) & self.usable]
            penalty = max(1.0, 0.01 * len(train))
            self.inverse[one] = np.linalg.inv(train.T @ train + penalty * np.eye(self.x.shape[1]))

    def scores(self, labels: NDArray[np.integer[Any]], n_classes: int) -> Floats:
        """Out-of-sample score of each class for each row, around 0; labels of -1 teach nothing; shape [N, K]."""
        target = np.zeros((len(labels), n_classes))
        known = self.usable & (labels >= 0)
        if not known.any():
            return target
        target[np.flatnonzero(known), labels[known]] = 1
        target[known] -= target[known].mean(axis=0)
        out = np.zeros_like(target)
        for one, inverse in self.inverse.items():
            train, test = (self.fold != one) & known, self.fold == one
            out[test] = self.x[test] @ (inverse @ (self.x[train].T @ target[train]))
        return out


def whiten(features: NDArray[np.floating[Any]], usable: NDArray[np.bool_], n_components: int = N_COMPONENTS) -> Floats:
    """Principal components of unit variance, shape [N, C]; rows that are not usable are zero.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> whiten(rng.normal(size=(50, 3)), np.ones(50, bool)).std(axis=0).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    x = np.where(usable[:, None], features, 0).astype(np.float64)
    n_usable = int(usable.sum())
    if n_usable:
        x = np.where(usable[:, None], x - x[usable].mean(axis=0), 0)
    values, vectors = np.linalg.eigh(x.T @ x / max(1, n_usable))
    keep = np.argsort(-values)[: min(n_components, len(values), max(2, n_usable // 10))]
    keep = keep[values[keep] > max(values.max() * 1e-9, 1e-12)]
    whitened: Floats = x @ vectors[:, keep] / np.sqrt(values[keep])
    return whitened
