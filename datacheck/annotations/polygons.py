"""Polygons whose edges cross each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 400
"""Points of a polygon that are compared edge by edge; of a longer one, this many are taken evenly."""

_AT_ONCE = 1 << 22
"""Pairs of edges that are compared at the same time: some 100 MB."""

_FEWEST = 4
"""Corners from which on two edges of a polygon can cross."""


def crossed_polygons(points: NDArray[np.floating], ends: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return for each polygon whether two of its edges cross in their inner parts; [M].

    Edges that only touch, or lie on one line, do not count: rounding makes many of them. Polygons with the same number
    of corners are compared together.

    Parameters
    ----------
    points
        x and y in turn, of all polygons one after the other.
    ends
        Where each polygon begins in ``points``, and where the last one ends; [M + 1].

    Examples
    --------
    >>> square, bow = [0, 0, 4, 0, 4, 4, 0, 4], [0, 0, 4, 0, 0, 4, 4, 4]
    >>> crossed_polygons(np.array(square + bow, dtype=float), np.array([0, 8, 16])).tolist()
    [False, True]
    """
    crossed = np.zeros(len(ends) - 1, dtype=bool)
    lengths = np.diff(ends) // 2
    for length in np.unique(lengths[lengths >= _FEWEST]).tolist():
        members = np.flatnonzero(lengths == length)
        step = max(1, _AT_ONCE // min(length, MOST_POINTS) ** 2)
        for begin in range(0, len(members), step):
            chosen = members[begin : begin + step]
            corners = points[ends[chosen][:, None] + np.arange(2 * length)].reshape(len(chosen), length, 2)
            if length > MOST_POINTS:
                corners = corners[:, np.linspace(0, length - 1, MOST_POINTS).astype(int)]
            crossed[chosen] = _cross(corners.astype(np.float64))
    return crossed


def _cross(corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether edges cross in polygons with the same number of corners, [B, P, 2]; [B]."""
    start, end = corners, np.roll(corners, -1, axis=1)
    edge = end - start
    turn = _turn(edge, start, start)
    apart = turn * np.roll(turn, -1, axis=2) < 0
    return np.asarray((apart & apart.transpose(0, 2, 1)).any(axis=(1, 2)))


def _turn(edge: NDArray[np.float64], start: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return on which side of each edge each corner lies: positive, negative, or 0 on its line; [B, P, P]."""
    across = edge[:, :, None, 0] * point[:, None, :, 1] - edge[:, :, None, 1] * point[:, None, :, 0]
    return np.asarray(across - (edge[..., 0] * start[..., 1] - edge[..., 1] * start[..., 0])[:, :, None])
