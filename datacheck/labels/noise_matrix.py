"""The noise matrix P(given label | true class), and the probability of each label under it.

A model that was fitted on noisy labels reproduces the noise: where cats are often labelled as dogs, it predicts dog for
cats. The noise matrix says how often each class is given for each true one. With it the predicted distribution of given
labels is turned into one of true classes (one Richardson–Lucy step; Richardson 1972, Lucy 1974; the forward model is
that of Patrini et al., *Making deep neural networks robust to label noise*, CVPR 2017), and a rival class counts for
more, the more often it is mislabelled as the given one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.chunks import map_chunks
from datacheck.labels.rows import Probabilities, RowStatistics

NoiseMatrix = NDArray[np.float64]
"""P(given = j | true = i) in row i, column j; rows sum to 1; shape [K, K]."""

SHORTLIST = 10
"""Classes of each sample that are compared: the given one and its most likely rivals. The rest hardly weigh."""

PRIOR_ERRORS = 100.0
"""Errors added to each class, spread evenly over the others: a handful does not show which classes are confused."""

PRIOR_SAMPLES = 5.0
"""Samples added to each class at the error rate of the whole dataset: steadies the rate of small classes."""

LEAST_RATE = 1e-4
"""Every class is mislabelled as every other at this rate or more, so that no count of 0 makes a rival impossible."""

LEAST_PROBABILITY = 1e-4
"""Probabilities count as this or more: a network that says 0 is overconfident."""

MATRIX_BYTES = 24
"""For each pair of classes of a shortlist: the matrix and two products of it, in double precision."""

RATE_EXPONENT = 0.2
"""Power of the noise rates in the odds. Chosen on human noise (CIFAR-10N) and synthetic noise together: with 1, which
Bayes' rule asks for, class-wise noise ranks better and noise of other kinds worse; with 0 the matrix has no say."""


@dataclass(frozen=True)
class LabelOdds:
    """How likely each label is, under a noise matrix; arrays of shape [N], float32, NaN where there is no label.

    ``quality`` ranks labels, low is suspect. ``correct`` is the probability that the label is correct, provided that
    the noise matrix is.
    """

    quality: NDArray[np.float32]
    correct: NDArray[np.float32]


def noise_matrix(joint: NDArray[np.integer[Any]]) -> NoiseMatrix:
    """Read the noise matrix off a confident joint of shape [K, K]; classes never seen map to themselves.

    Examples
    --------
    >>> noise_matrix(np.array([[9, 1], [0, 10]])).round(3).tolist()
    [[1.0, 0.0], [0.091, 0.909]]
    """
    counts = joint.T.astype(np.float64)
    n_true = counts.sum(axis=1, keepdims=True)
    return np.where(n_true > 0, counts / np.clip(n_true, 1, None), np.eye(len(counts)))


def smoothed_noise_matrix(joint: NDArray[np.integer[Any]]) -> NoiseMatrix:
    """Read the noise matrix off a confident joint of shape [K, K], smoothed where counts are small.

    See `PRIOR_ERRORS` and `PRIOR_SAMPLES`.

    Examples
    --------
    >>> smoothed_noise_matrix(np.array([[900, 100], [0, 1000]])).round(2).tolist()
    [[1.0, 0.0], [0.09, 0.91]]
    """
    counts = joint.T.astype(np.float64)
    n_classes = len(counts)
    n_true = counts.sum(axis=1)
    np.fill_diagonal(counts, 0)
    errors = counts.sum(axis=1)
    overall = errors.sum() / max(1.0, n_true.sum())
    rate = (errors + PRIOR_SAMPLES * overall) / (n_true + PRIOR_SAMPLES)
    spread = (counts + PRIOR_ERRORS / (n_classes - 1)) / (errors + PRIOR_ERRORS)[:, None]
    matrix: NoiseMatrix = rate[:, None] * spread
    np.fill_diagonal(matrix, 1 - rate)
    return matrix


def label_odds(rows: RowStatistics, matrix: NoiseMatrix) -> LabelOdds:
    """Compare each label with its most likely rivals, under a noise matrix; see `LabelOdds`.

    The odds set the probability of the given label against the root of the summed squares of the rivals', which one
    close rival moves more than many distant ones. Each counts times its noise rate (the rate at which it is given the
    label at hand, over the mean rate) to the power `RATE_EXPONENT`. One half means probability divided evenly. The
    squares and the single step were chosen on human noise (CIFAR-10N) and synthetic noise together.

    Examples
    --------
    >>> from datacheck.labels.rows import row_statistics
    >>> rows = row_statistics(np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]]), np.array([0, 0, 1, 1]))
    >>> found = label_odds(rows, np.array([[0.9, 0.1], [0.1, 0.9]]))
    >>> found.quality.round(2)
    array([0.94, 0.84, 0.94, 0.06], dtype=float32)
    """
    rates = np.maximum(matrix, LEAST_RATE)
    mean_rate = rates[~np.eye(rows.n_classes, dtype=bool)].mean()
    width = min(rows.n_classes, SHORTLIST)
    quality, correct = (np.full(len(rows.labels), np.nan, dtype=np.float32) for _ in range(2))

    def compare(part: slice) -> None:
        chosen = np.flatnonzero(rows.valid[part])
        label, block = rows.labels[part][chosen], rows.pred_probs[part][chosen]
        classes = _shortlist(block, label, width)
        given = np.take_along_axis(block, classes, axis=1).astype(np.float64)
        true = _true_classes(given, matrix[classes[:, :, None], classes[:, None, :]])
        given_for = rates[classes, label[:, None]]
        joint = true * given_for
        correct[part.start + chosen] = joint[:, 0] / joint.sum(axis=1)
        rivals = true[:, 1:] * (given_for[:, 1:] / mean_rate) ** RATE_EXPONENT
        own = true[:, 0] * given_for[:, 0] ** RATE_EXPONENT
        quality[part.start + chosen] = own / (own + np.sqrt((rivals**2).sum(axis=1)))

    map_chunks(compare, len(rows.labels), rows.row_bytes + MATRIX_BYTES * width**2)
    return LabelOdds(quality, correct)


def _shortlist(block: Probabilities, label: NDArray[np.int64], width: int) -> NDArray[np.intp]:
    """The given class first, then its most likely rivals in no order; shape [n, width]."""
    ranked = np.array(block)
    ranked[np.arange(len(ranked)), label] = np.inf
    if width < ranked.shape[1]:
        classes: NDArray[np.intp] = np.argpartition(-ranked, width - 1, axis=1)[:, :width]
    else:
        classes = np.tile(np.arange(width), (len(ranked), 1))
    first = (classes == label[:, None]).argmax(axis=1)
    index = np.arange(len(classes))
    classes[index, first], classes[:, 0] = classes[:, 0], label
    return classes


def _true_classes(given: NDArray[np.float64], matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Turn distributions of given labels [n, m] into ones of true classes by one step through matrices [n, m, m]."""
    given = np.maximum(given, LEAST_PROBABILITY)
    given /= given.sum(axis=1, keepdims=True)
    expected = np.einsum("na,nab->nb", given, matrix)
    true: NDArray[np.float64] = given * np.einsum("nab,nb->na", matrix, given / np.maximum(expected, 1e-9))
    true /= true.sum(axis=1, keepdims=True)
    return true
