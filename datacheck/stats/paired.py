"""Two ways of doing something, compared on the same samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.stats.intervals import Interval, half_width

Floats = NDArray[np.float64]

DRAWS = 2000
"""Draws of the multiplier bootstrap: the 95th percentile of their maximum then varies by about 1 %."""

LEVEL = 0.95
"""Confidence that all intervals of `simultaneous_gains` hold at once."""

PRIOR_SAMPLES = 2
"""The variance within a class counts as if this many samples more had shown the pooled one."""


def mean_difference(
    differences: NDArray[Any], *, unit: float = 1.0, prior: float = 1.0, level: float = LEVEL
) -> Interval:
    """Return the mean of per-sample differences over ``unit``, with its interval by the normal distribution.

    Parameters
    ----------
    differences
        Of the same samples under two treatments, first minus second; shape [N].
    unit
        The mean and its ends are divided by this: the largest gain that is possible, for a relative gain.
    prior
        Size of two differences, one of each sign, that are added to the variance: N differences that are all equal
        then keep an interval of some width. 0 adds none.
    level
        Confidence of the interval.

    Examples
    --------
    >>> f"{mean_difference(np.repeat([1.0, 0.0], [40, 60])):.2f}"
    '0.40 [0.30, 0.50]'
    """
    n = max(1, len(differences))
    mean = float(differences.mean()) if len(differences) else 0.0
    squares = float(np.sum((differences - mean) ** 2)) + 2 * prior**2
    half = half_width(level) * float(np.sqrt(squares)) / n
    return Interval(mean / unit, (mean - half) / unit, (mean + half) / unit, level, "paired normal", len(differences))


def paired_difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Interval:
    """Return the difference of two hit rates on the same samples, first minus second; both bool, shape [N].

    Examples
    --------
    >>> gain = paired_difference(np.array([True] * 90 + [False] * 10), np.array([True] * 50 + [False] * 50))
    >>> f"{gain:.2f}"
    '0.40 [0.30, 0.50]'
    """
    return mean_difference(first.astype(np.float64) - second.astype(np.float64))


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
        """Which candidates are significantly better than the baseline: the whole interval lies above 0."""
        return self.low > 0

    def worse(self) -> NDArray[np.bool_]:
        """Which candidates are significantly worse than the baseline: the whole interval lies below 0."""
        return self.high < 0

    def interval(self, number: int) -> Interval:
        """Return one candidate's gain."""
        value, low, high = (float(part[number]) for part in (self.value, self.low, self.high))
        return Interval(value, low, high, LEVEL, self.method)


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


def simultaneous_gains(
    differences: NDArray[np.floating[Any]],
    codes: NDArray[np.integer[Any]],
    shares: Floats,
    *,
    seed: int = 0,
) -> Gains:
    """Return how much each candidate changes a per-sample measure, averaged within classes and then by their shares.

    With equal shares and 0/1 correctness this is the gain in balanced accuracy. The intervals hold for all candidates
    at once: a multiplier bootstrap of the largest studentised deviation (Chernozhukov, Chetverikov and Kato 2013),
    over samples within their class and over seeds. Variances within a class are shrunk towards the pooled one
    (`PRIOR_SAMPLES`), so that a class of a few samples that agree does not count as certain.

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
    >>> found = simultaneous_gains(np.full((1, 2, 40), 0.5), np.repeat([0, 1], 20), np.array([0.5, 0.5]))
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
        wanted = counts * (squares + PRIOR_SAMPLES * pooled) / (np.maximum(counts - 1, 0) + PRIOR_SAMPLES)
        alternating = np.where(np.arange(len(row)) % 2, 1.0, -1.0)
        flat = squares <= 1e-12
        centred = np.where(flat[codes], alternating, centred)
        squares = np.where(flat, counts, squares)
        out[:] = centred * np.sqrt(wanted / np.maximum(squares, 1e-300))[codes]
    return residuals
