"""The skill of a probe: how much better its predictions are than predictions made without looking at the samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import usual_range
from datacheck.probing.outputs import ProbeOutputs
from datacheck.stats import Interval, mean_difference, wilson
from datacheck.stats.compare import auc
from datacheck.text import percent, plural

Probs = NDArray[np.float32]
"""Class probabilities, shape [N, K]."""

MIN_SKILL = 0.2
"""Below this skill a probe does not judge labels: most labels that it disagrees with are then its own mistakes."""

MIN_SAMPLES = 8
"""Fewer samples give an interval that spans all skills."""

FEW_OUTSIDE = 30
"""With fewer samples outside the largest class, skill is measured class by class too: an accuracy above that of the
largest class then rests on a handful of samples, and the normal interval is far too wide for it."""

RANKS_WELL = 0.9
"""Area under the ROC curve of a small class from which the probe may know it without ever predicting it."""


def probe_skill(manifest: Manifest, probe: ProbeOutputs) -> Interval | None:
    """Return the out-of-sample skill on the given labels: 0 is no better than a constant prediction, 1 is all correct.

    See `classification_skill`, `multilabel_skill` and `regression_skill`. None without predictions or labels.
    """
    if manifest.task is Task.REGRESSION:
        if probe.predictions is None:
            return None
        target = manifest.target
        rows = np.isfinite(target) & np.isfinite(probe.predictions)
        return regression_skill(probe.predictions[rows], target[rows]) if rows.sum() >= MIN_SAMPLES else None
    if probe.pred_probs is None or manifest.task not in {Task.CLASSIFICATION, Task.MULTILABEL}:
        return None
    rows, probs = _judged(manifest, probe.pred_probs)
    if len(probs) < MIN_SAMPLES:
        return None
    if manifest.task is Task.CLASSIFICATION:
        return classification_skill(probs, manifest.label_codes[rows].astype(np.int64))
    return multilabel_skill(probs, manifest.label_matrix[rows])


def _judged(manifest: Manifest, pred_probs: Probs) -> tuple[NDArray[np.bool_], Probs]:
    """Return which rows have a label and a prediction, and their probabilities, which are copied only where some miss.

    A sum is finite if all its terms are; with many classes that is faster than to look at each.
    """
    rows = manifest.labelled & np.isfinite(pred_probs.sum(axis=1))
    return rows, pred_probs if rows.all() else pred_probs[rows]


def classification_skill(pred_probs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Interval:
    """Return (accuracy - share of the largest class) / (1 - that share); shapes [N, K] and [N].

    Examples
    --------
    >>> labels = np.repeat([0, 1], 50)
    >>> classification_skill(np.eye(2)[labels], labels).value
    1.0
    >>> classification_skill(np.tile([0.6, 0.4], (100, 1)), labels).value
    0.0
    """
    majority = labels == np.bincount(labels).argmax()
    gained = (pred_probs.argmax(axis=1) == labels).astype(np.float64) - majority
    return _relative(gained, float(1 - majority.mean()))


def balanced_skill(pred_probs: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Interval:
    """Return (mean recall of the classes - that of a constant prediction) / (1 - that); shapes [N, K] and [N].

    The interval combines Wilson's intervals of the recalls (Newcombe 1998), which hold for a handful of samples too.

    Examples
    --------
    >>> labels = np.repeat([0, 1], [2996, 4])
    >>> f"{balanced_skill(np.eye(2)[labels], labels):.2f}"
    '1.00 [0.51, 1.00]'
    """
    present, sizes = np.unique(labels, return_counts=True)
    right = pred_probs.argmax(axis=1) == labels
    recall = np.array([right[labels == label].mean() for label in present])
    low, high = wilson(recall, sizes)
    constant = 1 / len(present)
    room = 1 - constant
    if room <= 0:
        return Interval(0.0, 0.0, 0.0, method="one class has no other to be told from", n=len(labels))
    mean = float(recall.mean())
    down, up = (float(np.sqrt(((recall - end) ** 2).sum())) / len(present) for end in (low, high))
    value = (mean - constant) / room
    return Interval(
        value, value - down / room, min(1.0, value + up / room), method="mean recall, Newcombe", n=len(labels)
    )


def multilabel_skill(pred_probs: NDArray[np.floating[Any]], matrix: NDArray[Any]) -> Interval:
    """Return 1 - squared error / squared error of predicting each class's share (Brier skill score); shapes [N, K].

    Examples
    --------
    >>> matrix = np.eye(2)[np.repeat([0, 1], 50)]
    >>> multilabel_skill(matrix, matrix).value
    1.0
    """
    wanted = np.asarray(matrix, dtype=np.float64)
    trivial = ((wanted - wanted.mean(axis=0)) ** 2).mean(axis=1)
    return _relative(trivial - ((wanted - pred_probs) ** 2).mean(axis=1), float(trivial.mean()))


def regression_skill(predictions: NDArray[np.floating[Any]], target: NDArray[np.floating[Any]]) -> Interval:
    """Return 1 - (mean absolute error / mean absolute deviation from the median)²; shape [N].

    Absolute errors are robust to the wrong targets that are looked for, and targets far from all others count as at the
    end of `datacheck.models.learning_task.usual_range`; the square gives the scale of R².

    Examples
    --------
    >>> regression_skill(np.arange(20.0), np.arange(20.0)).value
    1.0
    """
    target = np.clip(target, *usual_range(target))
    trivial = np.abs(target - np.median(target))
    relative = _relative(trivial - np.abs(target - predictions), float(trivial.mean()))
    low, value, high = (1 - (1 - min(one, 1.0)) ** 2 for one in (relative.low, relative.value, relative.high))
    return Interval(value, low, high, method=relative.method, n=relative.n)


def _relative(gained: NDArray[np.float64], room: float) -> Interval:
    """Return the mean gain as a share of the largest possible gain, with a 95 % interval of the paired differences."""
    if room <= 0:
        return Interval(
            0.0, 0.0, 0.0, method="no gain is possible: a constant prediction is always correct", n=len(gained)
        )
    return mean_difference(gained, unit=room, prior=room)


def why_not_judged(manifest: Manifest, probe: ProbeOutputs, *, min_skill: float = MIN_SKILL) -> str | None:
    """Say why this probe does not judge labels, or return None where it does.

    A probe does not judge labels when its predictions have a fault, when the low end of its skill is below
    ``min_skill``, or when no skill is known. Where nearly all samples are of one class, the low end of the balanced
    skill serves too (see `balanced_skill`).
    """
    if probe.faults:
        return f"the given predictions cannot judge labels (see DC507): {probe.faults[0].message}"
    skill = probe_skill(manifest, probe)
    if skill is None:
        return f"the probe has no predictions for {MIN_SAMPLES} or more samples with a label"
    if skill.low >= min_skill:
        return None
    if skill.value >= min_skill and _by_class(manifest, probe) >= min_skill:
        return None
    fewest = _fewest(manifest, probe)
    if fewest is not None and (skill.value >= min_skill or _ranks_well(manifest, probe, fewest[1])):
        n_rows, name = fewest
        return (
            f"cannot tell whether the probe can judge labels: its skill is {skill.value:.2f}, and only "
            f"{plural(n_rows, 'sample')} of {name!r} say so (95 % interval {skill.low:.2f} to {min(skill.high, 1):.2f})"
        )
    return f"the probe is too weak to judge labels: {_in_words(manifest, probe, skill, min_skill)}; {probe.advice}"


def _by_class(manifest: Manifest, probe: ProbeOutputs) -> float:
    """Return the low end of the balanced skill where few samples are outside the largest class; else minus infinity."""
    if manifest.task is not Task.CLASSIFICATION or probe.pred_probs is None:
        return float("-inf")
    rows, probs = _judged(manifest, probe.pred_probs)
    labels = manifest.label_codes[rows].astype(np.int64)
    if len(labels) - np.bincount(labels).max() >= FEW_OUTSIDE:
        return float("-inf")
    return balanced_skill(probs, labels).low


def _ranks_well(manifest: Manifest, probe: ProbeOutputs, name: str) -> bool:
    """Whether the samples of a class have a higher probability of it than nearly all others."""
    assert probe.pred_probs is not None, "a class was found small among predictions"
    rows, probs = _judged(manifest, probe.pred_probs)
    column = manifest.classes.index(name)
    return auc(probs[:, column], manifest.label_codes[rows] == column).value >= RANKS_WELL


def _fewest(manifest: Manifest, probe: ProbeOutputs) -> tuple[int, str] | None:
    """Return the size and the name of the smallest class that was predicted, where it is too small to tell a skill."""
    if manifest.task is not Task.CLASSIFICATION or probe.pred_probs is None:
        return None
    rows, _ = _judged(manifest, probe.pred_probs)
    counts = np.bincount(manifest.label_codes[rows], minlength=len(manifest.classes))
    present = np.flatnonzero(counts)
    if not len(present) or counts[present].min() >= MIN_SAMPLES:
        return None
    smallest = int(present[counts[present].argmin()])
    return int(counts[smallest]), manifest.classes[smallest]


def _in_words(manifest: Manifest, probe: ProbeOutputs, skill: Interval, min_skill: float) -> str:
    measured = (
        f"its skill is {skill.value:.2f} (95 % interval {skill.low:.2f} to {min(skill.high, 1):.2f}; 0 is a constant "
        f"prediction, 1 is all correct), and the low end of the interval must be at least {min_skill:.2f}"
    )
    if manifest.task is not Task.CLASSIFICATION or probe.pred_probs is None:
        return measured
    rows, probs = _judged(manifest, probe.pred_probs)
    labels = manifest.label_codes[rows]
    accuracy = float((probs.argmax(axis=1) == labels).mean())
    largest = float(np.bincount(labels).max() / len(labels))
    return (
        f"{percent(accuracy)} of its predictions agree with the labels, and always predicting the largest class gives "
        f"{percent(largest)}; {measured}"
    )
