"""DC852: regions whose border lies elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Outcome, Severity
from datacheck.probing.segments.suspicion import RECALLS
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.masks.suspect_regions import judge_kind
from datacheck.rules.requirements import MASK_PROBE, MASKS


@dataclass(frozen=True)
class BorderOfRegion(Rule):
    """The border of a region lies elsewhere than in the image, by a model that was not trained on it.

    What
    ----
    Lists regions that look moved, grown or shrunk.

    Why it hurts training
    ---------------------
    Metrics such as the intersection over union count the border most in small regions; a model that is right is counted
    as wrong, and thin objects are lost.

    How it is measured
    ------------------
    Regions are connected parts of one class with at least 12 of the places below. Classes are predicted by linear
    heads on the feature maps of a frozen network, out of sample by image, on 96 x 96 places; or by predictions that
    you give. Regions of random images are moved, grown or shrunk on purpose, by a quarter of the root of their area
    and at least two places; finer faults cannot be seen. Trees learn to tell the planted faults from what is given,
    again out of sample by image, by the probabilities within and around the region, its size and shape, and the
    edges of the image (learning from positives among unlabelled, Blanchard, Lee and Scott 2010). The cut is the
    score that a share of ``recall`` of the planted faults reaches. How many regions are that far off is counted with
    an interval, as in DC850 and without the regions that it lists. The finding is information. Where the cut names
    more than a quarter of the regions, or pixels are hardly predicted, nothing is judged.

    How to fix
    ----------
    Look at the regions from the top of the list (``masks/suspects.parquet`` in the run folder), and draw those that
    are off anew.

    Example
    -------
    A region was moved::

        DC852 1 region of 72 regions in 36 images looks moved, grown or shrunk (the same cut finds 25 % of
          regions that were moved, grown or shrunk, 95 % interval 17.5 to 34.3 %); at most 10 of 72 regions have their
          border elsewhere (95 % interval from 0): 'masks/05.png' at x 27 %, y 43 % ('disc')
    """

    code: ClassVar[str] = "DC852"
    name: ClassVar[str] = "border-of-region"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (MASKS, MASK_PROBE)

    recall: float = RECALLS["border"]

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        words = (
            "{n} regions in {images} images",
            "looks moved, grown or shrunk",
            "look moved, grown or shrunk",
            "regions that were moved, grown or shrunk",
            "look at them from the first on, and draw those that are off anew",
        )
        return judge_kind(self, context, "border", self.recall, words)
