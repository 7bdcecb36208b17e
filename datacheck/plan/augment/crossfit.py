"""Predicts held-out images: ridge regression on label-free features, fitted for each fold and seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.models.components import Components
from datacheck.models.folds import assign_folds
from datacheck.models.ridge import FoldSums
from datacheck.plan.cohort import N_FOLDS, balanced_accuracy

Array = NDArray[np.float32]

MAX_COMPONENTS = 384
"""Features are projected to at most this many components, so that a fold is solved in milliseconds, ..."""

SAMPLES_PER_COMPONENT = 4
"""... and to no more than one for this many samples."""

LEAST_VARIANCE = 1e-7
"""Components of less variance than this share of the largest are rounding errors."""

FLOOR = 0.01
"""Components of less variance than this share of the mean are amplified less than to unit variance. A share of 0.3 and
more predicts untouched samples 1 to 4 points better, but gains less from an augmentation than a network would: on
subsets of CIFAR-10 it found a third less gain in the horizontal flip."""

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Tried for the ridge, relative to the mean variance of the features, a factor of 3 apart."""


@dataclass(frozen=True)
class CrossFit:
    """Samples, their folds for each seed, and their features; predicts what a fold holds out, altered or not.

    Attributes
    ----------
    codes, n_classes
        Class of each sample; shape [N].
    folds
        Fold of each sample for each seed; int16 [S, N].
    clean
        Projected features of the untouched samples; float32 [N, D].
    mean, basis
        The projection: whitened principal components of the untouched samples.

    The penalty of the ridge is chosen for each training, by held-out accuracy on the untouched samples of the first
    seed: a penalty that suits the untouched samples may be far off once altered ones are added.
    """

    codes: NDArray[np.int64]
    n_classes: int
    folds: NDArray[np.int16]
    clean: Array
    mean: Array
    basis: Array

    @classmethod
    def fit(
        cls,
        features: Array,
        codes: NDArray[np.integer[Any]],
        groups: NDArray[np.int64],
        n_classes: int,
        *,
        seeds: tuple[int, ...],
    ) -> CrossFit:
        """Project the features and deal the folds."""
        n_components = int(np.clip(len(features) // SAMPLES_PER_COMPONENT, 2, MAX_COMPONENTS))
        found = Components.fit(features, n_components, least=LEAST_VARIANCE)
        mean: Array = found.mean.astype(np.float32)
        basis: Array = found.whitening(added=FLOOR * float(found.variances.mean())).astype(np.float32)
        centred = (features - mean).astype(np.float32)
        folds = np.stack([assign_folds(codes, groups, n_folds=N_FOLDS, seed=seed).fold for seed in seeds])
        return cls(np.asarray(codes, np.int64), n_classes, folds, centred @ basis, mean, basis)

    def project(self, features: Array) -> Array:
        """Return the projected features of altered samples; shape [N, D]."""
        projected: Array = ((features - self.mean) @ self.basis).astype(np.float32)
        return projected

    def predict(self, extra: list[Array] | None, views: list[Array], *, clean: bool = True) -> list[NDArray[np.int64]]:
        """Train on the clean samples and on extra views of the same samples, and predict views of what is held out.

        Classes weigh the same in training.

        Parameters
        ----------
        extra
            Projected views to train on, each [N, D], row n being sample n: a fold holds a sample's views out with it.
        views
            Projected views to predict, each [N, D].
        clean
            Whether to train on the clean samples too.

        Returns
        -------
        For each view the predicted class codes; [S, N].
        """
        out = [np.full(self.folds.shape, -1, dtype=np.int64) for _ in views]
        # Many small solves: threads that wait for each other cost more than they save.
        penalty = None
        with threadpool_limits(1, "blas"):
            for number, parts in enumerate(self._parts):
                sums = self._summed(number, extra or [], clean=clean)
                penalty = self._best_penalty(sums, parts) if penalty is None else penalty
                for rows, coefficients in zip(parts, sums.coefficients(penalty, relative=True), strict=True):
                    for view, predicted in zip(views, out, strict=True):
                        predicted[number, rows] = (view[rows] @ coefficients).argmax(axis=1)
        return out

    def _best_penalty(self, sums: FoldSums, parts: list[NDArray[np.intp]]) -> float:
        """Return the penalty of the best held-out accuracy on untouched samples, every class weighing the same."""
        shares = np.full(self.n_classes, 1 / self.n_classes)

        def held_out(penalty: float) -> float:
            right = np.full(len(self.codes), np.nan)
            for rows, coefficients in zip(parts, sums.coefficients(penalty, relative=True), strict=True):
                right[rows] = (self.clean[rows] @ coefficients).argmax(axis=1) == self.codes[rows]
            return balanced_accuracy(right, self.codes, shares)

        return max(PENALTIES, key=held_out)

    def _summed(self, number: int, extra: list[Array], *, clean: bool) -> FoldSums:
        """Return what each fold of one seed adds to the normal equations, extra views included."""
        views = [self._of(x, self._parts[number]) for x in extra]
        first, *others = [self._sums[number], *views] if clean else views
        return sum(others, first)

    @cached_property
    def _parts(self) -> list[list[NDArray[np.intp]]]:
        """Rows of each fold of each seed."""
        return [[np.flatnonzero(fold == one) for one in np.unique(fold[fold >= 0])] for fold in self.folds]

    @cached_property
    def _sums(self) -> list[FoldSums]:
        """What each fold of the clean samples adds to the normal equations."""
        return [self._of(self.clean, parts) for parts in self._parts]

    def _of(self, x: Array, parts: list[NDArray[np.intp]]) -> FoldSums:
        """Return what each part adds to the normal equations, every class weighing the same."""
        counts = np.bincount(self.codes, minlength=self.n_classes)
        weight = (len(self.codes) / self.n_classes / np.maximum(counts, 1))[self.codes].astype(np.float32)
        wanted = np.eye(self.n_classes, dtype=np.float32)[self.codes] - np.float32(1 / self.n_classes)
        return FoldSums.of(x, wanted, parts, weight)
