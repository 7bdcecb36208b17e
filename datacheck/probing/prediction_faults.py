"""Faults of predictions that a user gave: columns, rows or numbers that do not belong where they stand.

Labels that disagree with such predictions are not wrong, so that no label is judged while a fault stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from datacheck.manifest import Manifest, Task, natural_sorted
from datacheck.models.learning_task import Fault
from datacheck.pairing.by_content import Samples, check_content
from datacheck.pairing.label_codes import manifest_codes
from datacheck.probing.skill import classification_skill
from datacheck.stats import mean_difference
from datacheck.text import listed, number, percent

LEAST_PROBABILITY = 1e-3
"""Least probability whose logarithm is taken: an overconfident model must not decide by a few certain mistakes."""

MIN_COLUMN_GAIN = 0.2
"""The accuracy that other columns must gain, at the low end of its interval: two classes that a model confuses, or a
labeller exchanged now and then, gain less."""

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

MIN_ROWS = 200
"""Fewer rows cannot gain ``MIN_ROW_NATS`` by a shift of a part of them."""

MIN_DISAGREEING = 10
"""With fewer wrong predictions the rows are not searched: another order could not gain ``MIN_ROW_NATS``."""

MIN_SIGNAL, MIN_ROW_NATS = 6.0, 40.0
"""Evidence for rows in another order: the same as DC108 needs for labels."""

MIN_UNEXPLAINED = 0.4
"""Mean confidence above the accuracy from which chance-level predictions are a fault: an overfit model reaches 0.2."""

MAX_CHANCE_SKILL = 0.1
"""The high end of the skill up to which predictions count as no better than chance."""

MIN_UNRELATED_ROWS = 50
"""Fewer rows leave the accuracy too uncertain to call it chance."""

SATURATED, MIN_SATURATED, MAX_DISAGREEING = 0.99, 0.99, 0.001
"""Predictions look in-sample when 99 % of the labels have a probability above 0.99 and at most 0.1 % disagree."""

MIN_IN_SAMPLE_ROWS = 200
"""With fewer rows a right model may agree with all labels by chance."""

MAX_NAMED = 10
"""Classes that a message names."""


def find_faults(outputs: NDArray[np.float32], manifest: Manifest, *, seed: int = 0) -> tuple[Fault, ...]:
    """Return what is wrong with given predictions, the clearest fault first; empty where nothing is.

    Parameters
    ----------
    outputs
        Probabilities [N, K], or predictions [N] for regression; NaN where a row is missing.
    manifest
        The samples and their labels.
    seed
        Seed of the search for another order of the rows.
    """
    if manifest.task is not Task.CLASSIFICATION:
        return tuple(_row_faults(outputs, manifest, seed))
    rows = np.flatnonzero(manifest.labelled & np.isfinite(outputs).all(axis=1))
    if not len(rows):
        return ()
    probs, labels = outputs[rows].astype(np.float64), manifest.label_codes[rows].astype(np.int64)
    found = [*exchanged_columns(probs, labels, manifest.classes), *dead_columns(probs, labels, manifest.classes)]
    disagreeing = int((probs.argmax(axis=1) != labels).sum())
    if not found and disagreeing >= MIN_DISAGREEING:
        found = list(_row_faults(outputs, manifest, seed))
    if not found:
        found = [*unrelated(probs, labels), *in_sample(probs, labels)]
    return tuple(found)


def exchanged_columns(
    probs: NDArray[np.float64], labels: NDArray[np.int64], classes: tuple[str, ...]
) -> Iterator[Fault]:
    """Yield a fault when another assignment of columns to classes predicts the labels far better.

    The assignment with the largest log-likelihood is found exactly (Kuhn 1955, the Hungarian method). Each cycle of
    columns that change places is then tested by itself.

    Parameters
    ----------
    probs, labels
        Shapes [n, K] and [n].
    classes
        Names of the K classes.
    """
    n_classes = len(classes)
    logs = np.log(np.maximum(probs, LEAST_PROBABILITY))
    fit = np.zeros((n_classes, n_classes))
    np.add.at(fit, labels, logs)
    bonus = MIN_COLUMN_NATS + 2 * np.log(n_classes)
    _, column = linear_sum_assignment(fit + bonus * np.eye(n_classes), maximize=True)
    predicted = probs.argmax(axis=1)
    moved = np.zeros(n_classes, dtype=bool)
    for cycle in _cycles(column):
        rows = np.isin(labels, cycle)
        if not rows.any():
            continue
        gained = (predicted[rows] == column[labels[rows]]).astype(np.float64) - (predicted[rows] == labels[rows])
        if mean_difference(gained).low > MIN_COLUMN_GAIN:
            moved[cycle] = True
    if moved.any():
        right = np.where(moved, column, np.arange(n_classes))
        yield _columns_fault(right, moved, predicted, labels, classes)


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


def _columns_fault(
    right: NDArray[np.integer[Any]],
    moved: NDArray[np.bool_],
    predicted: NDArray[np.integer[Any]],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
) -> Fault:
    given, repaired = float((predicted == labels).mean()), float((predicted == right[labels]).mean())
    numbers = np.flatnonzero(moved)
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


def _row_faults(outputs: NDArray[np.float32], manifest: Manifest, seed: int) -> Iterator[Fault]:
    """Yield a fault when a shift or another order of the rows fits the labels far better."""
    labels = manifest_codes(manifest)
    features = outputs.reshape(len(outputs), -1)
    known = np.isfinite(features).all(axis=1) & (labels.codes >= 0) if labels is not None else np.zeros(0, bool)
    if labels is None or known.sum() < MIN_ROWS or len(np.unique(labels.codes[known])) < 2:
        return
    names = manifest.table["uri"].to_pylist() if "uri" in manifest else None
    found = check_content(
        Samples(features, names=names), labels, min_signal=MIN_SIGNAL, min_gain=MIN_ROW_NATS, seed=seed
    )
    if found.repair is None or found.repair.diagnosis is None:
        return
    yield Fault(
        "rows",
        f"the rows seem to be in another order than the samples: {found.repair.diagnosis.detail}. In that order they "
        f"fit the labels {number(found.repaired_signal, 2)} standard deviations better than shuffled ones; as given, "
        f"{number(found.signal, 2)}",
        "give a mapping from sample id to row, or a table with sample_id, so that no order has to be assumed",
        evidence={"signal": found.signal, "repaired_signal": found.repaired_signal, "gain_nats": found.gain},
    )


def unrelated(probs: NDArray[np.float64], labels: NDArray[np.int64]) -> Iterator[Fault]:
    """Yield a fault when confident predictions agree with the labels only by chance; shapes [n, K] and [n]."""
    if len(labels) < MIN_UNRELATED_ROWS:
        return
    accuracy = float((probs.argmax(axis=1) == labels).mean())
    confidence = float(probs.max(axis=1).mean())
    if confidence - accuracy < MIN_UNEXPLAINED or classification_skill(probs, labels).high > MAX_CHANCE_SKILL:
        return
    yield Fault(
        "unrelated",
        f"the predictions do not belong to these labels: they are {percent(confidence)} sure on average, and "
        f"{percent(accuracy)} of them agree with the labels",
        "check that the rows belong to these samples in this order: give a mapping from sample id to row. If they do, "
        "the labels have nothing to do with the samples (see DC108)",
        evidence={"mean_confidence": confidence, "accuracy": accuracy},
    )


def in_sample(probs: NDArray[np.float64], labels: NDArray[np.int64]) -> Iterator[Fault]:
    """Yield a fault when predictions agree with nearly all labels, and are certain of them; shapes [n, K] and [n]."""
    own = probs[np.arange(len(labels)), labels]
    disagreeing = float((probs.argmax(axis=1) != labels).mean())
    certain = float((own > SATURATED).mean())
    if len(labels) < MIN_IN_SAMPLE_ROWS or disagreeing > MAX_DISAGREEING or certain < MIN_SATURATED:
        return
    yield Fault(
        "in-sample",
        f"the predictions look in-sample: {percent(1 - disagreeing)} agree with the labels, and {percent(certain)} "
        f"give the label a probability above {SATURATED}. A model that was trained on these labels repeats wrong ones",
        "predict each sample by a model that was not trained on it, for example with "
        "sklearn.model_selection.cross_val_predict(method='predict_proba'). If these predictions are out of sample, "
        "there is no label to question",
        evidence={"disagreeing": disagreeing, "certain": certain},
        certain=False,
    )
