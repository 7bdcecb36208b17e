"""DC829: masks of two objects that cover the same pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.annotations.mask_classes import interpolated
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import masks_of
from datacheck.rules.masks.shared import N_OF_OBJECT, mask_files, mask_issues, named
from datacheck.rules.requirements import INSTANCES
from datacheck.stats import proportion
from datacheck.text import percent, plural


@dataclass(frozen=True)
class OverlappingInstances(Rule):
    """The masks of two objects of an image cover the same pixels.

    What
    ----
    Names the mask files of one object each whose pixels are also in the mask of another object of that image.

    Why it hurts training
    ---------------------
    Where masks are merged into one map of objects, the later file cuts the earlier one. An object that was drawn twice
    counts twice, and one of the two can never be found.

    How it is measured
    ------------------
    Pixel by pixel: the share of the smaller of two masks that the other covers, of each mask with the one of the
    earlier files that it overlaps most. From ``least`` on it is named. Where more than ``usual`` of the images have
    such masks (the lower end of a 95 % Wilson interval), objects that hide each other are part of the data, and it is
    information. Equal masks are left to DC825, blank, full and blurred ones to DC823 and DC824.

    How to fix
    ----------
    Look at the image: delete the mask that was drawn twice, and cut the others along the border of the objects.

    Example
    -------
    A nucleus was drawn by two people::

        DC829 1 mask covers an object that another mask of the image has: '04/masks/3.png' (100 % with '04/masks/0.png')
    """

    code: ClassVar[str] = "DC829"
    name: ClassVar[str] = "overlapping-instances"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (INSTANCES,)

    least: float = 0.2  # people draw the border between two touching objects twice, some pixels apart
    usual: float = 0.15

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = masks_of(context)
        overlap = np.nan_to_num(masks.table["overlap"].to_numpy().astype(float))
        overlaps, content = masks.column("overlaps"), masks.column("content_hash")
        place = {file: number for number, file in enumerate(masks.column("file"))}
        clear = (masks.table["n_values"].to_numpy() == N_OF_OBJECT) & ~interpolated(masks)
        pairs = [(k, place[overlaps[k]]) for k in np.flatnonzero((overlap >= self.least) & clear).tolist()]
        rows = np.array([k for k, other in pairs if clear[other] and content[k] != content[other]], dtype=np.int64)
        if not len(rows):
            return Passed(f"{plural(int(masks.readable.sum()), 'mask')}, each of an object of its own")

        def note(row: int) -> str:
            return f"({percent(overlap[row])} with {overlaps[row]!r})"

        images = np.unique(masks.rows[rows])
        share = proportion(len(images), len(masks.readable_rows))
        issues = mask_issues(self, context, rows, note)
        verb = "mask covers an object" if len(rows) == 1 else "masks cover objects"
        finding = self.finding(
            f"{len(rows):,} {verb} that another mask of the image has: {named(context, rows, note)}",
            "look at these images: delete the mask of an object that was drawn twice, and cut the others at the border",
            severity=Severity.INFO if share.low > self.usual else Severity.WARNING,
            evidence={
                "n_masks": len(rows),
                "n_images": len(images),
                "share_of_images": share.value,
                "examples": mask_files(context, rows[:N_EXAMPLES]),
                **context.where(images),
            },
            affected=issues,
        )
        return Found((finding,), issues)
