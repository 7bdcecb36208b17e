"""Polygons whose edges cross each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 400
"""Points of a polygon that are compared edge by edge; of a longer one, this many are taken evenly."""


def crosses_itself(points: NDArray[np.float64]) -> bool:
    """Return whether two edges of a closed polygon cross in their inner parts.

    Edges that only touch, or lie on one line, do not count: rounding makes many of them.

    Parameters
    ----------
    points
        x and y of the corners; [P, 2].

    Examples
    --------
    >>> square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], dtype=float)
    >>> crosses_itself(square), crosses_itself(square[[0, 1, 3, 2]])
    (False, True)
    """
    if len(points) > MOST_POINTS:
        points = points[np.linspace(0, len(points) - 1, MOST_POINTS).astype(int)]
    if len(points) < 4:
        return False
    start, end = points, np.roll(points, -1, axis=0)
    side_of_start = _turn(start[:, None], end[:, None], start[None])
    side_of_end = _turn(start[:, None], end[:, None], end[None])
    apart = side_of_start * side_of_end < 0
    return bool((apart & apart.T).any())


def _turn(one: NDArray[np.float64], two: NDArray[np.float64], three: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return on which side of the line through two points a third lies: positive, negative, or 0 on it."""
    first, second = two - one, three - one
    turn: NDArray[np.float64] = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return turn
