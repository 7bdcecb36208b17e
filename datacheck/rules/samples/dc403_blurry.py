"""DC403: images without fine detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import by_nature, flagged, graded, is_nature, measured, stands_out


@dataclass(frozen=True)
class Blurry:
    """Images are out of focus, shaken, or blown up from a smaller one.

    What
    ----
    Finds images that have far less fine detail than their size has room for. A dataset that is soft by nature, such
    as ultrasound, is stated once.

    Why it hurts training
    ---------------------
    Detail that tells the classes apart is gone, and if blur goes with a class or a camera, the network learns the
    blur.

    How it is measured
    ------------------
    By ``sharpness``: the root mean square of the Laplacian over that of the gradient, which unlike the variance of the
    Laplacian does not depend on contrast; about 1.5 in focus, under 1 when blurred by a hundredth of the long side.
    Below ``severe`` an image is blurry whatever the others are; below ``limit`` it is if it also stands out from its
    dataset: more than ``min_z`` robust standard deviations (median and MAD) below in the logarithm, or in a separate
    softer mode (Otsu's split with an empty valley), so that a defect of half of the images does not hide itself.
    Images with a short side under ``min_side`` pixels and flat ones (DC404) have no room for detail and are not judged.

    How to fix
    ----------
    Remove them, replace images that were enlarged by their originals, or augment with blur where deployment has it.

    Example
    -------
    >>> import numpy as np
    >>> blurry_images(np.array([1.5, 1.4, 0.3, np.nan]), limit=0.85, severe=0.5, min_z=3.5)
    array([False, False,  True, False])
    """

    code: ClassVar[str] = "DC403"
    name: ClassVar[str] = "blurry"
    severity: ClassVar[Severity] = Severity.WARNING

    limit: float = 0.85
    severe: float = 0.5
    min_z: float = 3.5
    min_side: int = 64
    min_contrast: float = 0.02

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        side = np.fmin(measurements.values("width"), measurements.values("height"))
        judged = (side >= self.min_side) & (measurements.values("contrast") >= self.min_contrast)
        sharpness = np.where(judged, measurements.values("sharpness"), np.nan)
        n_judged = int(np.isfinite(sharpness).sum())
        if n_judged == 0:
            return NotApplicable(
                f"no image has a short side of {self.min_side} pixels and any contrast; "
                "smaller ones have no room for blur"
            )
        mask = blurry_images(sharpness, limit=self.limit, severe=self.severe, min_z=self.min_z)
        typical = float(np.nanmedian(sharpness))
        if is_nature(sharpness < self.limit, np.log(sharpness + 0.05)):
            mask = sharpness < min(self.severe, typical / 2)
            if not mask.any():
                return by_nature(
                    self,
                    f"the images are soft by nature: half have a sharpness below {typical:.2f} (about 1.5 in focus)",
                    "check whether they were enlarged; if so, train at a smaller size: faster, and nothing is lost",
                    {"median_sharpness": typical, "n": n_judged},
                )
        if not mask.any():
            return Passed(f"median sharpness {typical:.2f}")
        return flagged(
            self,
            context,
            mask,
            suspicion=1 - 0.5 * sharpness / self.limit,
            value=sharpness,
            message="{n} are blurry",
            remedy="remove them or replace them by sharp originals; augment with blur where deployment has it",
            severity=graded(mask, sharpness < self.severe, n_judged),
            evidence={"limit": self.limit, "median_sharpness": typical, "judged": n_judged},
        )


def blurry_images(sharpness: NDArray[np.float64], *, limit: float, severe: float, min_z: float) -> NDArray[np.bool_]:
    """Return which images are blurry; shape [N], NaN is not."""
    low = stands_out(np.log(sharpness + 0.05), "low", z=min_z, floor=0.08)
    return np.asarray((sharpness < severe) | ((sharpness < limit) & low))
