"""One slice against the rest: how much larger its error is than its labels explain, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.stats import Interval, bootstrapped, wilson
from datacheck.stats.intervals import half_width

Floats = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]

DRAWS = 200
"""Of the bootstrap: enough for ends that are right within a tenth of the width."""

MAX_BOOTSTRAP = 2000
"""From this many units on the mean is as good as normal, and the bootstrap only takes longer."""

LEVEL = 0.95
"""Confidence of every interval."""


@dataclass(frozen=True)
class Comparison:
    """A slice against the other samples of the same classes.

    Attributes
    ----------
    gap
        Mean error in the slice minus the one expected from its labels, with its 95 % interval.
    expected
        The mean error of the other samples, each class weighted as in the slice.
    p_value
        Of the test that the slice is no worse; one-sided, not corrected.
    n
        Samples of the slice that have others of their class outside it.
    """

    gap: Interval
    expected: float
    p_value: float
    n: int


def compare(errors: Floats, inside: NDArray[np.bool_], strata: Codes, units: Codes | None = None) -> Comparison:
    """Compare the error in a slice with that of the other samples of the same stratum (class).

    The test is that of Cochran, Mantel and Haenszel, one-sided: it conditions on the counts of each stratum. Errors of
    0 and 1 are continuity-corrected, and not more certain than the binomial tail. With ``units``, the variance is at
    least the one between units, and the distribution is Student's. The interval of the gap joins those of both rates
    (Newcombe 1998), with Wilson's interval for the slice, at the effective number of samples where there are units.

    Parameters
    ----------
    errors
        Error of each sample: 0 or 1, or any number; shape [N].
    inside
        Whether a sample is in the slice; shape [N].
    strata
        Number of the stratum of each sample; shape [N].
    units
        Number of the group that a sample belongs to (patient, video), where groups were sampled and not single
        samples; from 0 on, shape [N].

    Examples
    --------
    >>> errors = np.repeat([1.0, 0.0, 1.0, 0.0], [30, 70, 10, 190])
    >>> found = compare(errors, np.arange(300) < 100, np.zeros(300, dtype=int))
    >>> f"{found.gap:.2f}", found.p_value < 1e-3
    ('0.25 [0.16, 0.35]', True)
    """
    n_strata = int(strata.max()) + 1 if len(strata) else 0
    sizes = np.bincount(strata, minlength=n_strata)
    within = np.bincount(strata[inside], minlength=n_strata)
    kept = ((within > 0) & (within < sizes))[strata]
    errors, inside, strata = errors[kept], inside[kept], strata[kept]
    units = None if units is None else units[kept]
    n = int(inside.sum())
    if n == 0:
        return Comparison(Interval(np.nan, -1.0, 1.0, LEVEL, "not comparable"), float("nan"), float("nan"), 0)
    expected, half_above = _expected(errors, inside, strata, units)
    value = float(errors[inside].mean())
    low, high = _ends(errors[inside], None if units is None else units[inside])
    gap = value - expected
    reach = float(np.hypot(value - low, half_above)), float(np.hypot(high - value, half_above))
    interval = Interval(gap, gap - reach[0], gap + reach[1], LEVEL, "Newcombe, by class", n)
    return Comparison(interval, expected, _p_value(errors, inside, strata, units), n)


def mean_error(errors: Floats, units: Codes | None = None, *, seed: int = 0) -> Interval:
    """Return the mean with its 95 % interval: Wilson's for zeros and ones, else the bootstrap, over units.

    Shapes [n] and [n].

    Examples
    --------
    >>> f"{mean_error(np.repeat([1.0, 0.0], [5, 45])):.3f}"
    '0.100 [0.043, 0.214]'
    """
    if not len(errors):
        return Interval(float("nan"), float("nan"), float("nan"), LEVEL, "no samples")
    value, n = float(errors.mean()), len(errors)
    n_units = n if units is None else _n_units(units)
    if _binary(errors) or n_units > MAX_BOOTSTRAP or n_units == 1:
        low, high = _ends(errors, units)
        method = "Wilson" if _binary(errors) else "normal"
        return Interval(value, low, high, LEVEL, method + ("" if units is None else ", by group"), n)
    sums: Floats = errors
    counts: Floats = np.ones(n)
    if units is not None:
        counts = np.bincount(units).astype(np.float64)
        sums = np.bincount(units, errors).astype(np.float64)[counts > 0]
        counts = counts[counts > 0]
    drawn = np.random.default_rng(seed).multinomial(n_units, np.full(n_units, 1 / n_units), size=DRAWS)
    return bootstrapped(value, (drawn @ sums) / (drawn @ counts), n=n)


def _binary(errors: Floats) -> bool:
    return bool(((errors == 0) | (errors == 1)).all())


def _n_units(units: Codes) -> int:
    return int(np.count_nonzero(np.bincount(units)))


def _ends(errors: Floats, units: Codes | None) -> tuple[float, float]:
    """Both ends of the interval of a mean."""
    value, size = float(errors.mean()), _effective(errors, units)
    if _binary(errors):
        low, high = wilson(value, size, level=LEVEL)
        return float(low), float(high)
    half = half_width(LEVEL) * float(errors.std()) / float(np.sqrt(size))
    return value - half, value + half


def _effective(errors: Floats, units: Codes | None) -> float:
    """Return the number of independent samples that tell as much as these (Kish's design effect)."""
    if units is None:
        return float(len(errors))
    n_units = _n_units(units)
    residuals = errors - errors.mean()
    squares = float((residuals**2).sum())
    if squares <= 0:
        return float(n_units)
    design = max(1.0, float((np.bincount(units, residuals) ** 2).sum()) / squares)
    # With few units the variance between them is itself uncertain: Student's distribution instead of the normal one.
    wider = float(stats.t.ppf(0.5 + LEVEL / 2, max(1, n_units - 1))) / half_width(LEVEL)
    return len(errors) / (design * wider**2)


def _expected(errors: Floats, inside: NDArray[np.bool_], strata: Codes, units: Codes | None) -> tuple[float, float]:
    """Return the error that the other samples lead to expect, and half of its interval above it."""
    outside = ~inside
    n_strata = int(strata.max()) + 1
    shares = np.bincount(strata[inside], minlength=n_strata) / inside.sum()
    counts = np.bincount(strata[outside], minlength=n_strata)
    present = counts > 0
    sums = np.bincount(strata[outside], errors[outside], n_strata)
    means = sums / np.maximum(counts, 1)
    if _binary(errors):
        shrunk = (sums + 1) / (counts + 2)  # one right and one wrong more: none of few wrong is not none at all
        spread = shrunk * (1 - shrunk)
    else:
        squares = np.bincount(strata[outside], (errors[outside] - means[strata[outside]]) ** 2, n_strata)
        pooled = squares.sum() / max(1, len(errors) - inside.sum() - present.sum())
        spread = (squares + pooled) / np.maximum(counts, 1)
    design = 1.0
    if units is not None:
        design = max(1.0, outside.sum() / _effective(errors[outside], units[outside]))
    variance = float((shares[present] ** 2 * spread[present] / counts[present]).sum()) * design
    return float(shares @ means), half_width(LEVEL) * float(np.sqrt(variance))


def _p_value(errors: Floats, inside: NDArray[np.bool_], strata: Codes, units: Codes | None) -> float:
    sizes = np.bincount(strata).astype(np.float64)
    present = sizes > 1
    within = np.bincount(strata[inside], minlength=len(sizes))
    means = np.bincount(strata, errors) / np.maximum(sizes, 1)
    residuals = errors - means[strata]
    variances = np.bincount(strata, residuals**2)[present] / (sizes[present] - 1)
    variance = float((within * (sizes - within) / np.maximum(sizes, 1))[present] @ variances)
    parts = (inside - (within / np.maximum(sizes, 1))[strata]) * residuals
    score, freedom = float(parts.sum()), np.inf
    if units is not None:
        variance = max(variance, float((np.bincount(units, parts) ** 2).sum()))
        freedom = max(1, min(_n_units(units[inside]), _n_units(units[~inside])) - 1)
    if variance <= 0:
        return 1.0
    binary = _binary(errors)
    z = (score - (0.5 if binary else 0.0)) / np.sqrt(variance)
    p_value = float(stats.t.sf(z, freedom) if np.isfinite(freedom) else stats.norm.sf(z))
    if binary and units is None:
        wrong, n = errors[inside].sum(), int(inside.sum())
        p_value = max(p_value, float(stats.binom.sf(wrong - 1, n, within @ means / n)))
    return p_value
