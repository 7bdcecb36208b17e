"""DC841: boxes that look like empty places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Outcome, Passed, Severity
from datacheck.probing.objects.placement import RECALL
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.placed import check_cut, placed_finding, placement_of
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
    a share of ``recall`` of the empty places reaches. How many of the boxes beyond it are wrong is not known, so the
    finding is information: a list to look at, the emptiest first. Objects that were forgotten elsewhere are among the
    empty places, and make the cut stricter. Where the cut names more than a quarter of the boxes, nothing is judged.

    How to fix
    ----------
    Look at the boxes from the top of the list (``boxes/suspects.parquet`` in the run folder), and delete those that
    hold nothing.

    Example
    -------
    A box was drawn on the bare background::

        DC841 1 of 79 boxes look like empty places (the same cut finds 50 % of boxes at empty places); how many of
          these are wrong is not known: 'labels/0002.xml' object 3
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
        if not len(listed):
            return Passed(f"none of {plural(len(placement.objects), 'box', 'boxes')} looks like an empty place")
        scores = dict(zip(placement.objects.tolist(), placement.emptiness.tolist(), strict=True))
        words = (
            "look like empty places",
            "boxes at empty places",
            "look at them from the first on, and delete those that hold no object",
        )
        return placed_finding(
            self,
            context,
            listed,
            (placement.emptiness, placement.planted_empty),
            words,
            lambda k: f"looks empty ({number(round(scores[k], 2))} where 0 is an object and 1 an empty place)",
            self.recall,
        )
