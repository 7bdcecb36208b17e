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
