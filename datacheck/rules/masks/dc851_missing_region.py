"""DC851: regions that were not drawn in masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from datacheck.findings import Outcome, Severity
from datacheck.probing.segments.suspicion import RECALLS
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.masks.suspect_regions import judge_kind
from datacheck.rules.requirements import MASK_PROBE, MASKS


@dataclass(frozen=True)
class MissingRegion(Rule):
    """Something in the image is not drawn in its mask, by a model that was not trained on it.

    What
    ----
    Lists places that look like a class although the mask has another one there, such as an object left as background.

    Why it hurts training
    ---------------------
    Objects that are not drawn teach the model to overlook them, and are counted as its mistakes in the test set.

    How it is measured
    ------------------
    Candidates are connected places of one predicted class that is not drawn there, wider than a border. Classes are
    predicted by linear heads on the feature maps of a frozen network, out of sample by image, on 96 x 96 places; or
    by predictions that you give. Regions of random images are left out on purpose and filled with what is around
    them. Trees learn to tell the planted faults from what is given, again out of sample by image, by the
    probabilities within and around the region, its size and shape, and the edges of the image (learning from
    positives among unlabelled, Blanchard, Lee and Scott 2010). The cut is the score that a share of ``recall`` of
    the planted faults reaches. How many regions were left out is counted with an interval, as in DC850. The finding
    is information. Where the cut names more than a quarter of the images, or pixels are hardly predicted, nothing
    is judged.

    How to fix
    ----------
    Look at the places from the top of the list (``masks/suspects.parquet`` in the run folder), and draw what is
    missing.

    Example
    -------
    A region was left out::

        DC851 1 region of 72 places in 36 images looks like a class that is not drawn there (the same cut finds
          50 % of regions that were left out, 95 % interval 40.4 to 59.6 %); at most 10 regions are not drawn, beside
          72 regions (95 % interval from 0): 'masks/05.png' at x 27 %, y 43 % is 'disc', looks like 'box' there
    """

    code: ClassVar[str] = "DC851"
    name: ClassVar[str] = "missing-region"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (MASKS, MASK_PROBE)

    recall: float = RECALLS["missing"]

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        words = (
            "{n} places in {images} images",
            "looks like a class that is not drawn there",
            "look like a class that is not drawn there",
            "regions that were left out",
            "look at them from the first on, and draw what is missing",
        )
        return judge_kind(self, context, "missing", self.recall, words)
