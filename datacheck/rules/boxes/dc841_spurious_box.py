"""DC841: boxes that look like empty places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Outcome, Passed, Severity
from datacheck.probing.objects.placement import RECALL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.placed import Suspects, check_cut, placed_finding, placement_of
from datacheck.rules.requirements import BOX_PROBE, OBJECTS
from datacheck.text import number, plural


@dataclass(frozen=True)
class SpuriousBox(Rule):
    """A box that holds no object, by a model that was not trained on its image.

    What
    ----
    Finds boxes whose picture looks like the places of the images where no box is.

    Why it hurts training
    ---------------------
    A detector learns to find objects where there are none, and a right detector is counted as one that misses some.

    How it is measured
    ------------------
    Boxes of the usual sizes are drawn at empty places of the images. A ridge regression on what a frozen network sees
    in and around each box learns to tell them from the given boxes, out of sample by image. Where the search for
    missing boxes (DC843) reached the image, what it sees at the centre counts half as much. The cut is the score that
    a share of ``recall`` of the empty places reaches. Objects that were forgotten elsewhere are among the empty
    places, and make the cut stricter. The finding is information: a list to look at, the emptiest first. Where the cut
    names more than a quarter of the boxes, nothing is judged.

    How many boxes hold nothing is counted with an interval, for boxes that are as easy to see as the places that were
    drawn. Its high end is the number of boxes beyond a cut over the share of empty places beyond it (Blanchard, Lee and
    Scott 2010). Its low end is what is left beside a tail of right boxes that falls at least exponentially; small or
    hidden objects may be among these. Where the interval is too wide, the finding says that it cannot be told.

    How to fix
    ----------
    Look at the boxes from the top of the list (``boxes/suspects.parquet`` in the run folder), and delete those that
    hold nothing.

    Example
    -------
    A box was drawn on the bare background::

        DC841 1 of 79 boxes look like empty places (the same cut finds 50 % of boxes at empty places); at most 10 of
          79 boxes hold no object (95 % interval from 0): 'labels/0002.xml' object 3
    """

    code: ClassVar[str] = "DC841"
    name: ClassVar[str] = "spurious-box"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (OBJECTS, BOX_PROBE)

    recall: float = RECALL  # the median of the planted faults

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        placement = placement_of(context)
        listed = placement.spurious(self.recall)
        check_cut(len(listed), placement, placement.planted_empty)
        words = (
            "look like empty places",
            "boxes at empty places",
            "look at them from the first on, and delete those that hold no object",
        )
        count = placement.n_spurious()
        if not len(listed):
            boxes = plural(len(placement.objects), "box", "boxes")
            return Passed(f"none of {boxes} looks like an empty place; {count.in_words()}")
        scores = dict(zip(placement.objects.tolist(), placement.emptiness.tolist(), strict=True))
        return placed_finding(
            self,
            context,
            Suspects(listed, placement.emptiness, placement.planted_empty, self.recall, count),
            words,
            lambda k: f"looks empty ({number(round(scores[k], 2))} where 0 is an object and 1 an empty place)",
        )
