"""Faults of the columns of given probabilities: in another order than the classes, or dead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from datacheck.manifest import natural_sorted
from datacheck.models.learning_task import Fault
from datacheck.stats import mean_difference
from datacheck.text import listed, percent

LEAST_PROBABILITY = 1e-3
"""Least probability whose logarithm is taken: an overconfident model must not decide by a few certain mistakes."""

MIN_COLUMN_GAIN = 0.1
"""The accuracy that other columns must gain, at the low end of its interval: classes that a model confuses, or that a
labeller exchanges in less than half of the samples, gain nothing."""

MIN_COLUMN_NATS = 10.0
"""Log-likelihood that other columns must gain for each class they move, beyond chance after all pairs were tried: of
calibrated predictions in the right columns, one in 22,000 gains as much."""

MIN_CLASS_ROWS = 10
"""A class with fewer labels is not called dead: a right model may never predict it."""

MIN_DEAD_SHARE = 0.01
"""Dead classes with a smaller share of the labels are left to the rules on classes: they change little."""

MAX_DEAD_SHARE = 0.1
"""A dead class has less than a tenth of the probability that its share of the labels calls for: a weak model that has
learnt nothing gives it its share."""

MAX_NAMED = 10
"""Classes that a message names."""


def exchanged_columns(probs: NDArray[np.float64], labels: NDArray[Any], classes: tuple[str, ...]) -> Iterator[Fault]:
    """Yield a fault when another assignment of columns to classes predicts the labels far better.

    The assignment with the largest log-likelihood is found exactly (Kuhn 1955, the Hungarian method). Each cycle of
    columns that change places is then tested by itself.

    Parameters
    ----------
    probs
        Shape [n, K].
    labels
        Class codes [n]; or, where a sample has several labels, bool [n, K].
    classes
        Names of the K classes.
    """
    n_classes = len(classes)
    bonus = MIN_COLUMN_NATS + 2 * np.log(n_classes)
    fit = _log_likelihoods(probs, labels, n_classes) + bonus * np.eye(n_classes)
    _, column = linear_sum_assignment(fit, maximize=True)
    agree = _agreement if labels.ndim == 1 else _agreement_of_sets
    moved = np.zeros(n_classes, dtype=bool)
    for cycle in _cycles(column):
        own, other = agree(probs, labels, np.arange(n_classes), cycle), agree(probs, labels, column, cycle)
        if len(own) and mean_difference(other - own).low > MIN_COLUMN_GAIN:
            moved[cycle] = True
    if moved.any():
        in_place, everything = np.arange(n_classes), list(range(n_classes))
        right = np.where(moved, column, in_place)
        before, after = (float(agree(probs, labels, one, everything).mean()) for one in (in_place, right))
        yield _columns_fault(right, classes, before, after)


def _log_likelihoods(probs: NDArray[np.float64], labels: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Return the log-likelihood of the labels of class k under column j; shape [K, K]."""
    logs = np.log(np.maximum(probs, LEAST_PROBABILITY))
    if labels.ndim == 1:
        fit = np.zeros((n_classes, n_classes))
        np.add.at(fit, labels, logs)
        return fit
    absent = np.log(np.maximum(1 - probs, LEAST_PROBABILITY))
    found: NDArray[np.float64] = labels.T.astype(np.float64) @ logs + (~labels).T.astype(np.float64) @ absent
    return found


def _agreement(
    probs: NDArray[np.float64], labels: NDArray[Any], column: NDArray[np.integer[Any]], cycle: list[int]
) -> NDArray[np.float64]:
    """Return, for the samples of some classes, whether the largest column is that of their class."""
    rows = np.isin(labels, cycle)
    agreed: NDArray[np.float64] = (probs[rows].argmax(axis=1) == column[labels[rows]]).astype(np.float64)
    return agreed


def _agreement_of_sets(
    probs: NDArray[np.float64], labels: NDArray[Any], column: NDArray[np.integer[Any]], cycle: list[int]
) -> NDArray[np.float64]:
    """Return the share of some classes that agree at 0.5, for the samples that have one or are predicted one."""
    predicted = probs >= 0.5
    rows = labels[:, cycle].any(axis=1) | predicted[:, cycle].any(axis=1)
    agreed: NDArray[np.float64] = (predicted[rows][:, column[cycle]] == labels[rows][:, cycle]).mean(axis=1)
    return agreed


def _cycles(permutation: NDArray[np.integer[Any]]) -> Iterator[list[int]]:
    """Yield the cycles of a permutation that move something.

    Examples
    --------
    >>> list(_cycles(np.array([1, 0, 2, 4, 3])))
    [[0, 1], [3, 4]]
    """
    seen: set[int] = set()
    for start in range(len(permutation)):
        cycle, at = [], start
        while at not in seen:
            seen.add(at)
            cycle.append(at)
            at = int(permutation[at])
        if len(cycle) > 1:
            yield cycle


def _columns_fault(right: NDArray[np.integer[Any]], classes: tuple[str, ...], given: float, repaired: float) -> Fault:
    numbers = np.flatnonzero(right != np.arange(len(classes)))
    names = [classes[index] for index in numbers]
    if len(numbers) == 2:
        what = f"columns {numbers[0]} and {numbers[1]} ({listed(names)}) seem to be exchanged"
    elif len(numbers) == len(classes):
        what = f"the columns of all {len(classes)} classes seem to be in another order"
    else:
        what = f"the columns of {len(numbers)} classes seem to have changed places ({listed(names, MAX_NAMED)})"
    order = [classes[index] for index in np.argsort(right)]
    cause = ""
    if order == sorted(classes):
        cause = ": the columns are sorted as text, the classes by number"
    elif order == natural_sorted(classes):
        cause = ": the columns are sorted by number, the classes as text"
    return Fault(
        "columns",
        f"{what}{cause}. As given, {percent(given)} of the predictions agree with the labels; with the columns put "
        f"right, {percent(repaired)}",
        f"put the columns into the order of the classes, or name them after the classes; found order: "
        f"{listed(order, MAX_NAMED)}. Or check whether the labels of these classes are exchanged",
        evidence={
            "accuracy_as_given": given,
            "accuracy_repaired": repaired,
            "columns": {classes[index]: int(right[index]) for index in numbers.tolist()},
        },
    )


def dead_columns(probs: NDArray[np.float64], labels: NDArray[np.int64], classes: tuple[str, ...]) -> Iterator[Fault]:
    """Yield a fault when classes are never predicted and their columns say nothing about their samples.

    A column is dead when it is never the largest, is on average no larger for the samples of its class than for the
    others, and holds far less probability than the class has labels.

    Parameters
    ----------
    probs, labels
        Shapes [n, K] and [n].
    classes
        Names of the K classes.
    """
    sizes = np.bincount(labels, minlength=len(classes))
    silent = np.bincount(probs.argmax(axis=1), minlength=len(classes)) == 0
    dead = []
    for index in np.flatnonzero(silent & (sizes >= MIN_CLASS_ROWS)).tolist():
        own = labels == index
        if probs[:, index].mean() > MAX_DEAD_SHARE * own.mean():
            continue
        if own.all() or probs[own, index].mean() <= probs[~own, index].mean():
            dead.append(index)
    n_affected = int(sizes[dead].sum())
    if not dead or n_affected < MIN_DEAD_SHARE * len(labels):
        return
    names = [classes[index] for index in dead]
    one = len(dead) == 1
    yield Fault(
        "dead column",
        f"{'class' if one else 'classes'} {listed(names, MAX_NAMED)} {'is' if one else 'are'} never predicted, and the "
        f"{'column says' if one else 'columns say'} nothing about the samples: the {n_affected:,} labels of "
        f"{'this class' if one else 'these classes'} cannot be judged",
        "check that the model was trained on all classes, and that no column was lost or filled with zeros",
        evidence={"classes": names, "labels": n_affected},
    )
