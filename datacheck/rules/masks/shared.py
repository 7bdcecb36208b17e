"""What the rules about masks share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.masks import MAIN_SHARE, Masks
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import row_issues
from datacheck.rules.files.shared import N_NAMED

N_COMMON = 32
"""Values that make up nearly all of a mask of classes: one image shows few of even many classes."""

COMMON_SHARE = 0.9
"""Share of the pixels that those values have; in a photo they have less than half."""


N_OF_OBJECT = 2
"""Values of a mask of one object: the object, and the rest."""


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


def values_are_classes(masks: Masks) -> bool:
    """Return whether in at least half of the masks few values make up nearly all pixels."""
    few = []
    for counts in masks.column("counts"):
        if counts is not None:
            number = np.sort(np.asarray(counts, dtype=np.int64))
            few.append(number[-N_COMMON:].sum() >= COMMON_SHARE * number.sum())
    return bool(few) and float(np.mean(few)) >= 0.5


def mask_files(context: RuleContext, rows: NDArray[np.int64]) -> list[str]:
    """Return the files of some rows of the table of masks."""
    column = masks_of(context).table["file"] if context.manifest.has_instances else context.manifest.table["label_uri"]
    return [str(column[int(row)].as_py()) for row in rows]


def image_masks(context: RuleContext, rows: NDArray[np.int64]) -> list[str]:
    """Return what names the masks of some images: the mask file, or the image itself where it has one an object."""
    column = context.manifest.table["uri" if context.manifest.has_instances else "label_uri"]
    return [str(column[int(row)].as_py()) for row in rows]


def named(context: RuleContext, rows: NDArray[np.int64], note: Callable[[int], str]) -> str:
    """Return the first of some masks with what is said of each, and how many more there are."""
    files = mask_files(context, rows[:N_NAMED])
    words = [f"{file!r} {note(int(row))}".rstrip() for file, row in zip(files, rows, strict=False)]
    more = len(rows) - len(words)
    return ", ".join(words) + (f" and {more:,} more" if more else "")


def mask_issues(rule: Rule, context: RuleContext, rows: NDArray[np.int64], note: Callable[[int], str]) -> pa.Table:
    """Return the issues of some masks, one a sample, the note with the mask's file."""
    notes = [f"{file}: {note(int(row))}" for file, row in zip(mask_files(context, rows), rows, strict=True)]
    if not context.manifest.has_instances:
        return rule.issues(context.ids(rows), 1.0, note=notes)
    of_images = masks_of(context).rows[rows]
    return row_issues(rule, context, list(zip(of_images.tolist(), notes, strict=True)))


def main_values(masks: Masks) -> list[NDArray[np.int64]]:
    """Return the values of each mask that have at least 1 % of its pixels; empty for one that cannot be read; [N]."""
    found = []
    for values, counts in zip(masks.column("values"), masks.column("counts"), strict=True):
        if values is None:
            found.append(np.empty(0, dtype=np.int64))
            continue
        number = np.asarray(counts, dtype=np.int64)
        found.append(np.asarray(values, dtype=np.int64)[number >= MAIN_SHARE * number.sum()])
    return found
