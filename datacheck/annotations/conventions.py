"""Coordinates that were written in another convention than the format's: found because they all fit then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import PixelBoxes
from datacheck.manifest import AnnotationFormat, Unit

Floats = NDArray[np.float64]

FITS_NOW = 0.8
"""Below this share of boxes that fit as they are written, another convention is looked for."""

FITS_THEN = 0.98
"""Share of the boxes that must fit under another convention."""

FEWEST_BOXES = 5
"""Boxes that a convention is judged on: a few can fit by chance."""

_SLACK = 0.01
"""Share of the image's side by which a box may stick out and still fits."""

_LEAST_EXTENT = 1e-6
"""Smallest width and height, as shares of the image, of a box that fits."""


@dataclass(frozen=True)
class Convention:
    """One way to write a box.

    Attributes
    ----------
    name
        What the four numbers are.
    unit
        What they count.
    corners
        Makes left, top, right, bottom of them; [M, 4] to [M, 4].
    """

    name: str
    unit: Unit
    corners: Callable[[Floats], Floats]


def _from_centre(values: Floats) -> Floats:
    half = values[:, 2:] / 2
    return np.concatenate([values[:, :2] - half, values[:, :2] + half], axis=1)


def _from_extent(values: Floats) -> Floats:
    return np.concatenate([values[:, :2], values[:, :2] + values[:, 2:]], axis=1)


def _as_is(values: Floats) -> Floats:
    return values


def _swapped(values: Floats) -> Floats:
    return values[:, [1, 0, 3, 2]]


def _as_extent(corners: Floats) -> Floats:
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


CONVENTIONS: tuple[Convention, ...] = tuple(
    Convention(f"{words}{' in pixels' if unit is Unit.PIXELS else ' as shares of the image'}", unit, corners)
    for unit in (Unit.SHARES, Unit.PIXELS)
    for words, corners in (
        ("centre, width and height", _from_centre),
        ("left, top, width and height", _from_extent),
        ("left, top, right and bottom", _as_is),
        ("top, left, bottom and right", _swapped),
    )
)
"""Ways in which people write boxes."""

WRITTEN_AS: Mapping[str, Callable[[Floats], Floats]] = {
    "YOLO": lambda corners: np.concatenate(
        [(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], axis=1
    ),
    "COCO": _as_extent,
    "Hugging Face objects": _as_extent,
}
"""Formats that do not write corners: how their four numbers come from left, top, right, bottom."""


def fits(corners: Floats, unit: Unit, frame: Floats) -> NDArray[np.bool_]:
    """Return whether each box has an extent and lies in its image; [M].

    Examples
    --------
    >>> fits(np.array([[0.1, 0.1, 0.5, 0.5], [0.5, 0.1, 0.1, 0.5]]), Unit.SHARES, np.full((2, 2), 100.0)).tolist()
    [True, False]
    """
    shares = corners if unit is Unit.SHARES else corners / np.tile(frame, 2)
    inside = (shares >= -_SLACK).all(axis=1) & (shares <= 1 + _SLACK).all(axis=1)
    extent = shares[:, 2:] - shares[:, :2]
    return np.asarray(inside & (extent > _LEAST_EXTENT).all(axis=1))


def other_convention(
    corners: Floats, frame: Floats, written: Callable[[Floats], Floats] | None, unit: Unit
) -> Convention | None:
    """Return the one convention under which boxes fit that do not fit as they are read; None where there is none.

    Parameters
    ----------
    corners
        Left, top, right, bottom as read, in the format's unit; [M, 4].
    frame
        Width and height of the images in pixels; [M, 2].
    written
        How the four numbers of the file come from ``corners``; None where the file holds the corners.
    unit
        The unit of the format.

    Examples
    --------
    >>> as_read = np.array([[10, 20, 30, 15], [5, 40, 2, 60], [50, 50, 20, 30], [9, 9, 4, 4], [60, 10, 30, 80.0]])
    >>> other_convention(as_read, np.full((5, 2), 100.0), None, Unit.PIXELS).name
    'left, top, width and height in pixels'
    """
    known = ~np.isnan(frame).any(axis=1)
    corners, frame = corners[known], frame[known]
    if len(corners) < FEWEST_BOXES or fits(corners, unit, frame).mean() >= FITS_NOW:
        return None
    numbers = corners if written is None else written(corners)
    largest = np.abs(numbers).max()
    for convention in CONVENTIONS:
        in_shares = convention.unit is Unit.SHARES
        if in_shares != bool(largest <= 1 + _SLACK):  # shares are at most 1, and pixels are not
            continue
        if fits(convention.corners(numbers), convention.unit, frame).mean() >= FITS_THEN:
            return convention
    return None


def find_conventions(
    boxes: PixelBoxes, kind: AnnotationFormat, split: NDArray[np.integer[Any]]
) -> dict[Convention, NDArray[np.int64]]:
    """Return which images have boxes in another convention than the format's, by that convention.

    All boxes are judged together; where they fit, those of each split; where those fit, those of each image.

    Parameters
    ----------
    boxes
        The boxes, in the order of their images.
    kind
        The format.
    split
        A number for the split of each image; [N].
    """
    drawn = np.flatnonzero(boxes.objects.shape == 0)
    row, corners, frame = boxes.objects.row[drawn], boxes.objects.boxes[drawn], boxes.frame[drawn]
    written = WRITTEN_AS.get(kind.name)

    def judge(chosen: Any) -> Convention | None:
        return other_convention(corners[chosen], frame[chosen], written, kind.unit)

    known = ~np.isnan(frame).any(axis=1)
    misfits = np.flatnonzero(known & ~fits(corners, kind.unit, frame))
    if not len(misfits):
        return {}
    if (found := judge(slice(None))) is not None:
        return {found: np.unique(row)}
    by_convention: dict[Convention, list[int]] = {}
    done = np.zeros(len(split), dtype=bool)
    for code in np.unique(split[row[misfits]]).tolist():
        chosen = split[row] == code
        if (found := judge(chosen)) is not None:
            by_convention.setdefault(found, []).extend(np.unique(row[chosen]).tolist())
            done[row[chosen]] = True
    images, counts = np.unique(row[misfits], return_counts=True)
    for image in images[(counts >= FEWEST_BOXES) & ~done[images]].tolist():
        chosen = slice(*np.searchsorted(row, [image, image + 1]))
        if (found := judge(chosen)) is not None:
            by_convention.setdefault(found, []).append(image)
    return {found: np.array(images, dtype=np.int64) for found, images in by_convention.items()}
