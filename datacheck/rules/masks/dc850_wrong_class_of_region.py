"""DC850: regions of masks whose class is likely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Outcome, Severity
from datacheck.probing.segments.planting import TWO
from datacheck.probing.segments.suspicion import RECALLS
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.masks.suspect_regions import judge_kind
from datacheck.rules.requirements import MASK_PROBE, MASKS


@dataclass(frozen=True)
class WrongClassOfRegion(Rule):
    """A region of a mask whose class looks wrong, by a model that was not trained on its image.

    What
    ----
    Lists regions whose place looks like another class, each with the class that the model suggests.

    Why it hurts training
    ---------------------
    A whole region of wrong pixels teaches the wrong class, and in the test set a right prediction counts as wrong.

    How it is measured
    ------------------
    Regions are connected parts of one class with at least 12 of the places below. Classes are predicted by linear
    heads on the feature maps of a frozen network, out of sample by image, on 96 x 96 places; or by predictions that
    you give. Regions of random images are given another class on purpose; of two classes, as background and object,
    copies of regions are put where none of their class is. Trees learn to tell the planted faults
    from what is given, again out of sample by image, by the probabilities within and around the region, its size
    and shape, and the edges of the image (learning from positives among unlabelled, Blanchard, Lee and Scott 2010).
    The cut is the score that a share of ``recall`` of the planted faults reaches. How many regions have such a fault
    is counted with an interval, for faults that are as easy to see as the planted ones. Its high end is the number of
    regions beyond a cut over the share of planted faults beyond it; its low end is what is left beside a tail of right
    regions that falls at least exponentially. Where it is too wide, the finding says that it cannot be told. The
    finding is information. Where the cut names more than a quarter of the regions, or pixels are hardly predicted,
    nothing is judged.

    How to fix
    ----------
    Look at the regions from the top of the list (``masks/suspects.parquet`` in the run folder), and correct those
    that are wrong.

    Example
    -------
    The class of a region was exchanged::

        DC850 1 region of 72 regions in 36 images looks like another class (the same cut finds 50 % of regions
          that were given another class, 95 % interval 40.4 to 59.6 %); at most 10 of 72 regions are of another class
          (95 % interval from 0): 'masks/05.png' at x 27 %, y 43 % is 'disc', looks like 'box'
    """

    code: ClassVar[str] = "DC850"
    name: ClassVar[str] = "wrong-class-of-region"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (MASKS, MASK_PROBE)

    recall: float = RECALLS["class"]

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        two = context.mask_probe is not None and len(context.mask_probe.classes) == TWO
        words = (
            "{n} regions in {images} images",
            "looks like another class",
            "look like another class",
            "regions that were put where none is" if two else "regions that were given another class",
            "look at them from the first on, and correct the class of those that are wrong",
        )
        return judge_kind(self, context, "class", self.recall, words)
