"""What a backend is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task

Refit = Callable[[NDArray[np.int64], int], NDArray[np.float32]]
"""Fits the probe again on other labels (shape [N], -1 for none) with a seed; returns its out-of-sample pred_probs."""


@dataclass(frozen=True)
class LearningTask:
    """A supervised problem with its folds.

    Attributes
    ----------
    task, classes
        Classification, multilabel or regression; classes are empty for regression.
    answers
        Class codes int64 [N] (-1 for none), 0/1 float32 [N, K] for multilabel, or float64 [N] (NaN for none).
    labelled
        Which rows have an answer; shape [N].
    fold, n_folds
        The fold that holds each row out, int16 [N]; -1 for rows that take no part.
    pixels
        uint8 [N, S, S, 3], or None where the backend needs none.
    seed
        Of everything random.
    """

    task: Task
    classes: tuple[str, ...]
    answers: NDArray[Any]
    labelled: NDArray[np.bool_]
    fold: NDArray[np.int16]
    n_folds: int
    pixels: NDArray[np.uint8] | None = None
    seed: int = 0

    @property
    def width(self) -> int:
        """Numbers that a model gives for a sample: a class each, or one."""
        return 1 if self.task is Task.REGRESSION else len(self.classes)

    def training_rows(self, fold: int) -> NDArray[np.intp]:
        """Labelled rows that are not held out by a fold."""
        return np.flatnonzero((self.fold != fold) & (self.fold >= 0) & self.labelled)

    def held_out(self, fold: int) -> NDArray[np.intp]:
        """Rows that a fold holds out, labelled or not."""
        return np.flatnonzero(self.fold == fold)

    def scale(self) -> tuple[float, float]:
        """Mean and standard deviation of a regression target; 0 and 1 for the other tasks."""
        if self.task is not Task.REGRESSION:
            return 0.0, 1.0
        known = self.answers[self.labelled & (self.fold >= 0)]
        return float(known.mean()), float(known.std()) or 1.0

    def targets(self) -> NDArray[np.float32]:
        """What a model is trained towards: one-hot, 0/1, or the standardised number; shape [N, width]."""
        if self.task is Task.CLASSIFICATION:
            wanted = np.zeros((len(self.fold), self.width), dtype=np.float32)
            rows = np.flatnonzero(self.labelled)
            wanted[rows, self.answers[rows]] = 1
            return wanted
        if self.task is Task.MULTILABEL:
            return np.asarray(self.answers, dtype=np.float32)
        mean, deviation = self.scale()
        filled = np.where(self.labelled, self.answers, mean)
        return ((filled - mean) / deviation).astype(np.float32)[:, None]

    def with_answers(self, answers: NDArray[Any], seed: int) -> LearningTask:
        """The same samples and folds under other class codes."""
        codes = np.asarray(answers, dtype=np.int64)
        return replace(self, answers=codes, labelled=codes >= 0, seed=seed)


@dataclass(frozen=True)
class Fitted:
    """What a backend answers.

    Attributes
    ----------
    members
        Out-of-sample outputs of each seed, head or model: class probabilities [M, N, K], or predictions [M, N] for
        regression; float32, NaN where a row takes no part.
    embeddings
        float32 [N, D] or None.
    dynamics
        Training dynamics by name, each float32 [N].
    refit
        Fits the backend again on other labels, cheaply; None where it cannot.
    backend, device
        What ran, and where.
    choices
        What was chosen and why, a sentence each.
    """

    members: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None
    backend: str
    device: str = "cpu"
    dynamics: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    refit: Refit | None = None
    choices: tuple[str, ...] = ()
