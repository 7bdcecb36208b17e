"""What one image property predicts of each label of multilabel data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.stats import Interval, wilson

N_FOLDS = 5
"""Each prediction comes from four fifths of the rows."""

N_BINS = 16
"""Ranges of a property, of equal counts; a property of fewer values has a range for each."""

TAILS = (0.01, 0.03, 0.97, 0.99)
"""Shares of the samples at which the ends of a property are cut further, for labels that are rare."""


def label_gains(
    values: NDArray[np.float64], matrix: NDArray[np.bool_], *, level: float = 0.95, seed: int = 0
) -> list[Interval]:
    """Return what one property predicts of each label: balanced accuracy out of sample, less the 0.5 of guessing.

    A label is predicted in the ranges of the property where samples with it are denser than samples without it. The
    interval combines those of both hit rates (Newcombe 1998).

    Parameters
    ----------
    values
        The property, finite, shape [N].
    matrix
        The labels, [N, K].
    level
        Confidence of each interval.
    seed
        Of the folds.

    Examples
    --------
    >>> values = np.r_[np.zeros(50), np.ones(50)]
    >>> matrix = np.column_stack([values == 1, np.arange(100) % 2 == 0])
    >>> [gain.low > 0.3 for gain in label_gains(values, matrix)]
    [True, False]
    """
    edges = np.unique(values)[1:]
    if len(edges) >= N_BINS:
        edges = np.unique(np.quantile(values, [*np.arange(1, N_BINS) / N_BINS, *TAILS]))
    bins = np.searchsorted(edges, values, side="right")
    member = np.eye(len(edges) + 1)[bins]
    given = matrix.astype(np.float64)
    fold = np.random.default_rng(seed).permutation(len(values)) % N_FOLDS
    predicted = np.zeros(matrix.shape, dtype=bool)
    for one in range(N_FOLDS):
        train, test = fold != one, fold == one
        dense = _density(member[train], given[train]) > _density(member[train], 1 - given[train])
        predicted[test] = dense[bins[test]]
    return [_balanced(predicted[:, column], matrix[:, column], level) for column in range(matrix.shape[1])]


def _density(member: NDArray[np.float64], given: NDArray[np.float64]) -> NDArray[Any]:
    """Return the share of the samples with each label in each range, with one sample spread over all; [bins, K]."""
    share = member.mean(axis=0)[:, None]
    return np.asarray((member.T @ given + share) / (given.sum(axis=0) + 1))


def _balanced(predicted: NDArray[np.bool_], given: NDArray[np.bool_], level: float) -> Interval:
    """Return the mean of both hit rates, less 0.5, with its interval."""
    sizes = np.array([given.sum(), (~given).sum()])
    if not sizes.all():
        return Interval(0.0, 0.0, 0.0, level, "every sample or no sample has the label", len(given))
    rates = np.array([predicted[given].mean(), (~predicted[~given]).mean()])
    low, high = wilson(rates, sizes, level=level)
    value = float(rates.mean()) - 0.5
    down, up = (float(np.hypot(*(rates - end))) / 2 for end in (low, high))
    return Interval(value, value - down, value + up, level, "balanced accuracy, Newcombe", len(given))
