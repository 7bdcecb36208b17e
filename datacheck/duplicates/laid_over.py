"""How one picture lies over another: affine maps [2, 3] between pictures of a long side of 1."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]

_ITERATIONS = 20
"""Steps by which a map is refined: more change it by less than a pixel."""

_REFINED_SIDE = 192
"""Pixels of the long side at which it is refined."""


def resized(picture: Picture, side: int) -> Picture:
    """Return a picture with another long side."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def grey_of(picture: Picture) -> Picture:
    """Return a picture in grey."""
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def scale_of(matrix: Matrix) -> float:
    """Return how much larger a map makes things."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))


def whole_onto(first: Picture, second: Picture) -> Matrix:
    """Return the map of the whole of a picture onto the whole of another, both of a long side of 1; [2, 3]."""
    sides = [np.array(one.shape[1::-1]) / max(one.shape[:2]) for one in (first, second)]
    return np.column_stack((np.diag(sides[1] / sides[0]), np.zeros(2)))


def shift_of(first: Picture, second: Picture, matrix: Matrix) -> float:
    """Return how far a map moves a corner of the picture from where the whole onto the whole would leave it."""
    width, height = np.array(first.shape[1::-1]) / max(first.shape[:2])
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
    return float(np.abs(corners @ (matrix - whole_onto(first, second)).T).max())


def in_pixels(matrix: Matrix, first: Picture, second: Picture) -> Matrix:
    """Return a map between pictures of a long side of 1 as a map between their pixels."""
    return np.asarray((_pixels_of(second) @ _square(matrix) @ np.linalg.inv(_pixels_of(first)))[:2], np.float64)


def in_shares(pixels: Matrix, first: Picture, second: Picture) -> Matrix:
    """Return a map between the pixels of two pictures as a map between pictures of a long side of 1."""
    return np.asarray((np.linalg.inv(_pixels_of(second)) @ _square(pixels) @ _pixels_of(first))[:2], np.float64)


def _pixels_of(picture: Picture) -> Matrix:
    """Return the map of a picture of a long side of 1 onto its pixels, which lie half a pixel inside; [3, 3]."""
    side = max(picture.shape[:2])
    return np.array([[side, 0, -0.5], [0, side, -0.5], [0, 0, 1]])


def _square(matrix: Matrix) -> Matrix:
    return np.vstack((matrix, (0, 0, 1)))


def refined(first: Picture, second: Picture, matrix: Matrix) -> Matrix:
    """Return the map of the first picture onto the second after it was fitted to their grey levels.

    By the enhanced correlation coefficient (Evangelidis and Psarakis, 2008); the given map where that does not settle.
    """
    one, two = (grey_of(resized(part, min(_REFINED_SIDE, max(part.shape[:2])))) for part in (first, second))
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ITERATIONS, 1e-4)
    back = np.asarray(cv2.invertAffineTransform(in_pixels(matrix, one, two)), np.float32)
    try:
        _, back = cv2.findTransformECC(two, one, back, cv2.MOTION_AFFINE, criteria, None, 5)  # type: ignore[call-overload]
    except cv2.error:
        return matrix
    pixels = np.asarray(cv2.invertAffineTransform(back), np.float64)
    return in_shares(pixels, one, two)
