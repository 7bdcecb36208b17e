"""Intervals, and corrections for many comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Z95 = float(stats.norm.ppf(0.975))
"""Half the width of a 95 % interval, in standard errors."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes
    ----------
    value, low, high
        The estimate and the interval's ends.
    level
        Confidence of the interval.
    method
        How it was made.
    n
        Number of samples behind it; 0 where that is not known.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = ""
    n: int = 0

    @property
    def least(self) -> float:
        """The smallest magnitude within the interval: 0 where it contains 0, else its end nearer to 0."""
        if self.low <= 0 <= self.high:
            return 0.0
        return min(abs(self.low), abs(self.high))

    @property
    def standard_error(self) -> float:
        """The standard error, were the interval normal."""
        return (self.high - self.low) / (2 * half_width(self.level))

    def to_json(self) -> dict[str, Any]:
        """Return the interval as plain JSON values; None stands for what is not finite."""
        numbers = {name: float(getattr(self, name)) for name in ("value", "low", "high")}
        finite = {name: number if np.isfinite(number) else None for name, number in numbers.items()}
        return {**finite, "level": self.level, "method": self.method, "n": self.n}

    def __format__(self, spec: str) -> str:
        spec = spec or ".3g"
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


@cache
def half_width(level: float) -> float:
    """Return half the width of a normal interval at a confidence level, in standard errors; `Z95` at 0.95."""
    return float(stats.norm.ppf(0.5 + level / 2))


def wilson(shares: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both ends of Wilson's (1927) interval of shares measured on ``n`` samples each, elementwise.

    ``n`` may be fractional, as where samples come in clusters; it must be above 0. At level 0 both ends are the share.

    Examples
    --------
    >>> low, high = wilson([0.1, 0.5], [50, 10])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.043, 0.237], [0.214, 0.763])
    """
    share, size, z = np.asarray(shares, dtype=np.float64), np.asarray(n, dtype=np.float64), half_width(level)
    centre = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)) / (1 + z**2 / size)
    # The share is inside its interval; rounding alone would put 0 and 1 just outside.
    return np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)


def proportion(successes: float, n: float, *, level: float = 0.95) -> Interval:
    """Return a share with Wilson's interval (see `wilson`); [0, 1] around NaN where n is 0.

    Examples
    --------
    >>> f"{proportion(5, 50):.3f}"
    '0.100 [0.043, 0.214]'
    """
    if n <= 0:
        return Interval(float("nan"), 0.0, 1.0, level, "Wilson")
    low, high = wilson(successes / n, n, level=level)
    return Interval(float(successes / n), float(low), float(high), level, "Wilson", int(n))


def bootstrapped(value: float, draws: ArrayLike, *, n: int = 0, level: float = 0.95) -> Interval:
    """Return an estimate with the percentile interval of its bootstrap draws (Efron 1979); draws of NaN do not count.

    Parameters
    ----------
    value
        The estimate from the samples themselves.
    draws
        The estimate from each resampling, shape [B].
    n
        Number of samples behind it.
    level
        Confidence of the interval.

    Examples
    --------
    >>> f"{bootstrapped(50.0, np.arange(101.0)):.1f}"
    '50.0 [2.5, 97.5]'
    """
    drawn = np.asarray(draws, dtype=np.float64)
    method = f"{level:.0%} bootstrap, {len(drawn)} draws".replace("%", " %")
    drawn = drawn[~np.isnan(drawn)]
    if not drawn.size:
        return Interval(value, float("nan"), float("nan"), level, method, n)
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(value, float(low), float(high), level, method, n)


def multinomial_intervals(counts: ArrayLike, *, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return simultaneous intervals of all class shares by Goodman (1965).

    Parameters
    ----------
    counts
        Counts by class, shape [K].
    level
        Confidence that all K shares lie in their intervals.

    Returns
    -------
    low, high
        Float64, shape [K]; 0 and 1 where there is no data.

    Examples
    --------
    >>> low, high = multinomial_intervals([50, 50])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.391, 0.391], [0.609, 0.609])
    """
    count = np.asarray(counts, dtype=np.float64)
    n = count.sum()
    if n == 0:
        return np.zeros(len(count)), np.ones(len(count))
    chi2 = stats.chi2.ppf(1 - (1 - level) / len(count), 1)
    half = np.sqrt(chi2 * (chi2 + 4 * count * (n - count) / n))
    low = (chi2 + 2 * count - half) / (2 * (n + chi2))
    return np.clip(low, 0, 1), np.clip((chi2 + 2 * count + half) / (2 * (n + chi2)), 0, 1)


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted for many comparisons (Benjamini and Hochberg 1995); NaN stay NaN; same shape.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.02, 0.5]).round(3).tolist()
    [0.03, 0.03, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    known = ~np.isnan(p)
    if known.any():
        adjusted[known] = stats.false_discovery_control(p[known], method="bh")
    return adjusted
