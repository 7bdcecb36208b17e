"""DC824: masks whose values were blurred by JPEG or by interpolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.annotations.mask_classes import interpolated
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import class_masks_of
from datacheck.rules.masks.shared import mask_files, mask_issues, named
from datacheck.rules.requirements import MASKS
from datacheck.text import plural


@dataclass(frozen=True)
class InterpolatedMask(Rule):
    """A mask was blurred: by JPEG, or by interpolation when it was resized.

    What
    ----
    Names the masks with many rare values along the borders of their regions.

    Why it hurts training
    ---------------------
    A pixel between class 0 and class 2 becomes class 1, so every object gets a thin border of a wrong class. In a mask
    of 0 and 255, values between are neither.

    How it is measured
    ------------------
    The values with less than 1 % of a mask's pixels that are main values of no other mask: at least ``values`` of them,
    of whose pixels at least 80 % lie
    within 8 pixels of the border between two regions and differ from most of their neighbours. Of a JPEG file, such
    values are enough.

    How to fix
    ----------
    Export the masks again as PNG. Resize masks with nearest-neighbour interpolation. Masks of two values can be
    repaired by a threshold.

    Example
    -------
    Masks were saved as JPEG::

        DC824 12 of 12 masks were blurred by JPEG or interpolation: 'masks/00.jpg' (31 values), 'masks/01.jpg' (31
          values), 'masks/02.jpg' (31 values) and 9 more
    """

    code: ClassVar[str] = "DC824"
    name: ClassVar[str] = "interpolated-mask"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MASKS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = class_masks_of(context)
        rows = np.flatnonzero(interpolated(masks))
        n_masks = int(masks.readable.sum())
        if not len(rows):
            return Passed(f"{plural(n_masks, 'mask')} with clear borders")
        n_values = masks.column("n_values")

        def note(row: int) -> str:
            return f"({n_values[row]:,} values)"

        issues = mask_issues(self, context, rows, note)
        finding = self.finding(
            f"{len(rows):,} of {plural(n_masks, 'mask')} {'was' if len(rows) == 1 else 'were'} blurred by JPEG or "
            f"interpolation: {named(context, rows, note)}",
            "export the masks again as PNG, and resize masks with nearest-neighbour interpolation",
            evidence={
                "n_masks": len(rows),
                "n_jpeg": sum(each == "JPEG" for each in masks.column("format")),
                "examples": mask_files(context, rows[:N_EXAMPLES]),
            },
            affected=issues,
        )
        return Found((finding,), issues)
