"""A head with one hidden layer on given features, trained for all folds at once.

Written here rather than taken from scikit-learn's ``MLPClassifier``, which knows neither dropout, label smoothing nor
mirrored views, and trains one fold at a time: in the same matrix products five folds take about the time of one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.manifest import Task
from datacheck.models.adam import AdamW
from datacheck.models.in_sample import InSample
from datacheck.models.learning_task import LearningTask

Array = NDArray[np.float32]

SMALL_PRODUCT = 2e8
"""Multiplications of a step: below so many it takes about a millisecond, and threads cost more than they save."""

PREDICTED_AT_ONCE = 4096
"""Rows whose hidden units of all folds are held at once (10 MB for 5 folds of 128)."""

NEGLIGIBLE = 1e-3
"""A feature's deviation counts as at least this share of the largest: one that hardly varies carries rounding alone."""


@dataclass(frozen=True)
class HeadRecipe:
    """How a head is trained.

    Attributes
    ----------
    hidden
        Units of the hidden layer; those of all folds are the columns of one matrix, 640 for five folds.
    epochs, batch
        Passes over the samples and samples a step. Eight passes suffice for features that are given.
    min_steps
        Small datasets get more passes, until so many steps are made: the schedule needs some hundreds.
    learning_rate, weight_decay
        Of AdamW, under a one-cycle schedule.
    dropout, label_smoothing
        Strong, so that a head does not fit the wrong labels that it is meant to show.
    """

    hidden: int = 128
    epochs: int = 8
    batch: int = 1024
    min_steps: int = 400
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.3
    label_smoothing: float = 0.1


class Pace(Protocol):
    """The steps of a training, which may become fewer while it runs."""

    @property
    def going(self) -> bool:
        """Whether a step is left."""

    @property
    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""

    def advance(self) -> None:
        """Count one step."""


@dataclass
class AllSteps:
    """All the steps of a training, however long they take."""

    steps: int
    made: int = 0

    @property
    def going(self) -> bool:
        """Whether a step is left."""
        return self.made < self.steps

    @property
    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return self.made / self.steps

    def advance(self) -> None:
        """Count one step."""
        self.made += 1


def steps_of(problem: LearningTask, recipe: HeadRecipe) -> int:
    """Return how many steps a recipe takes."""
    return max(recipe.epochs * _steps_an_epoch(problem, recipe), recipe.min_steps)


def _steps_an_epoch(problem: LearningTask, recipe: HeadRecipe) -> int:
    return max(1, int(problem.used.sum()) // _batch(recipe, problem))


def fit_heads(
    features: Array,
    problem: LearningTask,
    recipe: HeadRecipe,
    *,
    seed: int,
    mirrored: Array | None = None,
    pace: Pace | None = None,
    seen: InSample | None = None,
) -> Array:
    """Train one MLP a fold, all in the same matrix products, and predict each row by the fold that held it out.

    Parameters
    ----------
    features
        Shape [N, D]; standardised here.
    problem
        Labels and folds.
    recipe
        How to train.
    seed
        Of weights, batches and dropout.
    mirrored
        Features of the mirrored images, shape [N, D]: half of the steps train on them, and predictions average both.
    pace
        How many steps are made; `steps_of` the recipe where none is given.
    seen
        Where the outputs for rows that were trained on are written.

    Returns
    -------
    Out-of-sample probabilities [N, K], or predictions [N] for regression; NaN where a row takes no part.
    """
    views = _standardised([features] if mirrored is None else [features, mirrored], problem)
    network = _Network.create(views[0].shape[1], problem, recipe, np.random.default_rng([seed, 0]))
    small = _batch(recipe, problem) * network.w1.size < SMALL_PRODUCT
    with threadpool_limits(1 if small else None, user_api="blas"):
        pace = AllSteps(steps_of(problem, recipe)) if pace is None else pace
        _train(network, views, problem, recipe, np.random.default_rng([seed, 1]), pace)
    outputs = np.full((len(problem.fold), problem.width), np.nan, dtype=np.float32)
    rows = np.flatnonzero(problem.fold >= 0)
    for start in range(0, len(rows), PREDICTED_AT_ONCE):
        chunk = rows[start : start + PREDICTED_AT_ONCE]
        mean = np.mean([_link(network.forward(view[chunk])[1], problem.task) for view in views], axis=0)
        outputs[chunk] = mean[problem.fold[chunk], np.arange(len(chunk))]
        if seen is not None:
            part = slice(*np.searchsorted(seen.rows, [chunk[0], chunk[-1] + 1]))
            seen.outputs[part] = mean[seen.model[part], np.searchsorted(chunk, seen.rows[part])]
    return finish(outputs, problem)


def finish(outputs: Array, problem: LearningTask) -> Array:
    """Bring regression outputs back to the target's own scale, shape [N]; leave probabilities as they are."""
    if problem.task is not Task.REGRESSION:
        return outputs
    mean, deviation = problem.scale()
    return (outputs[:, 0] * deviation + mean).astype(np.float32)


def _standardised(views: list[Array], problem: LearningTask) -> list[Array]:
    used = problem.fold >= 0
    mean = views[0][used].mean(axis=0, dtype=np.float64)
    deviation = views[0][used].std(axis=0, dtype=np.float64)
    scale = 1 / np.maximum(deviation, NEGLIGIBLE * max(float(deviation.max(initial=0)), 1e-12))
    return [(view - mean.astype(np.float32)) * scale.astype(np.float32) for view in views]


def _link(logits: Array, task: Task) -> Array:
    """Turn logits into probabilities; regression stays as it is."""
    if task is Task.CLASSIFICATION:
        return np.asarray(softmax(logits, axis=-1))
    return np.asarray(expit(logits)) if task is Task.MULTILABEL else logits


@dataclass
class _Network:
    """F two-layer networks in the same matrices: ``w1`` [D, F * H], ``w2`` [F, H, K]."""

    w1: Array
    b1: Array
    w2: Array
    b2: Array

    @classmethod
    def create(cls, width: int, problem: LearningTask, recipe: HeadRecipe, rng: np.random.Generator) -> _Network:
        n_folds, hidden = problem.n_folds, recipe.hidden
        return cls(
            (rng.standard_normal((width, n_folds * hidden)) / np.sqrt(width)).astype(np.float32),
            np.zeros(n_folds * hidden, dtype=np.float32),
            (rng.standard_normal((n_folds, hidden, problem.width)) / np.sqrt(hidden)).astype(np.float32),
            np.zeros((n_folds, 1, problem.width), dtype=np.float32),
        )

    def forward(self, x: Array, keep: Array | None = None) -> tuple[Array, Array]:
        """Return hidden units [F, B, H] and logits [F, B, K]."""
        hidden = np.maximum(x @ self.w1 + self.b1, 0)
        if keep is not None:
            hidden *= keep
        stacked = hidden.reshape(len(x), len(self.w2), -1).transpose(1, 0, 2)
        return stacked, stacked @ self.w2 + self.b2

    def gradients(self, x: Array, hidden: Array, d_logits: Array, keep: Array) -> list[Array]:
        d_hidden = (d_logits @ self.w2.transpose(0, 2, 1)) * (hidden > 0)
        flat = d_hidden.transpose(1, 0, 2).reshape(len(x), -1) * keep
        return [x.T @ flat, flat.sum(axis=0), hidden.transpose(0, 2, 1) @ d_logits, d_logits.sum(axis=1, keepdims=True)]

    @property
    def parameters(self) -> list[Array]:
        return [self.w1, self.b1, self.w2, self.b2]


def _batch(recipe: HeadRecipe, problem: LearningTask) -> int:
    """Return how many samples a step takes: small datasets still get four steps an epoch."""
    return max(1, min(recipe.batch, int(problem.used.sum()) // 4))


def _train(
    network: _Network,
    views: list[Array],
    problem: LearningTask,
    recipe: HeadRecipe,
    rng: np.random.Generator,
    pace: Pace,
) -> None:
    rows = np.flatnonzero(problem.used)
    targets = problem.targets()
    if problem.task is Task.CLASSIFICATION:
        targets = targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / problem.width
    batch = _batch(recipe, problem)
    steps_an_epoch = _steps_an_epoch(problem, recipe)
    decay = recipe.weight_decay
    optimiser = AdamW(network.parameters, [decay, 0.0, decay, 0.0])
    order = rows
    for step in itertools.takewhile(lambda _: pace.going, itertools.count()):
        position = step % steps_an_epoch
        if position == 0:
            order = rng.permutation(rows)
        chosen = order[position * batch : (position + 1) * batch]
        x = views[(step + step // steps_an_epoch) % len(views)][chosen]
        shape = (len(x), network.w1.shape[1])
        keep = (rng.random(shape, dtype=np.float32) >= recipe.dropout).astype(np.float32) / (1 - recipe.dropout)
        hidden, logits = network.forward(x, keep)
        trains = problem.fold[chosen][None, :] != np.arange(problem.n_folds)[:, None]
        d_logits = (_link(logits, problem.task) - targets[chosen]) * trains[..., None] / np.float32(len(x))
        gradients = network.gradients(x, hidden, d_logits.astype(np.float32), keep)
        optimiser.step(gradients, recipe.learning_rate * one_cycle(pace.progress))
        pace.advance()


def one_cycle(progress: float, *, warm: float = 0.2) -> float:
    """Share of the peak learning rate at a share of the training: up in a line, down in a line.

    Examples
    --------
    >>> one_cycle(0.1), one_cycle(0.2), round(one_cycle(0.6), 3), one_cycle(1.0)
    (0.5, 1.0, 0.5, 0.0)
    """
    return progress / warm if progress < warm else max(0.0, (1 - progress) / (1 - warm))
