"""DC820: masks that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.masks.shared import mask_files, mask_issues, named
from datacheck.rules.requirements import MASKS
from datacheck.text import plural


@dataclass(frozen=True)
class UnreadableMask(Rule):
    """A mask file cannot be read.

    What
    ----
    Names the mask files that are no image, empty or damaged.

    Why it hurts training
    ---------------------
    The loader stops in the middle of an epoch, or the image is left out without a word. A text file in the place of a
    mask is often the pointer of a large-file storage whose content was never fetched.

    How it is measured
    ------------------
    Each mask is decoded whole.

    How to fix
    ----------
    Fetch or export these masks again.

    Example
    -------
    A pointer instead of the picture::

        DC820 1 mask cannot be read: 'masks/17.png' (not an image)
    """

    code: ClassVar[str] = "DC820"
    name: ClassVar[str] = "unreadable-mask"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MASKS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = context.masks
        if masks is None:
            raise CannotJudge("there are no masks")
        errors = masks.column("error")
        rows = np.array([row for row, error in enumerate(errors) if error is not None], dtype=np.int64)
        if not len(rows):
            return Passed(f"{plural(int(masks.readable.sum()), 'mask')} could be read")
        issues = mask_issues(self, context, rows, lambda row: str(errors[row]))
        finding = self.finding(
            f"{plural(len(rows), 'mask')} cannot be read: {named(context, rows, lambda row: f'({errors[row]})')}",
            "fetch or export these masks again",
            evidence={"n_masks": len(rows), "examples": mask_files(context, rows[:N_EXAMPLES])},
            affected=issues,
        )
        return Found((finding,), issues)
