"""Quality of regression targets, by out-of-sample predictions.

A residual must be compared with what is usual at that prediction. A model that shrinks towards the mean predicts high
targets too low and low ones too high, and its errors are larger where the task is harder: both are faults of the model,
not of the targets. So each residual is centred on the typical residual among samples with similar predictions, and
scaled by a mixture of their spread and that of all samples. Both local quantities are shrunk towards the global ones by
the part of their variation that a neighbourhood of that size would show by chance (empirical Bayes; Efron and Morris,
*Stein's estimation rule and its competitors*, JASA 1973), so that a homogeneous dataset is judged by plain residuals.

The local scale counts half (its geometric mean with the global one): errors of targets, unlike those of models, need
not be larger where the task is harder. It is taken from the 70 % quantile of the residuals' sizes, near where the
correct ones end, rather than from their median.

Correct residuals may be skewed: then the median lies nearer to one end, and the other end would look suspect. So the
centre is half way between both ends, but kept near the median, so that many wrong targets cannot pull it away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURHOOD = 0.3
"""Share of the samples that a local quantile is taken over."""

LEAST_NEIGHBOURS = 40
"""Samples in a neighbourhood, however small the dataset: the deciles of fewer are mostly noise."""

N_KNOTS = 33
"""Places where local quantiles are computed; they are interpolated between: neighbourhoods overlap by 98 %."""

LOCAL_WEIGHT = 0.5
"""Largest weight of the local scale beside the global one."""

LEAST_SCALE = 1e-3
"""The local scale counts as at least this share of the global one, where many residuals are 0."""

ENDS = (0.1, 0.9)
"""Quantiles of the residuals that are taken for their two ends."""

LARGEST_PULL = 0.25
"""How far the ends may move the centre from the median, in usual residuals; many wrong targets would move it more."""

SCALE_SHARE = 0.7
"""Quantile of the residuals' sizes that is taken for their scale."""

TO_DEVIATION = 1.4826
"""Median absolute deviation to standard deviation, for normal residuals."""

MIDDLE_VARIANCE = 1.62
"""Variance of the mean of the outer deciles of n normal numbers, times n over theirs; that of the median is 1.57."""

LOG_SCALE_VARIANCE = 0.90
"""Variance of the logarithm of the quantile at `SCALE_SHARE` of n absolute normal numbers, times n."""

Floats = NDArray[np.float64]


def target_quality(targets: NDArray[np.floating[Any]], predictions: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Score regression targets by out-of-sample predictions; low is suspect; float32 [N], NaN where either is missing.

    A residual as large as usual scores one half, twice as large a quarter (`target_deviations`). Free of the target's
    unit and origin.

    Parameters
    ----------
    targets, predictions
        As given and as predicted out of sample, [N].

    Examples
    --------
    >>> quality = target_quality(np.array([1.0, 2.0, 3.0, 9.0]), np.array([1.1, 2.0, 2.9, 4.0]))
    >>> int(quality.argmin()), bool(quality[:3].min() > 0.3)
    (3, True)
    """
    with np.errstate(under="ignore"):
        return np.asarray(0.5 ** target_deviations(targets, predictions), dtype=np.float32)


def target_deviations(targets: NDArray[np.floating[Any]], predictions: NDArray[np.floating[Any]]) -> Floats:
    """Size of each residual in units of the usual one among samples like it; 0 and up, [N], NaN where one is missing.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> predictions = rng.uniform(1, 9, 2000)
    >>> targets = predictions * rng.normal(1, 0.1, 2000)
    >>> deviations = target_deviations(targets, predictions)
    >>> round(float(np.median(deviations)), 1)
    1.0
    """
    target, predicted = np.asarray(targets, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    found = np.full(len(target), np.nan)
    known = np.flatnonzero(np.isfinite(target) & np.isfinite(predicted))
    if not len(known):
        return found
    order = known[np.argsort(predicted[known], kind="stable")]
    found[order] = _deviations(target[order] - predicted[order])
    return found


def _deviations(residual: Floats) -> Floats:
    """Residuals in the order of the predictions, in units of what is usual around them."""
    n_rows = len(residual)
    width = min(n_rows, max(LEAST_NEIGHBOURS, int(NEIGHBOURHOOD * n_rows)))
    shares = (ENDS[0], 0.5, ENDS[1])
    residual = residual - np.median(residual)
    usual = _usual(residual, 0.5)
    residual = residual - _middle(np.quantile(residual, shares), usual)
    bias = _middle(running_quantiles(residual, width, shares), usual)
    by_chance = MIDDLE_VARIANCE * (TO_DEVIATION * usual) ** 2 / width
    size = np.abs(residual - bias * _beyond_chance(bias, by_chance))
    everywhere = _usual(size, SCALE_SHARE)
    around = running_quantiles(size, width, (SCALE_SHARE,))[0]
    local = np.log(np.maximum(around, LEAST_SCALE * everywhere) / everywhere)
    weight = min(LOCAL_WEIGHT, _beyond_chance(local, LOG_SCALE_VARIANCE / width))
    deviations = size / np.exp(weight * local)
    return np.asarray(deviations / _usual(deviations, 0.5))


def _middle(quantiles: Floats, usual: float) -> Floats:
    """Half way between the ends, kept near the median; lower end, median and upper end [3, ...] to [...]."""
    low, median, high = quantiles
    limit = LARGEST_PULL * usual
    return np.asarray(median + np.clip((low + high) / 2 - median, -limit, limit))


def _usual(residual: Floats, share: float) -> float:
    size = np.abs(residual)
    return float(np.quantile(size, share)) or float(size.mean()) or 1.0


def _beyond_chance(values: Floats, by_chance: float) -> float:
    """Share of the variation around 0 that chance does not explain."""
    variation = float((values**2).mean())
    return max(0.0, 1 - by_chance / variation) if variation > 0 else 0.0


def running_quantiles(values: Floats, width: int, shares: tuple[float, ...]) -> Floats:
    """Quantiles of the ``width`` values around each, by interpolation between 33 of them; [len(shares), N].

    Examples
    --------
    >>> running_quantiles(np.arange(100.0), 11, (0.5, 0.9))[:, [0, 50, 99]].tolist()
    [[5.0, 50.0, 94.0], [9.0, 54.0, 98.0]]
    """
    starts = np.unique(np.linspace(0, len(values) - width, N_KNOTS).round().astype(np.int64))
    knots = np.stack([np.quantile(values[start : start + width], shares) for start in starts.tolist()], axis=1)
    rows, centres = np.arange(len(values)), starts + (width - 1) / 2
    return np.stack([np.interp(rows, centres, knot) for knot in knots])
