"""Outlines of polygons as people draw them: bounds, overlap, and the outline of painted pixels."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.polygons import crossed_polygons
from datacheck.sources.annotations.base import Box

Outline = tuple[float, ...]
"""x and y of the corners of a polygon in turn, in pixels."""

FEWEST = 3
"""Corners that a polygon needs."""

_RASTER = 256
"""Pixels of the longer side of the picture in which two outlines are compared."""

_FINE = 4
"""Painted pixels are enlarged by so much before their outline is taken, so that it lies an eighth of a pixel inside."""

_STRAIGHT = 0.5
"""Pixels by which a corner that is left out may be beside the outline of painted pixels."""


def bounds(outline: Sequence[float]) -> Box:
    """Return the box around an outline.

    Examples
    --------
    >>> bounds((0, 0, 9, 2, 4, 8))
    (0.0, 0.0, 9.0, 8.0)
    """
    x, y = outline[0::2], outline[1::2]
    return float(min(x)), float(min(y)), float(max(x)), float(max(y))


def area(outline: Sequence[float]) -> float:
    """Return the area in an outline.

    Examples
    --------
    >>> area((0, 0, 4, 0, 4, 3))
    6.0
    """
    x, y = np.asarray(outline[0::2], dtype=float), np.asarray(outline[1::2], dtype=float)
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def crosses_itself(outline: Sequence[float]) -> bool:
    """Return whether two edges of an outline cross."""
    return bool(crossed_polygons(np.asarray(outline, dtype=np.float64), np.array([0, len(outline)]))[0])


def middle(outlines: Sequence[Outline]) -> Outline:
    """Return the outline that overlaps most with the others; of equal ones the first.

    Examples
    --------
    >>> middle([(0, 0, 4, 0, 4, 4), (0, 0, 9, 0, 9, 9), (0, 0, 5, 0, 5, 5)])
    (0, 0, 5, 0, 5, 5)
    """
    corners = np.array([bounds(each) for each in outlines])
    start, side = corners[:, :2].min(axis=0), float((corners[:, 2:] - corners[:, :2].min(axis=0)).max())
    drawn = np.zeros((len(outlines), _RASTER, _RASTER), dtype=np.uint8)
    for picture, each in zip(drawn, outlines, strict=True):
        points = (np.array(each).reshape(-1, 2) - start) * ((_RASTER - 1) / max(side, 1e-9))
        cv2.fillPoly(picture, [np.round(points).astype(np.int32)], 1)
    flat = drawn.reshape(len(outlines), -1).astype(np.float64)
    both = flat @ flat.T
    either = flat.sum(axis=1)[:, None] + flat.sum(axis=1) - both
    return outlines[int((both / np.maximum(either, 1)).sum(axis=1).argmax())]


def outline_of(inside: NDArray[np.bool_]) -> Outline:
    """Return the outline of painted pixels, [h, w].

    Raises
    ------
    ValueError
        When they are nothing, in several parts, or have a hole: one polygon cannot say that.

    Examples
    --------
    >>> painted = np.zeros((20, 20), dtype=bool)
    >>> painted[5:15, 3:12] = True
    >>> bounds(outline_of(painted))
    (3.125, 5.125, 11.875, 14.875)
    """
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError("expected a painted region, found nothing")
    top, left = int(rows[0]), int(columns[0])
    cut = inside[top : rows[-1] + 1, left : columns[-1] + 1].astype(np.uint8)
    fine = cv2.resize(cut, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_NEAREST)
    found, _ = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if len(found) != 1:
        raise ValueError(f"expected one painted region without a hole, found {len(found)} outlines")
    corners = cv2.approxPolyDP(found[0], _STRAIGHT * _FINE, True).reshape(-1, 2)
    if len(corners) < FEWEST:
        raise ValueError("expected a painted region, found a line")
    points = (corners + 0.5) / _FINE + (left, top)
    return tuple(points.reshape(-1).tolist())
