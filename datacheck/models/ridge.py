"""Ridge regression with a fold held out at a time.

Written here rather than taken from scikit-learn's ``Ridge`` or ``RidgeCV``: leaving a fold out is a subtraction from
sums that all folds share, and one factorisation serves any number of labellings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from datacheck.models.components import whiten
from datacheck.models.kernel import kernel_features

N_FOLDS = 5
"""Four fifths of the rows to fit on, at five fits."""

N_LANDMARKS = 1000
"""Rows that span the kernel features: a Gram matrix of 8 MB, factorised in less than 0.1 s in each fold."""

PENALTY_SHARE = 0.01
"""Penalty for each row fitted on, relative to whitened features of variance 1: shrinks a coefficient by 1 %."""

LEAST_PENALTY = 1.0
"""Penalty where fewer than 100 rows are fitted on: one row's worth of variance."""

LEAST_SIZE = 0.5
"""Samples that a class without any counts as: its log-odds stay finite."""

LEAST_VARIANCE = 1e-3
"""Of features within the classes, beside 1 in all: one that a class determines does not decide alone."""

KERNEL_PENALTY = 0.3
"""Penalty on kernel features, whose rows have length 1."""

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class FoldSums:
    """What each fold adds to the normal equations XᵀX and XᵀY of a least-squares fit.

    Attributes
    ----------
    gram
        XᵀX of each fold's rows, [D, D] each.
    cross
        XᵀY of each fold's rows, [D, K] each.
    """

    gram: tuple[Floats, ...]
    cross: tuple[Floats, ...]

    @classmethod
    def of(
        cls,
        x: NDArray[np.floating[Any]],
        targets: NDArray[np.floating[Any]],
        folds: Sequence[Indices],
        weights: NDArray[np.floating[Any]] | None = None,
    ) -> FoldSums:
        """Sum over the rows of each fold; shapes [N, D] and [N, K], weights [N]."""
        gram, cross = [], []
        for rows in folds:
            part = x[rows]
            weighted = part if weights is None else part * weights[rows, None]
            gram.append((weighted.T @ part).astype(np.float64))
            cross.append((weighted.T @ targets[rows]).astype(np.float64))
        return cls(tuple(gram), tuple(cross))

    def __add__(self, other: FoldSums) -> FoldSums:
        """Return the sums over the rows of both."""
        return FoldSums(
            tuple(a + b for a, b in zip(self.gram, other.gram, strict=True)),
            tuple(a + b for a, b in zip(self.cross, other.cross, strict=True)),
        )

    def coefficients(self, penalty: float, *, relative: bool = False) -> Iterator[Floats]:
        """Yield for each fold the ridge coefficients fitted on all the other folds; shape [D, K].

        Parameters
        ----------
        penalty
            Added to the diagonal of XᵀX.
        relative
            Whether it is given relative to the mean of that diagonal.

        Examples
        --------
        >>> x, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[2.0], [4.0], [6.0], [8.0]])
        >>> sums = FoldSums.of(x, y, [np.array([0, 1]), np.array([2, 3])])
        >>> [fitted.round(3).tolist() for fitted in sums.coefficients(0.0)]
        [[[2.0]], [[2.0]]]
        """
        gram, cross = sum(self.gram), sum(self.cross)
        for own_gram, own_cross in zip(self.gram, self.cross, strict=True):
            left = gram - own_gram
            added = penalty * (np.trace(left) / len(left) if relative else 1.0)
            yield np.asarray(cho_solve(_factor(left, added), cross - own_cross))

    def discriminants(self, share: Floats, penalty: float) -> Iterator[Floats]:
        """Yield for each fold the coefficients of a linear discriminant analysis on all the other folds; shape [D, K].

        The features times these are the log-odds of the classes. The targets are 0 and 1, less the share of each class,
        and the last feature is 1. Where classes follow one another, a regression on each of them takes those in the
        middle for their neighbours (Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 4.2).

        Parameters
        ----------
        share
            That was taken from the targets, [K].
        penalty
            Added to the variance of each feature within the classes, relative to that of one row.

        Examples
        --------
        >>> x = np.column_stack([np.repeat([-2.0, 0.0, 2.0], 40) + np.tile([-0.5, 0.5], 60), np.ones(120)])
        >>> y = np.eye(3)[np.repeat([0, 1, 2], 40)]
        >>> sums = FoldSums.of(x, y - 1 / 3, [np.arange(0, 120, 3), np.arange(1, 120, 3), np.arange(2, 120, 3)])
        >>> (x @ next(sums.discriminants(np.full(3, 1 / 3), 0.1))).argmax(axis=1).tolist() == y.argmax(axis=1).tolist()
        True
        """
        gram, cross = sum(self.gram), sum(self.cross)
        for own_gram, own_cross in zip(self.gram, self.cross, strict=True):
            left = gram - own_gram
            of_class = cross - own_cross + left[:, -1:] * share
            n_rows, sizes = left[-1, -1], np.maximum(of_class[-1], LEAST_SIZE)
            means = of_class[:-1] / sizes
            within = left[:-1, :-1] - (means * sizes) @ means.T
            slopes = cho_solve(_factor(within / n_rows, penalty / n_rows + LEAST_VARIANCE), means)
            level = np.log(sizes / n_rows) - 0.5 * (means * slopes).sum(axis=0)
            yield np.vstack([slopes, level])


def fit_ridge(x: NDArray[np.floating[Any]], targets: NDArray[np.floating[Any]], penalty: float) -> Floats:
    """Return ridge coefficients of one fit, shape [D, K]; shapes [N, D] and [N, K].

    Examples
    --------
    >>> fit_ridge(np.array([[1.0], [3.0]]), np.array([[2.0], [6.0]]), 10.0).tolist()
    [[1.0]]
    """
    gram = np.asarray(x.T @ x, dtype=np.float64)
    return np.asarray(cho_solve(_factor(gram, penalty), x.T @ targets, check_finite=False))


def _factor(gram: Floats, penalty: float) -> tuple[Floats, bool]:
    """Factorise a Gram matrix plus a penalty on its diagonal, in place."""
    gram[np.diag_indices_from(gram)] += penalty
    factor, lower = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    return np.asarray(factor), bool(lower)


class RidgeHead:
    """Out-of-sample ridge scores on fixed features, for any labelling of the rows.

    The features are principal components of unit variance, or kernel features. The folds are factorised once for all
    labellings, so that hundreds of hypotheses about the labels cost a matrix product each.

    Parameters
    ----------
    features
        Shape [N, D]; rows with NaN take no part.
    seed
        Of the folds and the landmarks.
    fold
        Given folds, shape [N]; by default five random ones.
    space
        Rows of different numbers were embedded by different networks (`datacheck.pairing.embedding_spaces`): a head is
        fitted within each; shape [N]. By default one space.
    kernel
        Ridge in a Gaussian kernel of the features, taken as directions from their mean, instead: slower, and more
        accurate on plain features.

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
        self.x = _transformed(features, [self.usable & part for part in self.spaces], rng if kernel else None)
        self._solvers = [_HeldOut.of(self.x, self.fold, self.usable, part, kernel=kernel) for part in self.spaces]

    def scores(self, labels: NDArray[np.integer[Any]], n_classes: int) -> Floats:
        """Return the out-of-sample score of each class for each row, around 0; shape [N, K].

        Rows with a label of -1 are scored, and not fitted on.
        """
        known = self.usable & (labels >= 0)
        targets = np.zeros((len(labels), n_classes))
        targets[np.flatnonzero(known), labels[known]] = 1
        return self.predict(targets, known)

    def predict(self, targets: Floats, known: NDArray[np.bool_]) -> Floats:
        """Return out-of-sample predictions of targets, less the targets' mean; shape [N, K].

        Rows that are not ``known`` are predicted, and not fitted on.
        """
        known = known & self.usable
        centred = np.zeros(targets.shape)
        for part in self.spaces:
            if (known & part).any():
                centred[known & part] = targets[known & part] - targets[known & part].mean(axis=0)
        out = np.zeros_like(centred)
        for solver in self._solvers:
            solver.fill(out, self.x, centred)
        return out


@dataclass(frozen=True)
class _HeldOut:
    """Rows of each fold of one space, and the factor of what the other folds' usable rows add up to."""

    rows: tuple[Indices, ...]
    fitted: tuple[Indices, ...]
    factors: tuple[tuple[Floats, bool], ...]

    @classmethod
    def of(
        cls,
        x: Floats,
        fold: NDArray[np.integer[Any]],
        usable: NDArray[np.bool_],
        space: NDArray[np.bool_],
        *,
        kernel: bool,
    ) -> _HeldOut:
        numbers = np.unique(fold[usable & space]).tolist()
        rows = tuple(np.flatnonzero((fold == one) & space) for one in numbers)
        fitted = tuple(part[usable[part]] for part in rows)
        grams = [x[part].T @ x[part] for part in fitted]
        total, n_rows = sum(grams), sum(len(part) for part in fitted)
        penalties = [
            KERNEL_PENALTY if kernel else max(LEAST_PENALTY, PENALTY_SHARE * (n_rows - len(part))) for part in fitted
        ]
        factors = tuple(_factor(total - gram, penalty) for gram, penalty in zip(grams, penalties, strict=True))
        return cls(rows, fitted, factors)

    def fill(self, out: Floats, x: Floats, target: Floats) -> None:
        """Write the scores of the rows of this space."""
        crosses = [x[part].T @ target[part] for part in self.fitted]
        total = sum(crosses)
        for rows, cross, factor in zip(self.rows, crosses, self.factors, strict=True):
            out[rows] = x[rows] @ cho_solve(factor, total - cross, check_finite=False)


def _transformed(
    features: NDArray[np.floating[Any]], spaces: list[NDArray[np.bool_]], landmarks: np.random.Generator | None
) -> Floats:
    """Transform each space's rows by themselves; shape [N, C] of the widest, zeros where a row takes no part."""
    found = []
    for part in spaces:
        rows = features[part]
        if landmarks is None:
            found.append(whiten(rows, np.ones(len(rows), dtype=bool)))
        else:
            found.append(kernel_features(_from_mean(rows), N_LANDMARKS, landmarks).astype(np.float64))
    x = np.zeros((len(features), max((one.shape[1] for one in found), default=1)))
    for part, one in zip(spaces, found, strict=True):
        x[part, : one.shape[1]] = one
    return x


def _from_mean(features: NDArray[np.floating[Any]]) -> Floats:
    """Return the direction of each row from the mean, as unit vectors."""
    x = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))
