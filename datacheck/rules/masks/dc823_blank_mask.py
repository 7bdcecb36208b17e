"""DC823: masks of a single value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import masks_of
from datacheck.rules.masks.shared import mask_files, mask_issues, named
from datacheck.rules.requirements import MASKS
from datacheck.stats import proportion
from datacheck.text import have, percent, plural


@dataclass(frozen=True)
class BlankMask(Rule):
    """A mask has one value everywhere: blank, or full.

    What
    ----
    Names the masks that hold a single value.

    Why it hurts training
    ---------------------
    A blank mask says that the image shows background alone. Where it was only never drawn, the model is taught to
    overlook what is there.

    How it is measured
    ------------------
    The distinct values of each mask. Few blank masks among many others are a warning; where more than ``usual`` are
    blank (the lower end of a 95 % Wilson interval), images without an object are part of the task, and they are
    information.

    How to fix
    ----------
    Look at the images: draw what is missing, and keep those that show background on purpose.

    Example
    -------
    A mask that nobody drew::

        DC823 1 mask of 36 has one value everywhere: 'masks/09.png' (0)
    """

    code: ClassVar[str] = "DC823"
    name: ClassVar[str] = "blank-mask"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (MASKS,)

    usual: float = 0.05

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = masks_of(context)
        n_masks = int(masks.readable.sum())
        n_values = masks.column("n_values")
        rows = np.array([row for row, count in enumerate(n_values) if count == 1], dtype=np.int64)
        if not len(rows):
            return Passed(f"{plural(n_masks, 'mask')} with at least two values")
        values, colour = masks.column("values"), masks.column("colour")

        def note(row: int) -> str:
            value = values[row][0]
            name = masks.form.value_name(value, colour=bool(colour[row]))
            if value == masks.form.ignore_index:
                return f"({name}, ignored)"
            return name if name.startswith("(") else f"({name})"

        share = proportion(len(rows), n_masks)
        issues = mask_issues(self, context, rows, note)
        of_all = f"of {n_masks:,}" if len(rows) == 1 else f"of {n_masks:,}, {percent(share.value)},"
        finding = self.finding(
            f"{plural(len(rows), 'mask')} {of_all} {have(len(rows), '').split()[-1]} one value everywhere: "
            f"{named(context, rows, note)}",
            "look at these images: draw what is missing, and keep those that show background on purpose",
            severity=Severity.INFO if share.low > self.usual and not masks.instances else Severity.WARNING,
            evidence={
                "n_masks": len(rows),
                "share": share.value,
                "examples": mask_files(context, rows[:N_EXAMPLES]),
                **context.where(masks.rows[rows]),
            },
            affected=issues,
        )
        return Found((finding,), issues)
