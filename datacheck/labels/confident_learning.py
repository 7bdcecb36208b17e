"""Confident learning: which labels are likely wrong, and how often each class is labelled as each other one.

The method is that of Northcutt, Jiang and Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*
(JAIR 2021); thresholds, joint and flags are those of cleanlab 2.9. Passes over the probabilities are chunked and
threaded, so 1,280,000 samples of 1,000 classes may stay memory-mapped. A class that no sample is labelled with is
tolerated; rows without a label or with NaN probabilities take no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.chunks import map_chunks
from datacheck.labels.rows import Probabilities, RowStatistics
from datacheck.models.parallel import run_parallel

THRESHOLD_FLOOR = 2e-6
"""Least threshold of a class, as in cleanlab: a class that is never predicted must not take in every sample."""

TOLERANCE = 1e-6
"""Probabilities that differ by less are equal, as in cleanlab."""

ABSENT = 2.0
"""Threshold of a class that no sample is labelled with: no probability reaches it."""


@dataclass(frozen=True)
class ConfidentLearning:
    """The steps of confident learning, each computed once.

    Attributes
    ----------
    thresholds
        Mean self-confidence of the samples labelled with each class; shape [K], 2 for a class without samples.
    confident
        The class that each sample confidently belongs to, -1 where there is none; int32 [N].
    joint
        Samples counted by (given label, confident class), scaled so that rows sum to the label counts; int64 [K, K].
    """

    thresholds: NDArray[np.float64]
    confident: NDArray[np.int32]
    joint: NDArray[np.int64]

    @classmethod
    def of(cls, rows: RowStatistics) -> ConfidentLearning:
        """Take the steps for some rows.

        Examples
        --------
        >>> from datacheck.labels.rows import row_statistics
        >>> probs = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
        >>> found = ConfidentLearning.of(row_statistics(probs, np.array([0, 0, 1, 1, 1])))
        >>> found.thresholds.round(2).tolist(), found.confident.tolist(), found.joint.tolist()
        ([0.8, 0.6], [0, -1, 1, 1, 0], [[2, 0], [1, 2]])
        """
        thresholds = class_thresholds(rows)
        confident = confident_classes(rows, thresholds)
        return cls(thresholds, confident, confident_joint(rows, confident))


def class_thresholds(rows: RowStatistics) -> NDArray[np.float64]:
    """Return the mean self-confidence of the samples labelled with each class; shape [K]."""
    means: list[Any] = [ABSENT] * rows.n_classes
    for label, members in enumerate(_rows_by_class(rows)):
        if len(members):
            means[label] = rows.self_confidence[members].mean()
    thresholds: NDArray[np.float64] = np.clip(np.asarray(means, dtype=np.float64), THRESHOLD_FLOOR, None)
    return thresholds


def confident_classes(rows: RowStatistics, thresholds: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the class whose threshold a sample's probability reaches, -1 where it reaches none; shape [N].

    Where it reaches several thresholds, the most likely class.
    """
    limits = thresholds - TOLERANCE
    confident = np.empty(len(rows.labels), dtype=np.int32)

    def read(part: slice) -> None:
        reached = rows.pred_probs[part] >= limits
        index = np.arange(len(reached))
        first = reached.argmax(axis=1)
        some = reached[index, first]
        reached[index, first] = False
        several = reached.any(axis=1)
        chosen = np.where(several, rows.predicted[part], first)
        confident[part] = np.where(some & rows.valid[part], chosen, -1)

    map_chunks(read, len(rows.labels), rows.row_bytes)
    return confident


def confident_joint(rows: RowStatistics, confident: NDArray[np.int32]) -> NDArray[np.int64]:
    """Count samples by (given label, confident class), scaled to the label counts in whole numbers; shape [K, K]."""
    n_classes = rows.n_classes
    counted = confident >= 0
    pairs = rows.labels[counted] * n_classes + confident[counted]
    joint = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    label_counts = np.bincount(rows.labels[rows.valid], minlength=n_classes)
    # The order of the operations is cleanlab's: a last bit decides which of two equal remainders is rounded up.
    scaled = (joint.T / joint.sum(axis=1) * label_counts).T
    scaled = scaled / np.clip(scaled.sum(), 1e-100, None) * label_counts.sum()
    return _round_rows(scaled)


def find_label_issues(rows: RowStatistics, joint: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Flag labels that are likely wrong, as cleanlab's ``find_label_issues`` does by default; shape [N].

    Pruning by noise rate: for each pair of classes, as many samples are flagged as the joint counts in that cell, those
    with the largest difference between the probabilities of the other class and of the given one. Samples whose given
    label is the most likely class are never flagged.

    Examples
    --------
    >>> from datacheck.labels.rows import row_statistics
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
    >>> rows = row_statistics(probs, np.array([0, 0, 1, 1, 1]))
    >>> find_label_issues(rows, ConfidentLearning.of(rows).joint).tolist()
    [False, False, False, False, True]
    """
    prune = _keep_one_per_class(joint.T)
    members = _rows_by_class(rows)
    flags = np.zeros(len(rows.labels), dtype=bool)

    def prune_class(label: int) -> None:
        own = members[label]
        others = np.flatnonzero(prune[:, label] > 0)
        others = others[others != label]
        if len(own) > 1 and len(others):
            block = rows.pred_probs[own]
            flags[own] = _lowest_margins(block[:, [label]] - block[:, others], prune[others, label])

    run_parallel(prune_class, range(rows.n_classes))
    keeps_label = rows.self_confidence + TOLERANCE >= rows.rival
    issues: NDArray[np.bool_] = flags & rows.valid & ~keeps_label
    return issues


def _rows_by_class(rows: RowStatistics) -> list[NDArray[np.intp]]:
    """Row numbers of each class in row order."""
    keys = np.where(rows.valid, rows.labels, rows.n_classes)
    order = np.argsort(keys, kind="stable")
    bounds = np.searchsorted(keys[order], np.arange(rows.n_classes + 1))
    return [order[start:stop] for start, stop in pairwise(bounds.tolist())]


def _lowest_margins(margins: Probabilities, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark rows that are among the ``counts[j]`` lowest of any column j; [n, J] to [n]."""
    marked = np.zeros(len(margins), dtype=bool)
    for margin, count in zip(np.ascontiguousarray(margins.T), counts.tolist(), strict=True):
        marked |= _lowest(margin, count)
    return marked


def _lowest(values: Probabilities, count: int) -> NDArray[np.bool_]:
    """Mark the ``count`` smallest values, 1 or more; of equal ones the first come first."""
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
    """Round to whole numbers so that each row keeps its (rounded) sum: cells with the largest remainders change."""
    rounded = matrix.round()
    excess = rounded.sum(axis=1).round() - matrix.sum(axis=1).round()
    for row in np.flatnonzero(np.abs(excess) > TOLERANCE):
        while (difference := matrix[row].sum().round() - rounded[row].sum().round()) != 0:
            step = -1 if difference < 0 else 1
            order = np.argsort(matrix[row] - rounded[row])[::-step]
            rounded[row, order[: int(min(abs(difference), len(order)))]] += step
    return rounded.astype(np.int64)
