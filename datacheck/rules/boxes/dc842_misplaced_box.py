"""DC842: boxes that a model would draw elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Outcome, Passed, Severity
from datacheck.probing.objects.placement import RECALL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.placed import Suspects, check_cut, placed_finding, placement_of
from datacheck.rules.requirements import BOX_PROBE, OBJECTS
from datacheck.text import percent, plural


@dataclass(frozen=True)
class MisplacedBox(Rule):
    """A box that is moved, too large or too small, by a model that was not trained on its image.

    What
    ----
    Finds boxes that a model would draw elsewhere, and says where.

    Why it hurts training
    ---------------------
    Boxes that are off teach a detector to be off; in a test set they count right detections as wrong, since these must
    overlap the given box.

    How it is measured
    ------------------
    Copies of the boxes are moved and resized, and a ridge regression on what a frozen network sees in and around each
    learns the way back (box regression, Girshick et al. 2014), out of sample by image. A box is listed where the
    corrected box overlaps it less than the cut: the overlap that a share of ``recall`` of the copies that were moved
    to an overlap of 0.3 to 0.6 falls below. How many boxes are that far off is counted with an interval, as in DC841.
    Annotators differ, and hidden parts are drawn or not, so the finding is information: a list to look at, the worst
    first. Boxes that look empty are in DC841 instead.

    How to fix
    ----------
    Look at the boxes from the top of the list, and draw those anew that are wrong. ``boxes/suspects.parquet`` in the
    run folder has the corrected boxes; they are rough, and no replacement.

    Example
    -------
    A box was moved by half of its width::

        DC842 1 of 79 boxes lie elsewhere than a model draws them (the same cut finds 50 % of boxes moved to an overlap
          of 0.3 to 0.6); at most 10 of 79 boxes overlap their object by 0.6 or less (95 % interval from 0):
          'labels/0002.xml' object 3
    """

    code: ClassVar[str] = "DC842"
    name: ClassVar[str] = "misplaced-box"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (OBJECTS, BOX_PROBE)

    recall: float = RECALL  # the median of the planted faults

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        placement = placement_of(context)
        listed = placement.misplaced(self.recall)
        check_cut(len(listed), placement, placement.planted_shift)
        words = (
            "lie elsewhere than a model draws them",
            "boxes moved to an overlap of 0.3 to 0.6",
            "look at them from the first on, and draw those anew that are wrong",
        )
        count = placement.n_misplaced()
        if not len(listed):
            boxes = plural(len(placement.objects), "box", "boxes")
            return Passed(f"none of {boxes} is far from where a model draws it; {count.in_words()}")
        place = dict(zip(placement.objects.tolist(), range(len(placement.objects)), strict=True))

        def describe(k: int) -> str:
            corners = ", ".join(f"{side:.0f}" for side in np.clip(placement.corrected[place[k]], 0, None))
            return f"overlaps {percent(float(1 - placement.shift[place[k]]))} with the corrected box ({corners})"

        suspects = Suspects(listed, placement.shift, placement.planted_shift, self.recall, count)
        return placed_finding(self, context, suspects, words, describe)
