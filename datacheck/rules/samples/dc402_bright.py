"""DC402: images that are too bright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import (
    BRIGHTNESS_SPREAD,
    GREY_LEVEL,
    flagged,
    graded,
    holds_overall,
    stands_out,
    whole_dataset,
)


@dataclass(frozen=True)
class Bright(Rule):
    """Images are too bright to show anything.

    What
    ----
    Finds images whose darkest parts are still bright: over-exposed photos, empty pages, clipped pixel values. If nearly
    all images are bright, such as faint drawings on paper, one info says so.

    Why it hurts training
    ---------------------
    Clipped pixels hold no detail. The network can learn the label of such an image only from its brightness.

    How it is measured
    ------------------
    By the 1st percentile of brightness, in [0, 1]; a white background does not raise it as long as an object lies on
    it. Above ``severe`` an image is always flagged. Above ``limit`` it is flagged if it also differs from the other
    images: more than ``min_z`` robust standard deviations (median and MAD) in the logarithm of what is missing to
    white, or in a separate brighter group (Otsu's split with an empty valley), which may be half of the dataset.

    How to fix
    ----------
    Look at the brightest images. Remove the empty ones and correct the exposure or scaling of the others.

    Example
    -------
    Two scanned pages of fifty are empty::

        DC402 2 of 50 images (4 %) are too bright to show anything
    """

    code: ClassVar[str] = "DC402"
    name: ClassVar[str] = "bright"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    limit: float = 0.7  # an ordinary photo has shadows below 0.3
    severe: float = 0.8  # less than a fifth of the brightness range is in use
    min_z: float = 4.0  # one normal value in 30,000 lies so far out

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        brightness, darkest = context.measured.values("brightness"), context.measured.values("brightness_p01")
        n_judged = int(np.isfinite(darkest).sum())
        if n_judged == 0:
            raise CannotJudge("no brightness was measured")
        mask = bright_images(brightness, darkest, limit=self.limit, severe=self.severe, min_z=self.min_z)
        typical, typical_darkest = float(np.nanmedian(brightness)), float(np.nanmedian(darkest))
        if holds_overall(darkest > self.limit, np.log(1 + GREY_LEVEL - brightness)):
            mask = 1 - darkest < min(1 - self.severe, (1 - typical_darkest) / 4)
            if not mask.any():
                return whole_dataset(
                    self,
                    f"nearly all images are bright: half have nothing darker than {typical_darkest:.2f} (white is 1)",
                    "check that pixels are scaled once; if so, normalise with this dataset's own mean and deviation",
                    {"median_brightness": typical, "median_brightness_p01": typical_darkest, "n": n_judged},
                )
        if not mask.any():
            return Passed(f"median brightness {typical:.2f}")
        suspicion = 0.5 + 0.5 * (darkest - self.limit) / (1 - self.limit)
        issues, counted, evidence = flagged(self, context, mask, suspicion, darkest)
        finding = self.finding(
            f"{counted} are too bright to show anything",
            "remove the empty images; correct the exposure or scaling of the others",
            severity=graded(mask, darkest > self.severe, n_judged),
            evidence={**evidence, "limit": self.limit, "median_brightness_p01": typical_darkest},
            affected=issues,
        )
        return Found((finding,), issues)


def bright_images(
    brightness: NDArray[np.float64], darkest: NDArray[np.float64], *, limit: float, severe: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are bright, from their mean and 1st percentile of brightness; shape [N], NaN is not.

    Examples
    --------
    >>> bright_images(np.array([0.5, 0.45, 0.97]), np.array([0.1, 0.0, 0.9]), limit=0.7, severe=0.8, min_z=4.0)
    array([False, False,  True])
    """
    high = stands_out(-np.log(1 + GREY_LEVEL - brightness), "high", z=min_z, floor=BRIGHTNESS_SPREAD)
    return np.asarray((darkest > severe) | ((darkest > limit) & high))
