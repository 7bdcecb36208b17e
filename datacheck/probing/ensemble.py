"""How much weight each of two out-of-sample predictions gets, and how sure one is, chosen by the given labels."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from datacheck.manifest import Task
from datacheck.models.learning_task import LearningTask

Outputs = TypeVar("Outputs", NDArray[np.float32], NDArray[np.float32] | None)
"""Predictions, which may not have been measured."""

STEPS = 20
"""Weights are tried in steps of 0.05: the loss is flat around its minimum, finer steps change nothing."""

TEMPERATURES = np.geomspace(0.5, 4.0, 25)
"""Temperatures that are tried; neighbours differ by 9 %, and a finer grid changes nothing."""

FLOOR = 1e-7
"""Least probability whose logarithm is taken: one certain mistake must not decide the weight alone."""


def ensemble_weight(first: NDArray[np.float32], second: NDArray[np.float32], problem: LearningTask) -> float:
    """Return the weight of ``second`` in [0, 1] with which the weighted mean predicts the held-out labels best.

    One number is chosen from thousands of held-out samples, so the mean is still out of sample for all practical
    purposes. An equal mean of a strong and a weak model ranks label errors worse than the strong model alone.

    Parameters
    ----------
    first, second
        Probabilities [N, K], or predictions [N] for regression.
    problem
        The labels.

    Examples
    --------
    >>> labels = np.arange(40) % 2
    >>> problem = LearningTask(
    ...     Task.CLASSIFICATION, ("a", "b"), labels, np.ones(40, bool), np.zeros(40, np.int16), 1)
    >>> unsure, sure = np.full((40, 2), 0.5, np.float32), np.eye(2, dtype=np.float32)[labels]
    >>> ensemble_weight(unsure, sure, problem), ensemble_weight(sure, unsure, problem)
    (1.0, 0.0)
    """
    rows = np.flatnonzero(problem.used)
    y = problem.y[rows]
    one, other = first[rows].astype(np.float64), second[rows].astype(np.float64)
    if problem.task is Task.CLASSIFICATION:
        one, other = one[np.arange(len(rows)), y], other[np.arange(len(rows)), y]
    weights = np.linspace(0, 1, STEPS + 1)
    losses = [_loss((1 - weight) * one + weight * other, y, problem.task) for weight in weights]
    return float(weights[int(np.argmin(losses))])


def mixed(first: Outputs, second: Outputs, weight: float) -> Outputs:
    """Return the mean of two outputs with ``weight`` for the second one; None where one of them is None.

    Examples
    --------
    >>> mixed(np.array([1.0], np.float32), np.array([0.0], np.float32), 0.25).tolist()
    [0.75]
    """
    if first is None or second is None:
        return None
    return ((1 - weight) * first + weight * second).astype(np.float32)


def tempered(outputs: NDArray[np.float32], problem: LearningTask) -> NDArray[np.float32]:
    """Return probabilities at the temperature under which they predict the held-out labels best.

    Label smoothing makes a network too unsure, and early-learning regularisation too sure (Guo, Pleiss, Sun and
    Weinberger, *On Calibration of Modern Neural Networks*, 2017). One number is chosen from all held-out samples, as in
    `ensemble_weight`. Outputs of other tasks than classification stay as they are.

    Parameters
    ----------
    outputs
        Out-of-sample probabilities [N, K]; NaN where a row takes no part.
    problem
        The labels.

    Examples
    --------
    >>> labels = np.arange(40) % 2
    >>> problem = LearningTask(
    ...     Task.CLASSIFICATION, ("a", "b"), labels, np.ones(40, bool), np.zeros(40, np.int16), 1)
    >>> unsure = np.where(np.eye(2)[labels] > 0, 0.6, 0.4).astype(np.float32)
    >>> round(float(tempered(unsure, problem)[0, 0]), 2)
    0.69
    """
    rows = np.flatnonzero(problem.used)
    if problem.task is not Task.CLASSIFICATION or len(rows) == 0:
        return outputs
    logs = np.log(np.maximum(outputs, FLOOR))
    own = logs[rows, problem.y[rows]]
    losses = [
        float((logsumexp(logs[rows] / temperature, axis=1) - own / temperature).mean()) for temperature in TEMPERATURES
    ]
    return np.asarray(softmax(logs / TEMPERATURES[int(np.argmin(losses))], axis=1), dtype=np.float32)


def _loss(mixture: NDArray[np.float64], y: NDArray[np.float64], task: Task) -> float:
    """Mean squared error for regression, else the mean negative log-likelihood."""
    if task is Task.REGRESSION:
        return float(((mixture - y) ** 2).mean())
    likelihood = mixture
    if task is Task.MULTILABEL:
        likelihood = np.where(y > 0.5, mixture, 1 - mixture)
    return float(-np.log(np.maximum(likelihood, FLOOR)).mean())
