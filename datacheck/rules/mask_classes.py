"""The masks of a dataset, and how much of each image their classes cover, for rules of any family."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.mask_classes import (
    COMMON_SHARE,
    N_COMMON,
    MaskClasses,
    class_shares,
    interpolated,
    values_are_classes,
)
from datacheck.annotations.masks import Masks
from datacheck.rules.base import CannotJudge, RuleContext

MOST_CLASSES = 64
"""Classes that are compared at most: masks with more are maps of numbers or of objects."""


def masks_of(context: RuleContext) -> Masks:
    """Return the masks of a context that has some; `CannotJudge` where none can be read."""
    masks = context.masks
    if masks is None or not masks.readable.any():
        raise CannotJudge("no mask can be read")
    return masks


def class_masks_of(context: RuleContext) -> Masks:
    """Return the masks of a context whose values are classes; `CannotJudge` for pictures and maps of numbers."""
    masks = masks_of(context)
    if not values_are_classes(masks):
        raise CannotJudge(
            f"the label files are no masks of classes: in most, the {N_COMMON} most frequent values are less than "
            f"{COMMON_SHARE:.0%} of the pixels, as in pictures and depth maps"
        )
    return masks


def class_shares_of(context: RuleContext) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the classes of the masks, and the share of each image that each covers; NaN without a mask; [N, K].

    Blurred masks (DC824) are left out, and without declared classes a value of a single mask, which may be a slip.

    Raises
    ------
    CannotJudge
        When the masks have no classes, or more than `MOST_CLASSES`.
    """
    masks = class_masks_of(context)
    clear = Masks(masks.table.filter(pa.array(~interpolated(masks))), masks.form, masks.instances)
    classes = MaskClasses.of(context.manifest, clear)
    if not (context.manifest.classes or masks.instances):
        held = Counter(value for values in clear.column("values") for value in values or ())
        kept = [k for k, value in enumerate(classes.values) if held[value] > 1]
        classes = MaskClasses(tuple(classes.values[k] for k in kept), tuple(classes.names[k] for k in kept))
    if not 1 < len(classes.names) <= MOST_CLASSES:
        raise CannotJudge(f"the masks have {len(classes.names):,} classes: needs 2 to {MOST_CLASSES}")
    return classes.names, class_shares(clear, classes, len(context.manifest))
