"""A linear head that costs next to nothing: ridge regression to one-hot labels, out of sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

N_COMPONENTS = 192
N_FOLDS = 5
N_LANDMARKS = 1000
KERNEL_PENALTY = 0.3

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class RidgeHead:
    """Out-of-sample ridge scores on whitened principal components of fixed features, for any labelling of them.

    The folds are factorised once and shared by all labellings, so that hundreds of hypotheses about the labels cost a
    matrix product each.

    Parameters
    ----------
    features
        Shape [N, D]; rows with NaN take no part.
    seed
        Of the folds and the landmarks.
    fold
        Given folds, shape [N]; by default five random ones.
    space
        Rows of different numbers were embedded by different networks (`spaces.embedding_spaces`): a head is fitted
        within each; shape [N]. By default one space.
    kernel
        Ridge in a Gaussian kernel of the features (`kernel_features`) instead: slower, and sharper on plain features.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 200)
    >>> head = RidgeHead(np.eye(2)[labels] + 0.1 * rng.normal(size=(200, 2)))
    >>> bool((head.scores(labels, 2).argmax(axis=1) == labels).all())
    True
    """

    def __init__(
        self,
        features: NDArray[np.floating[Any]],
        *,
        seed: int = 0,
        fold: NDArray[np.integer[Any]] | None = None,
        space: NDArray[np.integer[Any]] | None = None,
        kernel: bool = False,
    ) -> None:
        self.usable: NDArray[np.bool_] = np.isfinite(features).all(axis=1)
        rng = np.random.default_rng(seed)
        self.fold = rng.permutation(len(features)) % N_FOLDS if fold is None else np.asarray(fold)
        one_space = np.zeros(len(features), dtype=np.int64) if space is None else np.asarray(space)
        self.spaces = [one_space == one for one in np.unique(one_space[self.usable]).tolist()]
        self.x = _side_by_side(features, [self.usable & part for part in self.spaces], rng if kernel else None)
        self.solved: list[tuple[Indices, Indices, NDArray[Any]]] = []
        for part in self.spaces:
            for one in np.unique(self.fold[self.usable & part]).tolist():
                train = np.flatnonzero((self.fold != one) & self.usable & part)
                x = self.x[train]
                penalty = KERNEL_PENALTY if kernel else max(1.0, 0.01 * len(train))
                inverse = np.linalg.inv(x.T @ x + penalty * np.eye(x.shape[1]))
                self.solved.append((train, np.flatnonzero((self.fold == one) & part), inverse))

    def scores(self, labels: NDArray[np.integer[Any]], n_classes: int) -> Floats:
        """Out-of-sample score of each class for each row, around 0; labels of -1 are left out; shape [N, K]."""
        targets = np.zeros((len(labels), n_classes))
        known = self.usable & (labels >= 0)
        targets[np.flatnonzero(known), labels[known]] = 1
        return self.predict(targets, known)

    def predict(self, targets: Floats, known: NDArray[np.bool_]) -> Floats:
        """Out-of-sample predictions of centred targets; rows that are not known are left out of the fit; [N, T]."""
        known = known & self.usable
        centred = np.zeros(targets.shape)
        for part in self.spaces:
            if (known & part).any():
                centred[known & part] = targets[known & part] - targets[known & part].mean(axis=0)
        out = np.zeros_like(centred)
        for train, test, inverse in self.solved:
            out[test] = self.x[test] @ (inverse @ (self.x[train].T @ centred[train]))
        return out


def _side_by_side(
    features: NDArray[np.floating[Any]], parts: list[NDArray[np.bool_]], landmarks: np.random.Generator | None
) -> Floats:
    """Transform each space's rows by themselves; shape [N, C] of the widest, zeros where a row takes no part."""
    found = []
    for part in parts:
        rows = features[part]
        every = np.ones(len(rows), dtype=bool)
        found.append(whiten(rows, every) if landmarks is None else kernel_features(rows, landmarks))
    x = np.zeros((len(features), max((one.shape[1] for one in found), default=1)))
    for part, one in zip(parts, found, strict=True):
        x[part, : one.shape[1]] = one
    return x


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


def kernel_features(
    features: NDArray[np.floating[Any]], rng: np.random.Generator, n_landmarks: int = N_LANDMARKS
) -> Floats:
    """Features whose inner products approximate a Gaussian kernel between directions from the mean; shape [N, M].

    Nyström approximation (Williams and Seeger 2001) from rows drawn as landmarks; the kernel's width is the median
    distance of landmarks.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(40, 3))
    >>> found = kernel_features(x, rng)
    >>> bool(np.allclose((found**2).sum(axis=1), 1, atol=1e-3))
    True
    """
    x = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    landmarks = x[np.sort(rng.choice(len(x), min(len(x), n_landmarks), replace=False))]
    # Of unit vectors, the squared distance is 2 - 2 times their product.
    between = 2 - 2 * landmarks @ landmarks.T
    apart = between[np.triu_indices(len(landmarks), 1)]
    scale = 2 / max(float(np.median(apart)) if apart.size else 1.0, 1e-9)
    factor = np.linalg.cholesky(np.exp(-scale * between) + 1e-4 * np.eye(len(landmarks)))
    found: Floats = np.linalg.solve(factor, np.exp(-scale * (2 - 2 * landmarks @ x.T))).T
    return found
