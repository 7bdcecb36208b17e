"""Is it better than doing nothing? Paired differences of held-out samples, with intervals that hold for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Gains:
    """Differences of several candidates to the baseline, with simultaneous intervals; each of shape [M].

    ``deviation`` is the standard error of each by itself, ``method`` says how they were made.
    """

    value: Floats
    low: Floats
    high: Floats
    deviation: Floats
    method: str

    def better(self) -> NDArray[np.bool_]:
        """Which candidates are better than the baseline beyond doubt."""
        return self.low > 0

    def worse(self) -> NDArray[np.bool_]:
        """Which candidates are worse than the baseline beyond doubt."""
        return self.high < 0


def class_weights_of(codes: NDArray[np.integer[Any]], shares: Floats) -> Floats:
    """Return the weight of each sample such that class k weighs ``shares[k]``; sums to 1 over the classes present.

    Examples
    --------
    >>> class_weights_of(np.array([0, 0, 1]), np.array([0.5, 0.5])).tolist()
    [0.25, 0.25, 0.5]
    """
    counts = np.bincount(codes, minlength=len(shares))
    present = np.where(counts > 0, shares, 0)
    present = present / max(present.sum(), 1e-300)
    weights: Floats = (present / np.maximum(counts, 1))[codes]
    return weights


def paired_gains(
    differences: NDArray[np.floating[Any]],
    codes: NDArray[np.integer[Any]],
    shares: Floats,
    *,
    seed: int = 0,
) -> Gains:
    """Return how much each candidate changes a per-sample measure, averaged within classes and then by their shares.

    With equal shares and 0/1 correctness this is the gain in balanced accuracy. The intervals hold for all candidates
    at once: a multiplier bootstrap of the largest studentised deviation (Chernozhukov, Chetverikov and Kato 2013),
    over samples within their class and over seeds. Within-class variances lean on the pooled one as if two samples
    had it, so that a class of a few agreeing samples is no proof.

    Parameters
    ----------
    differences
        Candidate minus baseline of each seed and sample, shape [M, S, N]; NaN where a sample was not held out.
    codes
        Class of each sample; shape [N].
    shares
        Weight of each class; shape [K].
    seed
        Of the bootstrap.

    Examples
    --------
    >>> found = paired_gains(np.full((1, 2, 40), 0.5), np.repeat([0, 1], 20), np.array([0.5, 0.5]))
    >>> found.value.round(6).tolist(), found.better().tolist()
    ([0.5], [True])
    """
    n_candidates, n_seeds, _ = differences.shape
    held = np.isfinite(differences).all(axis=(0, 1))
    difference, code = differences[:, :, held].astype(np.float64), codes[held]
    weight = class_weights_of(code, shares)
    mean = difference.mean(axis=1)
    value = mean @ weight
    influence = _residuals(mean, code, len(shares)) * weight
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((DRAWS, influence.shape[1]), dtype=np.float32) @ influence.T.astype(np.float32)
    variance = (influence**2).sum(axis=1)
    if n_seeds > 1:
        of_seed = difference @ weight
        wander = (of_seed - of_seed.mean(axis=1, keepdims=True)) / np.sqrt(n_seeds * (n_seeds - 1))
        noise = noise + rng.standard_normal((DRAWS, n_seeds)) @ wander.T
        variance = variance + (wander**2).sum(axis=1)
    deviation = np.sqrt(np.maximum(variance, 1e-18))
    reach = float(np.quantile(np.abs(noise / deviation).max(axis=1), LEVEL)) if n_candidates else 0.0
    half = reach * deviation
    method = (
        f"paired over {int(held.sum())} held-out samples and {n_seeds} seeds; simultaneous 95 % interval over "
        f"{n_candidates} candidates, multiplier bootstrap, {DRAWS} draws"
    )
    return Gains(value, value - half, value + half, deviation, method)


def _residuals(values: Floats, codes: NDArray[np.integer[Any]], n_classes: int) -> Floats:
    """Deviations from the class mean, scaled so that their squares sum to the shrunken class variance times its count.

    Shape [M, N].
    """
    counts = np.bincount(codes, minlength=n_classes).astype(np.float64)
    residuals = np.empty_like(values)
    for row, out in zip(values, residuals, strict=True):
        means = np.bincount(codes, row, n_classes) / np.maximum(counts, 1)
        centred = row - means[codes]
        squares = np.bincount(codes, centred**2, n_classes)
        pooled = squares.sum() / max(1.0, counts.sum() - (counts > 0).sum())
        wanted = counts * (squares + 2 * pooled) / (np.maximum(counts - 1, 0) + 2)
        alternating = np.where(np.arange(len(row)) % 2, 1.0, -1.0)
        flat = squares <= 1e-12
        centred = np.where(flat[codes], alternating, centred)
        squares = np.where(flat, counts, squares)
        out[:] = centred * np.sqrt(wanted / np.maximum(squares, 1e-300))[codes]
    return residuals


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
    n_bins: int = 15,
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


def seeds_from(seed: int, n_seeds: int) -> tuple[int, ...]:
    """Return distinct seeds that follow from one."""
    return tuple(seed + 1000 * number for number in range(n_seeds))


def mean_range(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of a number over seeds, and its smallest and largest."""
    known = np.asarray([value for value in values if np.isfinite(value)])
    return (float(known.mean()), float(known.min()), float(known.max())) if known.size else (float("nan"),) * 3
