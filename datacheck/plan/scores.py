"""Measures of held-out predictions, averaged by class shares; `datacheck.stats.simultaneous_gains` compares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.stats import class_weights_of

Floats = NDArray[np.float64]

N_BINS = 15
"""Bins of confidence, as in Guo et al. (2017)."""


def balanced_accuracy(correct: NDArray[np.floating[Any]], codes: NDArray[np.integer[Any]], shares: Floats) -> float:
    """Return the mean of the class recalls, weighted by ``shares``; rows of NaN do not count."""
    held = np.isfinite(correct)
    return float(correct[held] @ class_weights_of(codes[held], shares)) if held.any() else float("nan")


def recalls(correct: NDArray[np.floating[Any]], codes: NDArray[np.integer[Any]], n_classes: int) -> Floats:
    """Return the recall of each class, NaN for one without samples; shape [K]."""
    held = np.isfinite(correct)
    counts = np.bincount(codes[held], minlength=n_classes)
    right = np.bincount(codes[held], correct[held], n_classes)
    return np.where(counts > 0, right / np.maximum(counts, 1), np.nan)


def calibration_error(
    probabilities: NDArray[np.floating[Any]],
    codes: NDArray[np.integer[Any]],
    shares: Floats,
    *,
    n_bins: int = N_BINS,
) -> float:
    """Return the expected calibration error of the top class (Guo et al. 2017), samples weighted to the class shares.

    Parameters
    ----------
    probabilities
        Shape [N, K]; rows of NaN do not count.
    codes, shares
        Class of each sample, weight of each class.
    n_bins
        Bins of equal width.

    Examples
    --------
    >>> calibration_error(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1]), np.array([0.75, 0.25]))
    0.0
    """
    held = np.isfinite(probabilities).all(axis=1)
    top = probabilities[held].max(axis=1)
    right = probabilities[held].argmax(axis=1) == codes[held]
    weight = class_weights_of(codes[held], shares)
    bins = np.minimum((top * n_bins).astype(np.int64), n_bins - 1)
    gaps = np.bincount(bins, weight * (right - top), n_bins)
    return float(np.abs(gaps).sum())


def mean_range(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of a number over seeds, and its smallest and largest."""
    known = np.asarray([value for value in values if np.isfinite(value)])
    return (float(known.mean()), float(known.min()), float(known.max())) if known.size else (float("nan"),) * 3
