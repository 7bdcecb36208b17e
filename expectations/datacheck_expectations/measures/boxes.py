"""The boxes of the images: by class, and images that have none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datacheck_expectations.frame import BOX_CLASSES
from datacheck_expectations.measures.columns import MAX_NAMED, Affected, Words, label_entries, named, need, numbers


@dataclass(frozen=True)
class BoxClasses:
    """Boxes by class, and how many of them count as one, where those of an image are as alike as can be (Kish 1965)."""

    words: Words
    design_effect: float


def box_classes(frame: pd.DataFrame) -> BoxClasses:
    """Count the boxes by class, and name an image for each rare class."""
    need(frame, BOX_CLASSES)
    rows, codes, names, known = label_entries(frame[BOX_CLASSES])
    counts = np.bincount(codes, minlength=len(names))
    rare = [k for k in np.argsort(counts, kind="stable").tolist() if counts[k]][:MAX_NAMED]
    first = {names[k]: named(frame, rows[np.flatnonzero(codes == k)[:1]])[0] for k in rare}
    by_image = np.bincount(rows, minlength=len(frame)).astype(np.float64)
    effect = max(1.0, float((by_image**2).sum() / max(by_image.sum(), 1.0)))
    found = {names[k]: int(counts[k]) for k in range(len(names)) if counts[k]}
    return BoxClasses(Words(found, int((~known).sum()), first), effect)


def empty_images(frame: pd.DataFrame) -> Affected:
    """Return the images without a box, among those with annotations."""
    counts = numbers(frame, "boxes_in_image")
    rows = np.flatnonzero(counts == 0)
    names = named(frame, rows[:MAX_NAMED])
    return Affected(len(rows), int(np.isfinite(counts).sum()), names, tuple({"sample": name} for name in names))
