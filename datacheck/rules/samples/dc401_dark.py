"""DC401: images that are too dark to see anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import by_nature, flagged, graded, is_nature, measured, stands_out


@dataclass(frozen=True)
class Dark:
    """Images are so dark that hardly anything can be seen.

    What
    ----
    Finds images whose brightest parts are still dark: under-exposed shots, closed shutters, pixels that were scaled
    twice. A dataset that is dark by nature, such as night photos or white digits on black, is stated once.

    Why it hurts training
    ---------------------
    Such images carry a label but next to no signal, so the network learns the label from the darkness. A scaling
    mistake that affects a part of the images splits the dataset in two distributions.

    How it is measured
    ------------------
    By the 99th percentile of brightness, in [0, 1], which a dark background does not lower. Below ``severe`` an image
    is dark whatever the others are; below ``limit`` it is dark if it also stands out from its dataset: more than
    ``min_z`` robust standard deviations (median and MAD) below in the logarithm of mean brightness, or in a separate
    darker mode (Otsu's split with an empty valley), so that a defect of half of the images does not hide itself. Where
    nine in ten images are dark in one mode, that is the dataset's nature.

    How to fix
    ----------
    Look at the darkest. Remove the black ones, repair the exposure or the scaling of the others; augment brightness
    where darkness occurs in deployment.

    Example
    -------
    >>> import numpy as np
    >>> dark_images(np.array([0.5, 0.45, 0.02]), np.array([0.98, 0.95, 0.06]), limit=0.35, severe=0.12, min_z=4.0)
    array([False, False,  True])
    """

    code: ClassVar[str] = "DC401"
    name: ClassVar[str] = "dark"
    severity: ClassVar[Severity] = Severity.WARNING

    limit: float = 0.35
    severe: float = 0.12
    min_z: float = 4.0

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        brightness, brightest = measurements.values("brightness"), measurements.values("brightness_p99")
        n_judged = int(np.isfinite(brightest).sum())
        if n_judged == 0:
            return NotApplicable("no brightness was measured")
        mask = dark_images(brightness, brightest, limit=self.limit, severe=self.severe, min_z=self.min_z)
        typical, typical_brightest = float(np.nanmedian(brightness)), float(np.nanmedian(brightest))
        if is_nature(brightest < self.limit, np.log(brightness + 0.01)):
            mask = brightest < min(self.severe, typical_brightest / 4)
            if not mask.any():
                return by_nature(
                    self,
                    f"the images are dark by nature: half have nothing brighter than {typical_brightest:.2f} of 1",
                    "check the scaling of the pixels; if right, normalise with the dataset's own mean and deviation",
                    {"median_brightness": typical, "median_brightness_p99": typical_brightest, "n": n_judged},
                )
        if not mask.any():
            return Passed(f"median brightness {typical:.2f}")
        return flagged(
            self,
            context,
            mask,
            suspicion=1 - 0.5 * brightest / self.limit,
            value=brightest,
            message="{n} are so dark that hardly anything can be seen",
            remedy="remove the black images, and repair the exposure or scaling of the others",
            severity=graded(mask, brightest < self.severe, n_judged),
            evidence={"limit": self.limit, "median_brightness_p99": typical_brightest},
        )


def dark_images(
    brightness: NDArray[np.float64], brightest: NDArray[np.float64], *, limit: float, severe: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are dark, from their mean and 99th percentile of brightness; shape [N], NaN is not dark."""
    low = stands_out(np.log(brightness + 0.01), "low", z=min_z, floor=0.15)
    return np.asarray((brightest < severe) | ((brightest < limit) & low))
