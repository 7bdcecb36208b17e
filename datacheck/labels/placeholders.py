"""Numbers that stand for a missing target, such as -999 or 9999, and targets far outside all others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMITS = frozenset(
    {2**15 - 1, -(2**15), 2**16 - 1, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63)}
    | {float(np.finfo(kind).max) for kind in (np.float32, np.float64)}
    | {float(np.finfo(kind).min) for kind in (np.float32, np.float64)}
)
"""The ends of the number types, which programs write where they have no value."""

CODE_GAP = 1.0
"""A code such as 9999 counts if it lies at least the range of all other targets away from them."""

FAR_GAP = 100.0
"""Any other number counts from so many ranges away: in a heavy-tailed sample (Cauchy) 1 in 100 does by chance."""

MIN_OTHERS = 10
"""From fewer other targets the range is not known well enough to call a number far outside."""


def placeholder_targets(target: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Return which targets look like a placeholder for a missing value; bool [N], False where not finite.

    A number is one if it lies far outside all other targets and is written in nines (99, -999, 9999.9) or is the end of
    a number type; or lies `FAR_GAP` ranges outside; or is -1, several times, and the only negative number.

    Parameters
    ----------
    target
        Regression targets, shape [N].

    Examples
    --------
    >>> target = np.linspace(-15, 15, 30)
    >>> target[[4, 7]] = -999, 9999
    >>> np.flatnonzero(placeholder_targets(target)).tolist()
    [4, 7]
    >>> placeholder_targets(np.linspace(900, 1100, 201)).any()
    np.False_
    """
    finite = np.isfinite(target)
    found = np.zeros(len(target), dtype=bool)
    values, counts = np.unique(np.asarray(target, dtype=np.float64)[finite], return_counts=True)
    marked = _far_codes(values) | _far_alone(values)
    negative = values < 0
    if negative.sum() == 1 and values[0] == -1 and counts[0] > 1 and len(values) > MIN_OTHERS:
        marked[0] = True
    if (counts[~marked].sum() if len(values) else 0) >= MIN_OTHERS:
        found[finite] = np.isin(target[finite], values[marked])
    return found


def is_code(value: float) -> bool:
    """Whether a number is one that people and programs write for a missing value.

    Examples
    --------
    >>> [is_code(value) for value in (-999.0, 9999.9, 99.0, 65535.0, 9.0, 998.0)]
    [True, True, True, True, False, False]
    """
    digits = f"{abs(value):.12g}".replace(".", "")
    return value in LIMITS or (len(digits) > 1 and set(digits) == {"9"})


def _far_codes(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which distinct values are codes outside the range of all that are none; ascending [U]."""
    codes = np.array([is_code(value) for value in values.tolist()], dtype=bool)
    rest = values[~codes]
    if not len(rest):
        return np.zeros(len(values), dtype=bool)
    gap = np.maximum(rest[0] - values, values - rest[-1])
    return np.asarray(codes & (gap > 0) & (gap >= CODE_GAP * (rest[-1] - rest[0])))


def _far_alone(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the lowest or the highest distinct value lies `FAR_GAP` ranges outside the others; ascending [U]."""
    found = np.zeros(len(values), dtype=bool)
    if len(values) > MIN_OTHERS:
        with np.errstate(over="ignore"):
            found[0] = values[1] - values[0] >= FAR_GAP * (values[-1] - values[1])
            found[-1] = values[-1] - values[-2] >= FAR_GAP * (values[-2] - values[0])
    return found
