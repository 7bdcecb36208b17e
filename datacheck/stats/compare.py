"""How far apart two samples are: effect sizes with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.spatial.distance import jensenshannon

from datacheck.stats.intervals import Interval, half_width
from datacheck.stats.states import Moments

_DRAWS = 1000
"""Of the bootstrap: its 95 % quantile then varies by about 2 %."""

_LEAST_DRAWS = 100
"""Of the bootstrap, however many classes."""

_LARGEST_TABLE = 20_000_000
"""Numbers that the bootstrap holds at once (160 MB)."""

_LARGEST_PERMUTATION_TABLE = 5_000_000
"""Counts that the permutation test holds at once (40 MB)."""

_LEAST_PERMUTATIONS = 999
"""Of the permutation test, however many classes: p-values down to 0.001."""

_LEAST_EXPECTED = 5
"""Expected count in every cell from which the chi-squared distribution holds (Cochran 1954)."""


def cohens_h(successes: tuple[int, int], n: tuple[int, int], *, level: float = 0.95) -> Interval:
    """Return Cohen's h between two shares, second minus first; 0.2 is small, 0.5 medium, 0.8 large.

    Examples
    --------
    >>> f"{cohens_h((10, 50), (100, 100)):.2f}"
    '0.93 [0.65, 1.20]'
    """
    if min(n) == 0:
        return Interval(float("nan"), -np.pi, np.pi, level, "arcsine")
    angle = [2 * np.arcsin(np.sqrt(count / total)) for count, total in zip(successes, n, strict=True)]
    half = half_width(level) * float(np.sqrt(1 / n[0] + 1 / n[1]))
    difference = float(angle[1] - angle[0])
    return Interval(difference, difference - half, difference + half, level, "arcsine")


def hedges_g(first: Moments, second: Moments, *, level: float = 0.95) -> Interval:
    """Return the standardised difference of two means, second minus first, with Hedges' (1981) small-sample factor.

    Infinite where both samples are constant and differ; NaN below two values a sample.

    Examples
    --------
    >>> a, b = Moments.empty().update([1, 2, 3, 4]), Moments.empty().update([2, 3, 4, 5])
    >>> f"{hedges_g(a, b):.2f}"
    '0.67 [-0.75, 2.10]'
    """
    n_a, n_b = float(first.n), float(second.n)
    if min(n_a, n_b) < 2:
        return Interval(float("nan"), -np.inf, np.inf, level, "Hedges")
    freedom = n_a + n_b - 2
    pooled = float(np.sqrt((first.m2 + second.m2) / freedom))
    difference = float(second.mean - first.mean)
    if pooled == 0:
        extreme = 0.0 if difference == 0 else float(np.copysign(np.inf, difference))
        return Interval(extreme, extreme, extreme, level, "Hedges")
    g = difference / pooled * (1 - 3 / (4 * freedom - 1))
    half = half_width(level) * float(np.sqrt((n_a + n_b) / (n_a * n_b) + g * g / (2 * (n_a + n_b))))
    return Interval(g, g - half, g + half, level, "Hedges")


def _shares(counts: ArrayLike) -> NDArray[np.float64]:
    count = np.asarray(counts, dtype=np.float64)
    total = count.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(count, total, out=np.zeros_like(count), where=total > 0))


def total_variation(first: ArrayLike, second: ArrayLike, *, level: float = 0.95, seed: int = 0) -> Interval:
    """Return the total-variation distance of two class distributions: the share that would have to move.

    Parameters
    ----------
    first, second
        Counts by class, shape [K].
    level
        Confidence of the interval.
    seed
        Seed of the bootstrap.

    Notes
    -----
    Two samples of one distribution are apart by chance, the more so the more classes there are. By the triangle
    inequality the measured distance is off by at most half the absolute sum of both samples' sampling errors; the
    interval is the measured distance plus or minus that half sum, at its quantile ``level`` in a bootstrap. It is
    rather too wide than too narrow.

    Examples
    --------
    >>> total_variation([50, 50], [80, 20]).value
    0.3
    """
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if min(a.sum(), b.sum()) == 0:
        return Interval(float("nan"), 0.0, 1.0, level, "bootstrapped error")
    distance = float(np.abs(_shares(a) - _shares(b)).sum() / 2)
    rng = np.random.default_rng(seed)
    draws = max(_LEAST_DRAWS, min(_DRAWS, _LARGEST_TABLE // len(a)))
    error_a, error_b = (
        rng.multinomial(count.sum(), _shares(count), draws) / count.sum() - _shares(count) for count in (a, b)
    )
    reach = float(np.quantile(np.abs(error_a - error_b).sum(axis=1) / 2, level))
    return Interval(
        round(distance, 12), max(0.0, distance - reach), min(1.0, distance + reach), level, "bootstrapped error"
    )


def jensen_shannon(first: ArrayLike, second: ArrayLike) -> float:
    """Return the Jensen–Shannon distance (base 2, in [0, 1]) of two count vectors of shape [K].

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    """
    return float(jensenshannon(_shares(first), _shares(second), base=2))


def category_shift(first: ArrayLike, second: ArrayLike, *, seed: int = 0, draws: int = 9_999) -> float:
    """Return the p-value that two count vectors [K] come from one distribution.

    Pearson's chi-squared where every expected count is at least 5, otherwise its permutation distribution with the
    margins held (a valid p-value at any size; Phipson and Smyth 2010), from at most ``draws`` tables.

    Examples
    --------
    >>> round(category_shift([50, 50], [50, 50]), 3)
    1.0
    """
    table = np.asarray([first, second], dtype=np.int64)
    table = table[:, table.sum(axis=0) > 0]
    n = table.sum(axis=1)
    if table.shape[1] < 2 or min(n) == 0:
        return 1.0
    expected = stats.contingency.expected_freq(table)
    if expected.min() >= _LEAST_EXPECTED:
        return float(stats.chi2_contingency(table, correction=False).pvalue)
    observed = float(((table - expected) ** 2 / expected).sum())
    rng = np.random.default_rng(seed)
    size = max(_LEAST_PERMUTATIONS, min(draws, _LARGEST_PERMUTATION_TABLE // table.shape[1]))
    drawn = rng.multivariate_hypergeometric(table.sum(axis=0), int(n[0]), size=size, method="marginals")
    deviation = (drawn - expected[0]) ** 2
    chance = (deviation / expected[0]).sum(axis=1) + (deviation / expected[1]).sum(axis=1)
    return float((1 + np.count_nonzero(chance >= observed - 1e-9)) / (1 + len(chance)))


def cramers_v(table: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return Cramér's V of a contingency table with the interval by inverting the noncentral chi-squared.

    The value is bias-corrected (Bergsma 2013); the interval follows Smithson (2003).

    Examples
    --------
    >>> round(cramers_v([[30, 10], [10, 30]]).value, 2)
    0.49
    """
    counts = np.asarray(table, dtype=np.float64)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = counts.shape
    n = counts.sum()
    if min(rows, columns) < 2:
        return Interval(float("nan"), 0.0, 1.0, level, "noncentral chi-squared")
    chi2 = float(stats.chi2_contingency(counts, correction=False).statistic)
    freedom = (rows - 1) * (columns - 1)
    phi2 = max(0.0, chi2 / n - freedom / (n - 1))
    side = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    scale = n * (min(rows, columns) - 1)

    def end(tail: float) -> float:
        if stats.chi2.cdf(chi2, freedom) <= tail:
            return 0.0
        top = chi2 + 50 + 20 * np.sqrt(chi2 + freedom)
        return float(brentq(lambda shift: stats.ncx2.cdf(chi2, freedom, shift) - tail, 1e-12, top))

    low, high = (float(np.sqrt(min(1.0, end(tail) / scale))) for tail in ((1 + level) / 2, (1 - level) / 2))
    return Interval(float(np.sqrt(phi2 / side)), low, high, level, "noncentral chi-squared")


def ks_distance(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> tuple[Interval, float]:
    """Return the Kolmogorov–Smirnov distance with its interval, and the p-value of no difference.

    Parameters
    ----------
    first, second
        Finite values, shapes [N] and [M].
    level
        Confidence of the interval.

    Notes
    -----
    The interval is the Dvoretzky–Kiefer–Wolfowitz band of both samples (Massart 1990) at half the error each: it
    holds for every distribution, and is rather too wide than too narrow.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(len(a), len(b)) == 0:
        return Interval(float("nan"), 0.0, 1.0, level, "DKW"), 1.0
    found = stats.ks_2samp(a, b, method="asymp")
    distance = float(found.statistic)
    reach = sum(float(np.sqrt(np.log(4 / (1 - level)) / (2 * len(part)))) for part in (a, b))
    return Interval(distance, max(0.0, distance - reach), min(1.0, distance + reach), level, "DKW"), float(found.pvalue)


def wasserstein(first: ArrayLike, second: ArrayLike) -> float:
    """Return the earth mover's distance of two samples in units of the first one's standard deviation.

    Infinite where the first is constant and the second differs.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    distance = float(stats.wasserstein_distance(a, b))
    spread = float(a.std())
    if spread > 0:
        return distance / spread
    return float("inf") if distance > 0 else 0.0


def auc_from_summary(value: float, n_positive: int, n_negative: int, *, level: float = 0.95) -> Interval:
    """Return the interval of an area under the ROC curve that is known only as a number (Hanley and McNeil 1982)."""
    if min(n_positive, n_negative) == 0:
        return Interval(float("nan"), 0.0, 1.0, level, "Hanley–McNeil")
    q1, q2 = value / (2 - value), 2 * value * value / (1 + value)
    variance = value * (1 - value) + (n_positive - 1) * (q1 - value**2) + (n_negative - 1) * (q2 - value**2)
    half = half_width(level) * float(np.sqrt(max(0.0, variance) / (n_positive * n_negative)))
    return Interval(value, max(0.0, value - half), min(1.0, value + half), level, "Hanley–McNeil")


def auc(scores: ArrayLike, positive: NDArray[np.bool_] | Any, *, level: float = 0.95) -> Interval:
    """Return the area under the ROC curve with DeLong's (1988) interval, from mid-ranks (Sun and Xu 2014).

    Parameters
    ----------
    scores
        Higher for the positive class, shape [N].
    positive
        Bool, shape [N].
    level
        Confidence of the interval.

    Examples
    --------
    >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]).value
    0.75
    """
    score, truth = np.asarray(scores, dtype=np.float64), np.asarray(positive, dtype=bool)
    n_pos, n_neg = int(truth.sum()), int((~truth).sum())
    if min(n_pos, n_neg) == 0:
        return Interval(float("nan"), 0.0, 1.0, level, "DeLong")
    ranks = stats.rankdata(score)
    value = float((ranks[truth].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))
    if min(n_pos, n_neg) < 2:
        return auc_from_summary(value, n_pos, n_neg, level=level)
    above = (ranks[truth] - stats.rankdata(score[truth])) / n_neg
    below = 1 - (ranks[~truth] - stats.rankdata(score[~truth])) / n_pos
    half = half_width(level) * float(np.sqrt(above.var(ddof=1) / n_pos + below.var(ddof=1) / n_neg))
    return Interval(value, max(0.0, value - half), min(1.0, value + half), level, "DeLong")
