"""Masks of images that their EXIF orientation turns: as the file stores them, and upright."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import FIRST_TURNED, ImageSizes
from datacheck.scanning.measurements import Measurements

UNKNOWN = 0
"""Stands for a mask of which it cannot be told whether it is turned with its image."""

_BACK = {6: 8, 8: 6}
"""The orientations that are not their own opposite."""


def turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return pixels, [h, w], as an EXIF orientation turns them; 1 leaves them as they are.

    Examples
    --------
    >>> turned(np.array([[1, 2, 3], [4, 5, 6]]), 6).tolist()
    [[4, 1], [5, 2], [6, 3]]
    """
    found = values.T if orientation >= FIRST_TURNED else values
    across, down = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    return found[:: -1 if down else 1, :: -1 if across else 1]


def turned_back(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return pixels as they were before `turned`.

    Examples
    --------
    >>> pixels = np.array([[1, 2, 3], [4, 5, 6]])
    >>> [np.array_equal(turned_back(turned(pixels, k), k), pixels) for k in range(1, 9)] == [True] * 8
    True
    """
    return turned(values, _BACK.get(orientation, orientation))


def orientations(measurements: Measurements | None, n_rows: int) -> NDArray[np.int64]:
    """Return the EXIF orientation of each image, 1 where it has none; [N]."""
    if measurements is None:
        return np.ones(n_rows, dtype=np.int64)
    found = np.nan_to_num(measurements.values("exif_orientation").astype(float), nan=1.0)
    return np.asarray(found, dtype=np.int64)


def mask_turns(masks: NDArray[np.float64], image: ImageSizes, orientation: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the orientation that turns each mask upright: 1 for one that is, `UNKNOWN` where it cannot be told.

    The size of the mask tells it where the orientation exchanges width and height. The other turns, and those of square
    images, leave the size as it is.

    Parameters
    ----------
    masks
        Width and height of each mask, [M, 2].
    image, orientation
        The sizes and the orientation of the image of each.
    """
    exchanged = (orientation >= FIRST_TURNED) & (image.stored != image.upright).any(axis=1)
    as_stored = exchanged & (masks == image.stored).all(axis=1)
    unknown = (orientation > 1) & ~exchanged
    return np.asarray(np.where(as_stored, orientation, np.where(unknown, UNKNOWN, 1)))
