"""Images and masks on the grid of the probe of masks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.mask_classes import MaskClasses
from datacheck.annotations.mask_files import read_mask
from datacheck.annotations.turns import turned
from datacheck.manifest import Manifest
from datacheck.probing.objects.crops import read_rgb
from datacheck.probing.segments.regions import Floats, Labels

GRID = 96
"""Places a side: what a network of stride 4 sees of 384 pixels."""

SIDE = 4 * GRID
"""Pixels a side that the network is given; images are stretched to a square."""

MOST_CLASSES = 64
"""Classes that are judged at most: masks with more are instances or pictures."""


def label_grid(values: NDArray[np.integer], classes: MaskClasses) -> Labels:
    """Return the class number of each place of the grid by a mask [h, w], -1 for values that are no class.

    Examples
    --------
    >>> grid = label_grid(np.array([[0, 7], [255, 0]]), MaskClasses((0, 7), ("road", "car")))
    >>> grid[[0, 0, -1], [0, -1, 0]].tolist()
    [0, 1, -1]
    """
    height, width = values.shape
    down, right = ((np.arange(GRID) + 0.5) * size / GRID for size in (height, width))
    small = values[down.astype(int)[:, None], right.astype(int)]
    known = np.array(classes.values, dtype=np.int64)
    place = np.searchsorted(known, small).clip(0, len(known) - 1)
    return np.where(known[place] == small, place, -1).astype(np.int16)


def read_grid(manifest: Manifest, row: int, classes: MaskClasses, turn: int = 1) -> Labels | None:
    """Return the mask of an image on the grid, turned as an EXIF orientation says; None where it cannot be read."""
    values = read_mask(manifest, row)
    return None if values is None else label_grid(turned(values, turn), classes)


def read_image(manifest: Manifest, row: int) -> NDArray[np.uint8] | None:
    """Return an image stretched to `SIDE` x `SIDE`, red-green-blue; None where it cannot be read."""
    image = read_rgb(manifest, row, SIDE)
    if image is None:
        return None
    return np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def edge_strength(image: NDArray[np.uint8]) -> Floats:
    """Return the rank of the edges of an image at each place, from 0 to 1; [GRID, GRID]."""
    small = cv2.resize(image, (2 * GRID, 2 * GRID), interpolation=cv2.INTER_AREA).astype(np.float32)
    edges = np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)).max(axis=2)
    flat = cv2.resize(edges, (GRID, GRID), interpolation=cv2.INTER_AREA).ravel()
    ranks = np.empty(len(flat), dtype=np.float32)
    ranks[np.argsort(flat, kind="stable")] = np.arange(len(flat)) / len(flat)
    return ranks.reshape(GRID, GRID)


def probability_grid(given: NDArray[np.number], classes: MaskClasses) -> Floats:
    """Return given predictions on the grid, [GRID, GRID, K].

    Parameters
    ----------
    given
        Class probabilities [h, w, K] in the order of the classes, or a predicted mask [h, w] of the same values as the
        given masks.
    classes
        The classes.
    """
    if given.ndim == 2:
        labels = label_grid(np.asarray(given, dtype=np.int64), classes)
        return np.asarray(np.eye(len(classes.values), dtype=np.float32)[labels] * (labels >= 0)[..., None])
    planes = [
        cv2.resize(np.asarray(given[..., k], dtype=np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
        for k in range(given.shape[2])
    ]
    return np.stack(planes, axis=-1)
