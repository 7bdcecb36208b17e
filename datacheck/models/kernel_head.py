"""A kernel ridge regression whose outputs are out of sample for any labels of the same rows.

Ridge regression on Nyström features of a Gaussian kernel, solved for all folds from one set of Gram matrices: a fit on
other labels costs little, and it is accurate from hundreds of samples on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.manifest import Task
from datacheck.models.components import Components
from datacheck.models.in_sample import InSample
from datacheck.models.kernel import kernel_features
from datacheck.models.learning_task import LearningTask
from datacheck.models.ridge import FoldSums

Array = NDArray[np.float32]

N_LANDMARKS, N_COMPONENTS = 1536, 192
"""Landmarks of the kernel, and principal components that it is computed from: each fold solves 1,537 unknowns."""

MAX_TRAINING_ROWS = 100_000
"""With more samples the regression is fitted on as many drawn at random; all are predicted."""

ONE_THREAD = 10_000
"""Up to so many samples one thread is used: on a busy machine threads that wait for each other cost ten times more."""

PENALTIES = (0.03, 0.3, 3.0)
"""Ridge penalties that are tried: they span what suits hundreds to hundreds of thousands of images."""

SHARPNESS = (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0, 20.0)
"""Factors on the scores before the softmax or sigmoid that are tried: ridge scores are too flat to be probabilities."""

JUDGED_ROWS, JUDGED_VALUES = 20_000, 1_000_000
"""Held-out rows that penalty and sharpness are chosen on, and values (rows times classes), drawn at random where there
are more: two numbers need no more, and with many classes all rows would take most of the time."""

LINKED_AT_ONCE = 1 << 18
"""Values that are turned into probabilities at once: one megabyte, which stays in a processor's cache."""

JUDGED_STREAM = 6
"""Keeps the random numbers of those rows apart from those of the landmarks and the folds."""

LEAST_PROBABILITY, LEAST_SHARE = 1e-7, 1e-4
"""Bounds of probabilities and class shares whose logarithm is taken."""


KERNEL_STREAM = 3
"""Keeps the random numbers of the landmarks apart from those of the folds, which start from the same seed."""

LEAST_NORM = 1e-9
"""Guards the division for a row that equals the mean."""


def few_threads(n_rows: int) -> Any:
    """Return a context in which BLAS uses one thread for few rows."""
    return threadpool_limits(1 if n_rows <= ONE_THREAD else None, user_api="blas")


def direction_components(features: NDArray[np.floating[Any]]) -> Array:
    """Return the principal components of directions from the mean: what of an embedding a kernel head reads.

    Parameters
    ----------
    features
        Embeddings of a network, shape [R, D].

    Examples
    --------
    >>> direction_components(np.random.default_rng(0).normal(size=(50, 8))).shape
    (50, 8)
    """
    x = np.asarray(features, dtype=np.float32) - features.mean(axis=0, dtype=np.float64).astype(np.float32)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), LEAST_NORM)
    return np.asarray(Components.fit(x, N_COMPONENTS).project(x), dtype=np.float32)


@dataclass
class KernelHead:
    """Ridge regression on Nyström features of a Gaussian kernel, out of sample for every labelling of the same rows.

    Attributes
    ----------
    components
        Float32 [R, C].
    problem
        Gives folds and seed; the labels come from the task that `fit` is given.
    rows
        The rows of the problem that the components belong to, [R].
    kernel
        Whether the components pass through the kernel; without it the model is linear in them: of three and more
        classes a discriminant analysis, where it predicts the held-out labels better than the regression.
    """

    components: Array
    problem: LearningTask
    rows: NDArray[np.intp]
    kernel: bool = True
    features: Array = field(init=False)
    trains: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.problem.seed, KERNEL_STREAM])
        n = len(self.rows)
        inputs = kernel_features(self.components, N_LANDMARKS, rng) if self.kernel else self.components
        self.features = np.concatenate([inputs, np.ones((n, 1), dtype=np.float32)], axis=1)
        self.trains = np.ones(n, dtype=bool)
        if n > MAX_TRAINING_ROWS:
            self.trains[rng.permutation(n)[MAX_TRAINING_ROWS:]] = False

    def fit(
        self, problem: LearningTask, *, penalties: tuple[float, ...] = PENALTIES, seen: InSample | None = None
    ) -> tuple[Array, float]:
        """Return out-of-sample outputs [N, K] (regression: [N]) and the penalty with the best held-out loss.

        The outputs for rows that were trained on are written to ``seen``.
        """
        known = self.trains & problem.labelled[self.rows]
        fold = problem.fold[self.rows]
        share = _share(problem, self.rows[known])
        sums = self._sums(problem, share, known)
        fitted = [[weights.astype(np.float32) for weights in sums.coefficients(penalty)] for penalty in penalties]
        if not self.kernel and problem.task is Task.CLASSIFICATION and problem.width > 2:
            shares = np.zeros((self.features.shape[1], problem.width))
            shares[-1] = share  # `_linked` adds it to each score
            fitted += [
                [(weights - shares).astype(np.float32) for weights in sums.discriminants(share, penalty)]
                for penalty in penalties
            ]
        judged = self._judged(problem, known)
        wanted = problem.targets(self.rows[judged])
        losses = {
            (number, sharpness): _loss(_linked(scores, share, sharpness, problem.task), wanted, problem)
            for number, weights in enumerate(fitted)
            for scores in [self._scores(weights, fold, judged)]
            for sharpness in (SHARPNESS if problem.task is not Task.REGRESSION else (1.0,))
        }
        best, sharpness = min(losses, key=lambda pair: losses[pair])
        outputs = np.full((len(problem.fold), problem.width), np.nan, dtype=np.float32)
        step = max(1, LINKED_AT_ONCE // problem.width)
        for start in range(0, len(self.rows), step):
            part = np.arange(start, min(start + step, len(self.rows)))
            scores = self._scores(fitted[best], fold, part)
            outputs[self.rows[part]] = _linked(scores, share, sharpness, problem.task)
        if seen is not None and len(seen.rows):
            of_seen = np.flatnonzero(np.isin(seen.rows, self.rows[known]))
            at = np.searchsorted(self.rows, seen.rows[of_seen])
            scores = self._scores(fitted[best], (fold + 1) % problem.n_folds, at)
            seen.outputs[of_seen] = _linked(scores, share, sharpness, problem.task)
        if problem.task is Task.REGRESSION:
            mean, deviation = problem.scale()
            return (outputs[:, 0] * deviation + mean).astype(np.float32), penalties[best]
        return outputs, penalties[best % len(penalties)]

    def _sums(self, problem: LearningTask, share: NDArray[Any], known: NDArray[np.bool_]) -> FoldSums:
        """Sum over the known rows of each fold; targets are made fold by fold: with many classes they are large."""
        fold, sums = problem.fold[self.rows], []
        for one in range(problem.n_folds):
            rows = np.flatnonzero((fold == one) & known)
            sums.append(
                FoldSums.of(self.features[rows], problem.targets(self.rows[rows]) - share, [np.arange(len(rows))])
            )
        return FoldSums(tuple(one.gram[0] for one in sums), tuple(one.cross[0] for one in sums))

    def _judged(self, problem: LearningTask, known: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the rows that penalty and sharpness are chosen on."""
        rows, most = np.flatnonzero(known), min(JUDGED_ROWS, JUDGED_VALUES // max(1, problem.width))
        if len(rows) <= most:
            return rows
        rng = np.random.default_rng([problem.seed, JUDGED_STREAM])
        return np.asarray(rng.choice(rows, most, replace=False))

    def _scores(self, weights: list[Array], fold: NDArray[np.int16], rows: NDArray[np.intp]) -> Array:
        """Return what the regressions that each of some rows was held out from say of it, [R, K]."""
        scores = np.zeros((len(rows), weights[0].shape[1]), dtype=np.float32)
        for number, coefficients in enumerate(weights):
            own = np.flatnonzero(fold[rows] == number)
            scores[own] = self.features[rows[own]] @ coefficients
        return scores


def _share(problem: LearningTask, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Return the mean target of some rows, [K]."""
    if problem.task is Task.CLASSIFICATION:
        return (np.bincount(problem.y[rows], minlength=problem.width) / max(1, len(rows))).astype(np.float32)
    return np.asarray(problem.targets(rows).mean(axis=0))


def _linked(scores: Array, share: NDArray[Any], sharpness: float, task: Task) -> Array:
    """Turn scores [R, K] into probabilities, or into standardised numbers for regression."""
    if task is Task.REGRESSION:
        return np.asarray(scores + share, dtype=np.float32)
    if task is Task.CLASSIFICATION:
        logits = sharpness * (scores + share)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
    base = np.clip(share, LEAST_SHARE, 1 - LEAST_SHARE).astype(np.float64)
    return np.asarray(1 / (1 + np.exp(-(sharpness * scores + np.log(base / (1 - base))))), dtype=np.float32)


def _loss(outputs: Array, targets: Array, problem: LearningTask) -> float:
    """Mean absolute error for regression, else the mean negative log-likelihood of the targets [R, K]."""
    if problem.task is Task.REGRESSION:
        return float(np.abs(outputs - targets).mean())
    if problem.task is Task.CLASSIFICATION:
        right = (outputs * targets).sum(axis=1)
    else:
        right = np.where(targets > 0.5, outputs, 1 - outputs)
    return float(-np.log(np.maximum(right, LEAST_PROBABILITY)).mean(dtype=np.float64))
