"""Pairs of boxes of one image that overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def overlapping_pairs(
    row: NDArray[np.int64], boxes: NDArray[np.float64], at_least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs of boxes of one image whose intersection over union reaches a threshold.

    Boxes are ordered by their left side within each image, so that a box is compared only with those that begin before
    it ends. Boxes without area are in no pair.

    Parameters
    ----------
    row
        The image of each box; [M].
    boxes
        Left, top, right, bottom; [M, 4].
    at_least
        Smallest intersection over union, above 0.

    Returns
    -------
    First box, second box and intersection over union of each pair; [P] each, the first before the second.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8], [0, 0, 10, 10], [50, 0, 60, 10]], dtype=float)
    >>> first, second, iou = overlapping_pairs(np.array([0, 0, 1, 0]), boxes, 0.5)
    >>> first.tolist(), second.tolist(), iou.tolist()
    ([0], [1], [0.8])
    """
    area = np.clip(boxes[:, 2] - boxes[:, 0], 0, None) * np.clip(boxes[:, 3] - boxes[:, 1], 0, None)
    usable = np.flatnonzero(area > 0)
    order = usable[np.lexsort((boxes[usable, 0], row[usable]))]
    rows, sides, areas = row[order], boxes[order], area[order]
    active = np.arange(len(order))
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    lag = 0
    while len(active):
        lag += 1
        active = active[active + lag < len(order)]
        other = active + lag
        active = active[(rows[other] == rows[active]) & (sides[other, 0] < sides[active, 2])]
        other = active + lag
        width = np.minimum(sides[active, 2], sides[other, 2]) - sides[other, 0]
        height = np.minimum(sides[active, 3], sides[other, 3]) - np.maximum(sides[active, 1], sides[other, 1])
        shared = np.clip(width, 0, None) * np.clip(height, 0, None)
        iou = shared / (areas[active] + areas[other] - shared)
        hit = iou >= at_least
        if hit.any():
            found.append((order[active[hit]], order[other[hit]], iou[hit]))
    if not found:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty(0)
    one, two, iou = (np.concatenate(parts) for parts in zip(*found, strict=True))
    first, second = np.minimum(one, two), np.maximum(one, two)
    by_place = np.lexsort((second, first))
    return first[by_place], second[by_place], iou[by_place]
