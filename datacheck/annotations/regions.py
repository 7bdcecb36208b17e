"""Connected regions of a mask, and where the borders between them are."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

GRID = 64
"""Places a side of the grid on which borders are kept: on 32 places, the frames of a drive through a city fit the masks
of their neighbours nearly as well as their own."""

MOST_CLASSES = 64
"""Distinct values up to which regions are counted: a mask of classes has fewer."""

MOST_REGIONS = 20_000
"""Regions of one mask that are kept; a mask with more is noise."""

REGION_COLUMNS = [
    ("region_values", pa.list_(pa.int64())),
    ("region_sizes", pa.list_(pa.int64())),
    ("region_places", pa.list_(pa.int64())),
    ("borders", pa.binary()),
]
"""What is measured of the regions of a mask.

``region_values``, ``region_sizes`` and ``region_places`` have an entry a region: its value, its pixels, and the number
of its first pixel, counted row by row; null for a mask of too many values or regions. ``borders`` is how much of each
place of a grid of `GRID` x `GRID` is border, one byte each.
"""


def measure_regions(values: NDArray[Any], found: NDArray[np.int64]) -> dict[str, Any]:
    """Return the columns of `REGION_COLUMNS` for one mask, without ``borders``.

    Parameters
    ----------
    values, found
        The pixels, [h, w], and their distinct values.

    Examples
    --------
    >>> mask = np.array([[0, 0, 0], [0, 2, 0], [2, 0, 0]])
    >>> row = measure_regions(mask, np.array([0, 2]))
    >>> row["region_values"], row["region_sizes"], row["region_places"]
    ([0, 2], [7, 2], [0, 4])
    """
    empty = {"region_values": None, "region_sizes": None, "region_places": None}
    if len(found) > MOST_CLASSES:
        return empty
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
    for value in found:
        number, _, boxes, _ = (labels := _labelled(values == value))
        sizes = boxes[1:, cv2.CC_STAT_AREA].astype(np.int64)
        parts.append((np.full(number - 1, value, dtype=np.int64), sizes, _first_pixels(labels[1], boxes)))
        if sum(len(each[1]) for each in parts) > MOST_REGIONS:
            return empty
    columns = [np.concatenate(each).tolist() for each in zip(*parts, strict=True)]
    return {"region_values": columns[0], "region_sizes": columns[1], "region_places": columns[2]}


def _labelled(inside: NDArray[np.bool_]) -> tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    found: Any = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    return found  # type: ignore[no-any-return]


def _first_pixels(labels: NDArray[np.int32], boxes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the number of the first pixel of each region, in the order of their labels."""
    rows, lefts = boxes[1:, cv2.CC_STAT_TOP].astype(np.int64), boxes[1:, cv2.CC_STAT_LEFT].astype(np.int64)
    width = labels.shape[1]
    firsts = [
        row * width + left + int((labels[row, left:] == number).argmax())
        for number, (row, left) in enumerate(zip(rows, lefts, strict=True), start=1)
    ]
    return np.array(firsts, dtype=np.int64)


def border_grid(values: NDArray[Any]) -> bytes:
    """Return how much of each place of a grid lies at a border between two values, 0 to 255.

    Examples
    --------
    >>> half = np.repeat([[0, 1]], 64, axis=0).repeat(32, axis=1)
    >>> int(np.frombuffer(border_grid(half), np.uint8).reshape(64, 64).argmax(axis=1)[0])
    32
    """
    border = np.zeros(values.shape, dtype=np.float32)
    border[:, 1:] += values[:, 1:] != values[:, :-1]
    border[1:] += values[1:] != values[:-1]
    density = cv2.resize(border, (GRID, GRID), interpolation=cv2.INTER_AREA)
    return (255 * np.sqrt(np.clip(density / 2, 0, 1))).astype(np.uint8).tobytes()
