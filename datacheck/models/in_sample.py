"""What models predict of rows that they were trained on: the training error, beside the error out of sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task
from datacheck.models.learning_task import LearningTask

MOST_ROWS, MOST_VALUES = 20_000, 4_000_000
"""Rows, and rows times classes, that are predicted: the error of so many is known to less than a point."""

ROWS_STREAM = 7
"""Keeps the random numbers of those rows apart from those of the folds, which start from the same seed."""


@dataclass(frozen=True)
class InSample:
    """Rows, each with the outputs of one model that was trained on it: the one that held out the next fold.

    One model a row, as out of sample, so that the outputs of several kinds of models can be averaged in the same way.

    Attributes
    ----------
    rows
        Some of the labelled rows, at random where there are many, ascending; shape [R].
    model
        The fold that the model of each row held out; shape [R].
    outputs
        Class probabilities, shape [R, K]; NaN where they were not measured, or the model was not trained on the row.
    """

    rows: NDArray[np.intp]
    model: NDArray[np.int16]
    outputs: NDArray[np.float32]

    @classmethod
    def of(cls, problem: LearningTask) -> InSample:
        """Return the rows of a task; none where nothing is held out, or where the labels are no classes.

        Examples
        --------
        >>> labels, fold = np.array([0, 1, 0, -1]), np.array([0, 1, 2, 0], np.int16)
        >>> seen = InSample.of(LearningTask(Task.CLASSIFICATION, ("a", "b"), labels, labels >= 0, fold, 3))
        >>> seen.rows.tolist(), seen.model.tolist()
        ([0, 1, 2], [1, 2, 0])
        """
        rows = np.flatnonzero(problem.used)
        if problem.task is not Task.CLASSIFICATION or problem.n_folds < 2:
            rows = rows[:0]
        most = min(MOST_ROWS, max(1, MOST_VALUES // problem.width))
        if len(rows) > most:
            rng = np.random.default_rng([problem.seed, ROWS_STREAM])
            rows = np.sort(rng.choice(rows, most, replace=False))
        model = ((problem.fold[rows] + 1) % problem.n_folds).astype(np.int16)
        return cls(rows, model, np.full((len(rows), problem.width), np.nan, dtype=np.float32))

    @classmethod
    def nothing(cls, problem: LearningTask) -> InSample:
        """Return no rows, where the training error is not wanted."""
        return cls(np.empty(0, np.intp), np.empty(0, np.int16), np.empty((0, problem.width), np.float32))

    def of_fold(self, fold: int, trained: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
        """Return the positions of the rows that the model of a fold predicts, of those it was ``trained`` on."""
        at = np.flatnonzero(self.model == fold)
        return at if trained is None else at[np.isin(self.rows[at], trained)]
