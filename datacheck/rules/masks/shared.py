"""What the rules about masks share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.shared import row_issues
from datacheck.rules.files.shared import N_NAMED
from datacheck.rules.mask_classes import masks_of

N_OF_OBJECT = 2
"""Values of a mask of one object: the object, and the rest."""


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
