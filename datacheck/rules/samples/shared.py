"""What the image quality rules share: when a value stands out from the others, and how it is reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Found, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.stats import proportion
from datacheck.text import percent

NEARLY_ALL = 0.9
"""From this share on, a property without a second mode belongs to the dataset as a whole: nearly all images have it."""

FLAT = 0.01
"""Contrast below which an image is blank: 2.5 of 255 grey levels, less than the noise of a camera."""

GREY_LEVEL = 0.01
"""Two and a half of 255 grey levels: added before a logarithm, so that black and white stay finite."""

BRIGHTNESS_SPREAD = 0.15
"""The logarithm of brightness varies by at least this much between ordinary photos; see `robust_z`."""

WARNING_SHARE = 0.01
"""From this share of the images on, a quality problem is a warning: one image in a hundred changes the figures."""

_MAD_TO_SD = 1.4826
"""The standard deviation of a normal distribution is this many times its median absolute deviation."""

_MIN_MODE = 5
"""Fewer values than this form no mode: three or four outliers may lie together by chance."""


def has_alpha(modes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of Pillow's modes have an alpha channel; None has none; shape [N].

    Examples
    --------
    >>> has_alpha(np.array(["RGB", "RGBA", "LA", None], dtype=object)).tolist()
    [False, True, True, False]
    """
    return np.isin(modes.astype(str), ["RGBA", "LA", "PA", "RGBa", "La"])


def robust_z(values: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Return distances from the median in robust standard deviations (1.4826 MAD, at least ``floor``); shape [N].

    Examples
    --------
    >>> robust_z(np.array([1.0, 1.0, 1.0, 3.0]), floor=0.5).tolist()
    [0.0, 0.0, 0.0, 4.0]
    """
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return np.full(values.shape, np.nan)
    median = np.median(known)
    spread = max(floor, _MAD_TO_SD * float(np.median(np.abs(known - median))))
    return np.asarray((values - median) / spread)


def mode_boundary(values: NDArray[np.float64], max_valley: float = 0.15) -> float | None:
    """Return the value between two separate modes, or None where there is one mode only.

    The values are split in two by least squares within (Otsu 1979). They are two modes if the middle third between
    the two means is nearly empty: it holds at most ``max_valley`` of the smaller part (0.33 for a uniform, about 0.4
    for a normal distribution), and each part has at least five values.

    Parameters
    ----------
    values
        Shape [N]; values that are not finite are left out.
    max_valley
        The share of the smaller part that may lie in the middle third.

    Examples
    --------
    >>> round(mode_boundary(np.array([0.0, 0.1] * 10 + [0.9, 1.0] * 20)), 6)
    0.5
    >>> mode_boundary(np.linspace(0, 1, 100)) is None
    True
    """
    ordered = np.sort(values[np.isfinite(values)])
    n = len(ordered)
    if n < 2 * _MIN_MODE or ordered[0] == ordered[-1]:
        return None
    below = np.arange(1, n)
    cumulative = np.cumsum(ordered - ordered.mean())
    between = cumulative[:-1] ** 2 * (1 / below + 1 / (n - below))
    cut = int(np.argmax(between)) + 1
    if min(cut, n - cut) < _MIN_MODE:
        return None
    low, high = ordered[:cut].mean(), ordered[cut:].mean()
    third = (high - low) / 3
    inside = np.searchsorted(ordered, high - third, side="right") - np.searchsorted(ordered, low + third, side="left")
    return float((low + high) / 2) if inside <= max_valley * min(cut, n - cut) else None


def stands_out(
    values: NDArray[np.float64], side: Literal["low", "high"], *, z: float, floor: float
) -> NDArray[np.bool_]:
    """Return which values are outliers on one side, or in a separate mode there of any size; shape [N].

    Examples
    --------
    >>> half = np.array([1.0] * 50 + [10.0] * 50)
    >>> int(stands_out(half, "low", z=4.0, floor=0.5).sum())
    50
    """
    sign = -1.0 if side == "low" else 1.0
    values = sign * values
    beyond = np.asarray(robust_z(values, floor) > z)
    boundary = mode_boundary(values)
    known = values[np.isfinite(values)]
    if boundary is not None and known[known > boundary].mean() - known[known <= boundary].mean() > 2 * floor:
        beyond |= values > boundary
    return beyond


def holds_overall(affected: NDArray[np.bool_], values: NDArray[np.float64]) -> bool:
    """Whether a property holds for nearly all images and the others form no mode of their own; both shape [N].

    Examples
    --------
    >>> one_mode, two_modes = np.linspace(0, 1, 100), np.repeat([0.0, 9.0], [92, 8])
    >>> holds_overall(one_mode < 0.95, one_mode), holds_overall(two_modes < 5, two_modes)
    (True, False)
    """
    known = np.isfinite(values)
    rest = known & ~affected
    if affected.sum() < NEARLY_ALL * known.sum():
        return False
    boundary = mode_boundary(values)
    if boundary is None or rest.sum() < _MIN_MODE:
        return True
    below = values <= boundary
    return not (max(below[rest].mean(), 1 - below[rest].mean()) >= NEARLY_ALL and below[rest].mean().round() !=
                below[affected].mean().round())  # fmt: skip


def flagged(
    rule: Rule,
    context: RuleContext,
    mask: NDArray[np.bool_],
    suspicion: NDArray[np.float64],
    value: NDArray[np.float64],
) -> tuple[pa.Table, str, dict[str, Any]]:
    """Return the issues of the samples in a mask, their count as text, and the evidence of where they are.

    Parameters
    ----------
    rule, context
        Which rule flags samples of what.
    mask, suspicion, value
        Shape [N]; the latter two are read where the mask holds, and suspicion is clipped to [0, 1].
    """
    rows = np.flatnonzero(mask)
    n_judged = int(context.measured.readable.sum())
    suspicion = np.clip(np.nan_to_num(suspicion[rows], nan=1.0), 0.0, 1.0)
    issues = rule.issues(context.ids(rows), suspicion, value=value[rows])
    counted = f"{len(rows):,} of {n_judged:,} images ({percent(len(rows) / n_judged)})"
    return issues, counted, {"share": proportion(len(rows), n_judged).to_json(), **context.where(rows)}


def whole_dataset(rule: Rule, message: str, remedy: str, evidence: Mapping[str, Any]) -> Found:
    """Report once, at info, what holds for nearly all images and so is no defect of single ones."""
    return Found((rule.finding(message, remedy, severity=Severity.INFO, evidence=evidence),))


def graded(mask: NDArray[np.bool_], severe: NDArray[np.bool_], n_judged: int) -> Severity:
    """Return warning where a sample is useless or `WARNING_SHARE` of the images are affected, else info."""
    return Severity.WARNING if np.any(mask & severe) or mask.sum() >= WARNING_SHARE * n_judged else Severity.INFO
