"""How much weight each of two out-of-sample predictions deserves, told from the given labels alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task
from datacheck.models.learning_task import LearningTask

STEPS = 20


def blend_weight(first: NDArray[np.float32], second: NDArray[np.float32], problem: LearningTask) -> float:
    """Return the weight of ``second`` in [0, 1] under which the mixture explains the held-out answers best.

    One number is chosen from thousands of held-out samples, so the mixture stays out of sample for all that matters.
    An equal mean of a strong and a weak model ranks label errors worse than the strong one alone.

    Parameters
    ----------
    first, second
        Probabilities [N, K], or predictions [N] for regression.
    problem
        The answers, and which rows have one.

    Examples
    --------
    >>> labels = np.arange(40) % 2
    >>> problem = LearningTask(
    ...     Task.CLASSIFICATION, ("a", "b"), labels, np.ones(40, bool), np.zeros(40, np.int16), 1)
    >>> unsure, sure = np.full((40, 2), 0.5, np.float32), np.eye(2, dtype=np.float32)[labels]
    >>> blend_weight(unsure, sure, problem), blend_weight(sure, unsure, problem)
    (1.0, 0.0)
    """
    rows = np.flatnonzero(problem.labelled & (problem.fold >= 0))
    answers = problem.y[rows]
    one, other = first[rows].astype(np.float64), second[rows].astype(np.float64)
    if problem.task is Task.CLASSIFICATION:
        one, other = one[np.arange(len(rows)), answers], other[np.arange(len(rows)), answers]
    weights = np.linspace(0, 1, STEPS + 1)
    losses = [_loss((1 - weight) * one + weight * other, answers, problem.task) for weight in weights]
    return float(weights[int(np.argmin(losses))])


def _loss(mixture: NDArray[np.float64], answers: NDArray[np.float64], task: Task) -> float:
    if task is Task.REGRESSION:
        return float(((mixture - answers) ** 2).mean())
    if task is Task.CLASSIFICATION:
        return float(-np.log(np.maximum(mixture, 1e-7)).mean())
    right = np.where(answers > 0.5, mixture, 1 - mixture)
    return float(-np.log(np.maximum(right, 1e-7)).mean())
