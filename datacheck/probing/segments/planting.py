"""Faults that are put into masks on purpose: another class, a region that is left out, a border that is moved."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datacheck.probing.segments.regions import Labels, components

MOVED, LEAST_MOVED = 0.25, 2
"""Shift or growth of a border as a share of the square root of the region's area, and the least in places: what a model
of 96 x 96 places can see."""

TWO = 2
"""Classes with which a region that gets the other one is joined to what lies around it, and is no region any more."""

LARGEST = 0.25
"""Share of the image up to which a region is taken: nobody forgets a larger one."""


@dataclass(frozen=True)
class Fault:
    """One planted fault: its kind, where it is in the grid [G, G], the class there now, and the mask with it."""

    kind: str
    place: NDArray[np.bool_]
    shown: int
    labels: Labels


def plant(labels: Labels, kind: str, n_classes: int, rng: np.random.Generator) -> Fault | None:
    """Return a mask [G, G] with one fault at a region drawn at random; None where no region suits.

    Of two classes, as background and object, a region of another class is one that is put where none of its class is.

    Examples
    --------
    >>> labels = np.zeros((20, 20), dtype=np.int16)
    >>> labels[4:10, 5:12] = 1
    >>> rng = np.random.default_rng(0)
    >>> [int((plant(labels, kind, 3, rng).labels != labels).sum()) for kind in ("class", "missing")]
    [42, 42]
    """
    found = [
        (code, part)
        for code in np.unique(labels[labels >= 0]).tolist()
        for part, _ in components(labels == code)
        if part.sum() <= LARGEST * labels.size
    ]
    if not found:
        return None
    code, part = found[rng.integers(len(found))]
    changed = labels.copy()
    if kind == "class" and n_classes == TWO:
        place = _elsewhere((labels == code) | (labels < 0), part, rng)
        if place is None:
            return None
        changed[place] = code
        return Fault(kind, place, code, changed)
    if kind == "class":
        others = np.setdiff1d(np.arange(n_classes), code)
        changed[part] = rng.choice(others)
        return Fault(kind, part, int(changed[part][0]), changed)
    around = _nearest_other(labels, part)
    if around is None:
        return None
    if kind == "missing":
        changed[part] = around[part]
        return Fault(kind, part, int(np.bincount(changed[part]).argmax()), changed)
    moved = _moved(part, rng) & (labels >= 0)
    changed[part] = around[part]
    changed[moved] = code
    return Fault(kind, moved, code, changed) if (moved & (changed != labels)).any() or (part & ~moved).any() else None


def _elsewhere(taken: NDArray[np.bool_], part: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_] | None:
    """Return a region moved to a random place that is free, it and what is beside it; None where it fits nowhere.

    Examples
    --------
    >>> taken = np.zeros((5, 9), dtype=bool)
    >>> taken[1:4, 1:4] = True
    >>> np.argwhere(_elsewhere(taken, taken, np.random.default_rng(0))).min(axis=0).tolist()
    [2, 6]
    """
    rows, columns = (np.flatnonzero(part.any(axis=axis)) for axis in (1, 0))
    shape = part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    wide = cv2.dilate(np.pad(shape, 1), np.ones((3, 3), np.uint8)).astype(np.float32)
    covered = cv2.filter2D(np.pad(taken, 1).astype(np.float32), -1, wide, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    height, width = shape.shape
    free = np.argwhere(covered[: taken.shape[0] - height + 1, : taken.shape[1] - width + 1] < 0.5)
    if not len(free):
        return None
    top, left = free[rng.integers(len(free))]
    moved = np.zeros_like(part)
    moved[top : top + height, left : left + width] = shape > 0
    return moved


def _nearest_other(labels: Labels, part: NDArray[np.bool_]) -> Labels | None:
    """Return for each place the label of the nearest place outside a region that counts; None where there is none."""
    outside = ~part & (labels >= 0)
    if not outside.any():
        return None
    _, nearest = cv2.distanceTransformWithLabels(
        (~outside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(nearest.max()) + 1, dtype=labels.dtype)
    table[nearest[outside]] = labels[outside]
    found: Labels = table[nearest]
    return found


def _moved(part: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a region that is shifted, grown or shrunk."""
    by = max(LEAST_MOVED, round(MOVED * float(np.sqrt(part.sum()))))
    way = rng.integers(3)
    if way == 0:
        angle = rng.uniform(0, 2 * np.pi)
        move = np.array([[1, 0, by * np.cos(angle)], [0, 1, by * np.sin(angle)]], dtype=np.float32)
        shifted = cv2.warpAffine(part.astype(np.uint8), move, part.shape[::-1], flags=cv2.INTER_NEAREST)
        return np.asarray(shifted > 0)
    half = max(1, by // 2)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * half + 1, 2 * half + 1))
    change = cv2.dilate if way == 1 else cv2.erode
    found = np.asarray(change(part.astype(np.uint8), kernel) > 0)
    return found if found.any() else part
