"""Which boxes the probe judges, and why it leaves the others out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import ImageSizes, PixelBoxes

LEAST_SIDE = 4.0
"""Pixels that both sides of a box need: in fewer there is nothing to see."""

FEWEST_OF_CLASS = 10
"""Boxes that a class needs: with fewer, four folds of five hold too few to learn it from."""


@dataclass(frozen=True)
class Choice:
    """The objects that can be judged, ascending [B], and how many others there are by the reason."""

    objects: NDArray[np.int64]
    left_out: tuple[tuple[str, int], ...]


def choose_boxes(boxes: PixelBoxes, sizes: ImageSizes, elsewhere: NDArray[np.int64]) -> Choice:
    """Return the objects that can be judged.

    Parameters
    ----------
    boxes
        All boxes.
    sizes
        Of the images.
    elsewhere
        Rows whose boxes are in another convention than their format's (DC807).
    """
    objects = boxes.objects
    turned = (sizes.frame != sizes.upright).any(axis=1) & np.isfinite(sizes.upright).all(axis=1)
    reasons = (
        ("are in images that cannot be read", np.isnan(sizes.upright[objects.row]).any(axis=1)),
        ("are in another convention (DC807)", np.isin(objects.row, elsewhere)),
        ("are not in pixels of the upright image (DC804)", turned[objects.row]),
        ("are marked as crowds", objects.crowd),
        ("are of no declared class", objects.class_id < 0),
        (f"have less than {LEAST_SIDE:.0f} pixels in width or height", ~(boxes.sizes >= LEAST_SIDE).all(axis=1)),
    )
    usable = np.ones(len(objects), dtype=bool)
    left_out = []
    for words, mask in reasons:
        left_out.append((words, int((usable & mask).sum())))
        usable &= ~mask
    return Choice(np.flatnonzero(usable), tuple(one for one in left_out if one[1]))


def of_common_classes(choice: Choice, class_id: NDArray[np.int32]) -> Choice:
    """Return the objects whose class has enough others; ``class_id`` is of all objects, [M]."""
    counts = np.bincount(class_id[choice.objects], minlength=1)
    rare = counts[class_id[choice.objects]] < FEWEST_OF_CLASS
    words = f"are of classes with fewer than {FEWEST_OF_CLASS} boxes"
    left_out = (*choice.left_out, *([(words, int(rare.sum()))] if rare.any() else []))
    return Choice(choice.objects[~rare], left_out)
