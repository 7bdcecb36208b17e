"""DC402: images that are washed out to white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import by_nature, flagged, graded, is_nature, measured, stands_out


@dataclass(frozen=True)
class Bright:
    """Images are so bright that hardly anything can be seen.

    What
    ----
    Finds images whose darkest parts are still bright: over-exposed shots, blank pages, pixels that were clipped. A
    dataset that is bright by nature, such as faint drawings on paper, is stated once.

    Why it hurts training
    ---------------------
    Clipped pixels carry no detail, so the network learns the label from the brightness alone.

    How it is measured
    ------------------
    By the 1st percentile of brightness, in [0, 1], which a white background does not raise as long as there is an
    object on it. Above ``severe`` an image is bright whatever the others are; above ``limit`` it is bright if it also
    stands out from its dataset: more than ``min_z`` robust standard deviations (median and MAD) in the logarithm of
    what is missing to white, or in a separate brighter mode (Otsu's split with an empty valley), so that a defect of
    half of the images does not hide itself. Where nine in ten images are bright in one mode, that is their nature.

    How to fix
    ----------
    Look at the brightest. Remove the blank ones and repair exposure or scaling of the others.

    Example
    -------
    >>> import numpy as np
    >>> bright_images(np.array([0.5, 0.45, 0.97]), np.array([0.1, 0.0, 0.9]), limit=0.7, severe=0.8, min_z=4.0)
    array([False, False,  True])
    """

    code: ClassVar[str] = "DC402"
    name: ClassVar[str] = "bright"
    severity: ClassVar[Severity] = Severity.WARNING

    limit: float = 0.7
    severe: float = 0.8
    min_z: float = 4.0

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        brightness, darkest = measurements.values("brightness"), measurements.values("brightness_p01")
        n_judged = int(np.isfinite(darkest).sum())
        if n_judged == 0:
            return NotApplicable("no brightness was measured")
        mask = bright_images(brightness, darkest, limit=self.limit, severe=self.severe, min_z=self.min_z)
        typical, typical_darkest = float(np.nanmedian(brightness)), float(np.nanmedian(darkest))
        if is_nature(darkest > self.limit, np.log(1.01 - brightness)):
            mask = 1 - darkest < min(1 - self.severe, (1 - typical_darkest) / 4)
            if not mask.any():
                return by_nature(
                    self,
                    f"the images are bright by nature: half have nothing darker than {typical_darkest:.2f} of 1",
                    "check the scaling of the pixels; if right, normalise with the dataset's own mean and deviation",
                    {"median_brightness": typical, "median_brightness_p01": typical_darkest, "n": n_judged},
                )
        if not mask.any():
            return Passed(f"median brightness {typical:.2f}")
        return flagged(
            self,
            context,
            mask,
            suspicion=0.5 + 0.5 * (darkest - self.limit) / (1 - self.limit),
            value=darkest,
            message="{n} are so bright that hardly anything can be seen",
            remedy="remove the blank images, and repair the exposure or scaling of the others",
            severity=graded(mask, darkest > self.severe, n_judged),
            evidence={"limit": self.limit, "median_brightness_p01": typical_darkest},
        )


def bright_images(
    brightness: NDArray[np.float64], darkest: NDArray[np.float64], *, limit: float, severe: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are bright, from their mean and 1st percentile of brightness; shape [N], NaN is not."""
    high = stands_out(-np.log(1.01 - brightness), "high", z=min_z, floor=0.15)
    return np.asarray((darkest > severe) | ((darkest > limit) & high))
