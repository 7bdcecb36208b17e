"""Boxes that are moved or drawn at empty places on purpose, and how far one box is from another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]

TRIES = 16
"""Draws for each box, of which the first that suits is taken."""

REACH = 0.6
"""Largest shift, as a share of a side, and the largest logarithm of a change of a side."""


def paired_iou(one: Boxes, other: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union of boxes that belong together; both [..., 4], left, top, right, bottom.

    Examples
    --------
    >>> paired_iou(np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 0, 10, 5]])).tolist()
    [0.5]
    """
    corner = np.maximum(one[..., :2], other[..., :2])
    shared = np.clip(np.minimum(one[..., 2:], other[..., 2:]) - corner, 0, None).prod(axis=-1)
    areas = [np.clip(each[..., 2:] - each[..., :2], 0, None).prod(axis=-1) for each in (one, other)]
    found: NDArray[np.float64] = shared / np.maximum(areas[0] + areas[1] - shared, 1e-9)
    return found


def offsets(boxes: Boxes, wanted: Boxes) -> NDArray[np.float64]:
    """Return how boxes must change to become others: shift of the centre by the sides, logarithm of the sides; [N, 4].

    The usual targets of box regression (Girshick et al. 2014).
    """
    size, aim = boxes[:, 2:] - boxes[:, :2], wanted[:, 2:] - wanted[:, :2]
    shift = (wanted[:, :2] + wanted[:, 2:] - boxes[:, :2] - boxes[:, 2:]) / 2 / size
    return np.concatenate([shift, np.log(aim / size)], axis=1)


def moved_by(boxes: Boxes, change: NDArray[np.float64]) -> Boxes:
    """Return boxes after a change as `offsets` gives it; [N, 4].

    Examples
    --------
    >>> box, other = np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 25, 10]])
    >>> moved_by(box, offsets(box, other)).round(9).tolist()
    [[5.0, 0.0, 25.0, 10.0]]
    """
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + change[:, :2] * size
    half = size * np.exp(np.clip(change[:, 2:], -2, 2)) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def shifted(
    boxes: Boxes, frame: NDArray[np.float64], rng: np.random.Generator, low: float, high: float
) -> tuple[NDArray[np.int64], Boxes]:
    """Return moved and resized copies of boxes whose overlap with the original is in a range.

    Parameters
    ----------
    boxes, frame
        Left, top, right, bottom, and width and height of the image; [N, 4] and [N, 2].
    rng
        Draws the changes.
    low, high
        Range of the intersection over union.

    Returns
    -------
    The box that each is a copy of, [n], and the copies, [n, 4]; boxes without a suitable draw have none.
    """
    change = rng.uniform(-REACH, REACH, (TRIES, len(boxes), 4))
    drawn = np.stack([moved_by(boxes, one) for one in change])
    drawn = np.clip(drawn, 0, np.tile(frame, 2))
    overlap = paired_iou(drawn, boxes[None])
    suits = (overlap >= low) & (overlap <= high)
    found = np.flatnonzero(suits.any(axis=0))
    return found, drawn[suits.argmax(axis=0)[found], found]


def empty_places(
    row: NDArray[np.int64], boxes: Boxes, frame: NDArray[np.float64], n: int, rng: np.random.Generator, most: float
) -> tuple[NDArray[np.int64], Boxes]:
    """Return boxes at random places of the images where no box is, with the sizes of random boxes.

    Parameters
    ----------
    row, boxes, frame
        The image of each box, ascending, the boxes, and width and height of the image; [N], [N, 4], [N, 2].
    n
        How many places are wanted; four times as many are tried.
    rng
        Draws the places.
    most
        Largest intersection over union with a box of the image.

    Returns
    -------
    A box of the image that each is in, and the places; [m] and [m, 4] with m up to ``n``.
    """
    at, sized = rng.integers(0, len(row), 4 * n), rng.integers(0, len(row), 4 * n)
    size = boxes[sized, 2:] - boxes[sized, :2]
    room = frame[at] - size
    fits = np.flatnonzero((room > 0).all(axis=1))
    at, corner, size = at[fits], rng.uniform(0, 1, (len(fits), 2)) * room[fits], size[fits]
    places = np.concatenate([corner, corner + size], axis=1)
    first, end = np.searchsorted(row, row[at]), np.searchsorted(row, row[at], side="right")
    free = [
        k for k in range(len(at)) if paired_iou(boxes[first[k] : end[k]], places[k]).max(initial=0.0) <= most
    ][:n]  # fmt: skip
    return at[free], places[free]
