"""Confident learning: how classes are confused by whoever gave the labels, and which labels to doubt.

The method is that of Northcutt, Jiang and Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*
(JAIR 2021); where the same method is asked for, the results are those of cleanlab 2.9. Passes over the probabilities
are chunked and threaded, so 1,280,000 samples of 1,000 classes may stay memory-mapped. A class that no sample is
labelled with is tolerated; rows without a label (``-1``) or with NaN probabilities take no part.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError, did_you_mean
from datacheck.labels.chunks import map_chunks

Probabilities = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]

FilterBy = Literal[
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
]

THRESHOLD_FLOOR = 2e-6
TOLERANCE = 1e-6
ABSENT = 2.0
"""Threshold of a class that no sample is labelled with: no probability reaches it."""


@dataclass(frozen=True)
class RowSummary:
    """What confident learning needs to know of each row of ``pred_probs``; all arrays of shape [N].

    ``self_confidence`` is the probability of the given label, ``other`` the largest of the other classes, ``argmax``
    the likeliest class, ``valid`` whether the row has a label and no NaN. Invalid rows hold NaN and -1.
    """

    self_confidence: Probabilities
    other: Probabilities
    argmax: NDArray[np.int32]
    valid: NDArray[np.bool_]


@dataclass(frozen=True)
class NoiseTransition:
    """The estimated channel from true labels to given labels.

    Attributes
    ----------
    prior
        P(true = k), shape [K].
    given_if_true
        P(given = j | true = i) in row i, column j; rows sum to 1; shape [K, K].
    true_if_given
        P(true = j | given = i) in row i, column j; rows sum to 1; shape [K, K].
    """

    prior: NDArray[np.float64]
    given_if_true: NDArray[np.float64]
    true_if_given: NDArray[np.float64]


def check_inputs(pred_probs: Probabilities, labels: Labels) -> tuple[Probabilities, NDArray[np.int64]]:
    """Return both as arrays, or say what is wrong with their shapes.

    Raises
    ------
    ProbeError
        Unless ``pred_probs`` is [N, K] with K ≥ 2 and ``labels`` are N whole numbers from -1 to K - 1.
    """
    probs = np.asanyarray(pred_probs)
    given = np.asarray(labels)
    if probs.ndim != 2 or probs.shape[1] < 2:
        raise ProbeError(f"expected pred_probs of shape [N, K] with K of 2 or more, found {list(probs.shape)}")
    if given.shape != (len(probs),):
        raise ProbeError(f"expected {len(probs)} labels, one a row of pred_probs, found shape {list(given.shape)}")
    if not np.issubdtype(given.dtype, np.integer):
        raise ProbeError(f"expected labels as indices of columns (integers), found {given.dtype}")
    if len(given) and (given.min() < -1 or given.max() >= probs.shape[1]):
        raise ProbeError(
            f"expected labels from -1 (none) to {probs.shape[1] - 1}, found {given.min()} to {given.max()}; "
            "label k names column k of pred_probs"
        )
    return probs, given.astype(np.int64, copy=False)


def summarise_rows(pred_probs: Probabilities, labels: Labels, *, threads: int | None = None) -> RowSummary:
    """Read each row once: its self-confidence, the likeliest other class, its argmax; see `RowSummary`.

    Examples
    --------
    >>> summary = summarise_rows(np.array([[0.7, 0.2, 0.1]]), np.array([1]))
    >>> float(summary.self_confidence[0]), float(summary.other[0]), int(summary.argmax[0])
    (0.2, 0.7, 0)
    """
    probs, given = check_inputs(pred_probs, labels)
    n_rows = len(probs)
    self_confidence = np.full(n_rows, np.nan, dtype=probs.dtype)
    other = np.full(n_rows, np.nan, dtype=probs.dtype)
    argmax = np.full(n_rows, -1, dtype=np.int32)
    valid = np.zeros(n_rows, dtype=bool)

    def read(rows: slice) -> None:
        block = np.array(probs[rows])
        index = np.arange(len(block))
        usable = given[rows] >= 0
        label = np.where(usable, given[rows], 0)
        best = block.argmax(axis=1)
        top = block[index, best]
        usable &= ~np.isnan(top)  # argmax stops at a NaN, so its value tells of one anywhere in the row
        own = block[index, label]
        block[index, label] = -np.inf
        self_confidence[rows] = np.where(usable, own, np.nan)
        other[rows] = np.where(usable, block.max(axis=1), np.nan)
        argmax[rows] = np.where(usable, best, -1)
        valid[rows] = usable

    map_chunks(read, n_rows, probs.shape[1] * probs.itemsize, threads=threads)
    return RowSummary(self_confidence, other, argmax, valid)


def class_thresholds(
    pred_probs: Probabilities, labels: Labels, *, summary: RowSummary | None = None
) -> NDArray[np.float64]:
    """Mean self-confidence of the samples labelled with each class; shape [K], 2 for a class without samples.

    Examples
    --------
    >>> class_thresholds(np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]]), np.array([0, 0, 1])).tolist()
    [0.8, 0.6]
    """
    probs, given = check_inputs(pred_probs, labels)
    summary = summary or summarise_rows(probs, given)
    means: list[Any] = [ABSENT] * probs.shape[1]
    for label, rows in enumerate(_rows_by_class(given, summary.valid, probs.shape[1])):
        if len(rows):
            means[label] = summary.self_confidence[rows].mean()
    thresholds: NDArray[np.float64] = np.clip(np.asarray(means, dtype=np.float64), THRESHOLD_FLOOR, None)
    return thresholds


def confident_labels(
    pred_probs: Probabilities,
    labels: Labels,
    *,
    thresholds: NDArray[np.floating[Any]] | None = None,
    summary: RowSummary | None = None,
    threads: int | None = None,
) -> NDArray[np.int32]:
    """The class that each sample confidently belongs to, -1 where there is none; shape [N].

    A sample belongs to the class whose threshold its probability reaches; to the likeliest where it reaches several.
    """
    probs, given = check_inputs(pred_probs, labels)
    summary = summary or summarise_rows(probs, given, threads=threads)
    limits = (class_thresholds(probs, given, summary=summary) if thresholds is None else thresholds) - TOLERANCE
    guess = np.full(len(probs), -1, dtype=np.int32)

    def read(rows: slice) -> None:
        reached = probs[rows] >= limits
        index = np.arange(len(reached))
        first = reached.argmax(axis=1)
        some = reached[index, first]
        reached[index, first] = False
        several = reached.any(axis=1)
        chosen = np.where(several, summary.argmax[rows], first)
        guess[rows] = np.where(some & summary.valid[rows], chosen, -1)

    map_chunks(read, len(probs), probs.shape[1] * probs.itemsize, threads=threads)
    return guess


def confident_joint(
    pred_probs: Probabilities,
    labels: Labels,
    *,
    calibrate: bool = True,
    summary: RowSummary | None = None,
    guess: NDArray[np.int32] | None = None,
) -> NDArray[np.int64]:
    """Count samples by (given label, confident label); shape [K, K].

    With ``calibrate`` the rows sum to the number of samples labelled with each class.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
    >>> confident_joint(probs, np.array([0, 0, 1, 1, 1]), calibrate=False).tolist()
    [[1, 0], [1, 2]]
    """
    probs, given = check_inputs(pred_probs, labels)
    summary = summary or summarise_rows(probs, given)
    if guess is None:
        guess = confident_labels(probs, given, summary=summary)
    n_classes = probs.shape[1]
    rows = guess >= 0
    pairs = given[rows] * n_classes + guess[rows]
    joint = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    if not calibrate:
        return joint
    return calibrate_joint(joint, np.bincount(given[summary.valid], minlength=n_classes))


def calibrate_joint(joint: NDArray[np.integer[Any]], label_counts: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Scale the rows of a confident joint to the label counts, in whole numbers; both as in `confident_joint`."""
    total = label_counts.sum()
    # The order of the operations is cleanlab's: a last bit decides which of two equal remainders is rounded up.
    scaled = (joint.T / np.clip(joint.sum(axis=1), 1e-100, None) * label_counts).T
    scaled = scaled / np.clip(scaled.sum(), 1e-100, None) * total
    return _round_rows(scaled)


def noise_transition(joint: NDArray[np.integer[Any]]) -> NoiseTransition:
    """Read the noise channel off a (calibrated) confident joint of shape [K, K]; classes never seen map to themselves.

    Examples
    --------
    >>> noise_transition(np.array([[9, 1], [0, 10]])).given_if_true.round(3).tolist()
    [[1.0, 0.0], [0.091, 0.909]]
    """
    counts = joint.astype(np.float64)
    true_counts, given_counts = counts.sum(axis=0), counts.sum(axis=1)
    identity = np.eye(len(counts))
    given_if_true = np.where(true_counts[:, None] > 0, counts.T / np.clip(true_counts, 1, None)[:, None], identity)
    true_if_given = np.where(given_counts[:, None] > 0, counts / np.clip(given_counts, 1, None)[:, None], identity)
    return NoiseTransition(true_counts / max(1.0, counts.sum()), given_if_true, true_if_given)


def find_label_issues(
    pred_probs: Probabilities,
    labels: Labels,
    *,
    filter_by: FilterBy = "prune_by_noise_rate",
    summary: RowSummary | None = None,
    guess: NDArray[np.int32] | None = None,
    threads: int | None = None,
) -> NDArray[np.bool_]:
    """Flag the labels to doubt, as ``cleanlab.filter.find_label_issues`` does under the same ``filter_by``; shape [N].

    Raises
    ------
    ProbeError
        When ``filter_by`` is unknown.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
    >>> find_label_issues(probs, np.array([0, 0, 1, 1, 1]), filter_by="confident_learning").tolist()
    [False, False, False, False, True]
    """
    if filter_by not in get_args(FilterBy):
        raise ProbeError(f"unknown filter_by {filter_by!r}{did_you_mean(filter_by, list(get_args(FilterBy)))}")
    probs, given = check_inputs(pred_probs, labels)
    summary = summary or summarise_rows(probs, given, threads=threads)
    keeps_label = summary.self_confidence + TOLERANCE >= summary.other
    if filter_by == "predicted_neq_given":
        differs: NDArray[np.bool_] = summary.valid & ~keeps_label
        return differs
    if guess is None:
        guess = confident_labels(probs, given, summary=summary, threads=threads)
    off_diagonal: NDArray[np.bool_] = summary.valid & (guess >= 0) & (guess != given) & ~keeps_label
    if filter_by == "confident_learning":
        return off_diagonal
    if filter_by in ("low_normalized_margin", "low_self_confidence"):
        quality = summary.self_confidence - (summary.other if filter_by == "low_normalized_margin" else 0)
        return _lowest(np.where(summary.valid, quality, np.inf), int(off_diagonal.sum()))
    joint = confident_joint(probs, given, summary=summary, guess=guess)
    prune = _keep_one_per_class(joint.T)
    rows_by_class = _rows_by_class(given, summary.valid, probs.shape[1])
    flags = np.ones(len(probs), dtype=bool)
    if filter_by in ("prune_by_class", "both"):
        flags &= _prune_by_class(summary.self_confidence, rows_by_class, prune)
    if filter_by in ("prune_by_noise_rate", "both"):
        flags &= _prune_by_noise_rate(probs, rows_by_class, prune, threads)
    doubted: NDArray[np.bool_] = flags & summary.valid & ~keeps_label
    return doubted


def _rows_by_class(labels: NDArray[np.int64], valid: NDArray[np.bool_], n_classes: int) -> list[NDArray[np.intp]]:
    """Row numbers of each class in row order."""
    keys = np.where(valid, labels, n_classes)
    order = np.argsort(keys, kind="stable")
    bounds = np.searchsorted(keys[order], np.arange(n_classes + 1))
    return [order[start:stop] for start, stop in pairwise(bounds.tolist())]


def _prune_by_class(
    self_confidence: Probabilities, rows_by_class: list[NDArray[np.intp]], prune: NDArray[np.int64]
) -> NDArray[np.bool_]:
    flags = np.zeros(len(self_confidence), dtype=bool)
    for label, rows in enumerate(rows_by_class):
        if len(rows) > 1:
            flags[rows] = _lowest(self_confidence[rows], len(rows) - int(prune[label, label]))
    return flags


def _prune_by_noise_rate(
    probs: Probabilities, rows_by_class: list[NDArray[np.intp]], prune: NDArray[np.int64], threads: int | None
) -> NDArray[np.bool_]:
    flags = np.zeros(len(probs), dtype=bool)

    def prune_class(label: int) -> None:
        rows = rows_by_class[label]
        others = np.flatnonzero(prune[:, label] > 0)
        others = others[others != label]
        if len(rows) <= 1 or not len(others):
            return
        block = probs[rows]
        margins = np.ascontiguousarray((block[:, [label]] - block[:, others]).T)
        doubted = np.zeros(len(rows), dtype=bool)
        for margin, count in zip(margins, prune[others, label].tolist(), strict=True):
            doubted |= _lowest(margin, count)
        flags[rows] = doubted

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        list(pool.map(prune_class, range(len(rows_by_class))))
    return flags


def _lowest(values: NDArray[np.floating[Any]], count: int) -> NDArray[np.bool_]:
    """Mark the ``count`` smallest values; of equal ones the first come first."""
    if count <= 0:
        return np.zeros(len(values), dtype=bool)
    if count >= len(values):
        return np.ones(len(values), dtype=bool)
    limit = np.partition(values, count - 1)[count - 1]
    marked: NDArray[np.bool_] = values < limit
    missing = count - int(marked.sum())
    marked[np.flatnonzero(values == limit)[:missing]] = True
    return marked


def _keep_one_per_class(prune: NDArray[np.int64]) -> NDArray[np.int64]:
    """Leave at least one sample in each class, taken from the other cells of its column in equal parts.

    The fractions are cut off, not rounded, as cleanlab does.
    """
    diagonal = prune.diagonal()
    kept = np.maximum(diagonal, 1)
    n_rates = np.maximum(np.count_nonzero(prune, axis=0) - 1.0, 1.0)
    reduced: NDArray[np.float64] = prune - (kept - diagonal) / n_rates
    reduced[reduced < 0] = 0
    np.fill_diagonal(reduced, kept)
    return reduced.astype(np.int64)


def _round_rows(matrix: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round to whole numbers so that each row keeps its (rounded) sum: the largest remainders give way first."""
    rounded = matrix.round()
    excess = rounded.sum(axis=1).round() - matrix.sum(axis=1).round()
    for row in np.flatnonzero(np.abs(excess) > TOLERANCE):
        while (difference := matrix[row].sum().round() - rounded[row].sum().round()) != 0:
            step = -1 if difference < 0 else 1
            order = np.argsort(matrix[row] - rounded[row])[::-step]
            rounded[row, order[: int(min(abs(difference), len(order)))]] += step
    return rounded.astype(np.int64)
