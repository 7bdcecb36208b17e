"""Resize and turn images, with OpenCV."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MEASURED_SIDE = 256
"""Every property is measured on the image shrunk, by area averaging, to at most this many pixels on its long side."""

_TRANSPOSE = {
    2: (None, 1), 3: (cv2.ROTATE_180, None), 4: (None, 0), 5: (cv2.ROTATE_90_CLOCKWISE, 1),
    6: (cv2.ROTATE_90_CLOCKWISE, None), 7: (cv2.ROTATE_90_COUNTERCLOCKWISE, 1),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, None),
}  # fmt: skip
"""Rotation and flip that undo each EXIF orientation."""


def upright(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo an EXIF orientation (1 to 8)."""
    rotation, flip = _TRANSPOSE.get(orientation, (None, None))
    if rotation is not None:
        image = cv2.rotate(image, rotation)
    return image if flip is None else cv2.flip(image, flip)


def stretch(image: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """Resize to exactly this size: area averaging when shrinking, bilinear when growing; the aspect may change."""
    if image.shape[1] == width and image.shape[0] == height:
        return image
    shrinking = width <= image.shape[1] and height <= image.shape[0]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def fit(image: NDArray[Any], side: int) -> NDArray[Any]:
    """Shrink to at most ``side`` pixels on the long side; never grow."""
    height, width = image.shape[:2]
    longest = max(width, height)
    if longest <= side:
        return image
    return stretch(image, max(1, round(width * side / longest)), max(1, round(height * side / longest)))


def shrink(image: NDArray[Any], short_side: int) -> NDArray[Any]:
    """Shrink to `MEASURED_SIDE`, or as far as the short side keeps ``short_side`` pixels."""
    height, width = image.shape[:2]
    longest = max(width, height)
    if longest <= MEASURED_SIDE or (short_side and min(width, height) < 2 * short_side):
        return np.ascontiguousarray(image)
    side = MEASURED_SIDE if not short_side else max(MEASURED_SIDE, -(-short_side * longest // min(width, height)))
    return np.ascontiguousarray(fit(image, side))


def shrink_factor(width: int, height: int, short_side: int) -> int:
    """How far a decoder may shrink: a power of two up to 8 that leaves both sides the pixels that are needed."""
    factor = 1
    while (
        factor < 8
        and max(width, height) >= 2 * factor * MEASURED_SIDE
        and min(width, height) >= 2 * factor * short_side
    ):
        factor *= 2
    return factor
