"""DC403: images without fine detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import flagged, graded, holds_overall, stands_out, whole_dataset

_LOG_OFFSET = 0.05
"""Added before the logarithm, so that a flat image does not give minus infinity; 3 % of the sharpness in focus."""

_SPREAD = 0.08
"""The logarithm of sharpness varies by at least this much between sharp photos."""


@dataclass(frozen=True)
class Blurry(Rule):
    """Images are out of focus, shaken, or enlarged from a smaller image.

    What
    ----
    Finds images with far less fine detail than their size allows. If nearly all images are soft, such as ultrasound
    images, one info says so.

    Why it hurts training
    ---------------------
    The detail that separates the classes may be gone. And if blur goes with one class or one camera, the network learns
    the blur instead.

    How it is measured
    ------------------
    By ``sharpness``: the root mean square of the Laplacian divided by that of the gradient. Unlike the variance of the
    Laplacian it does not depend on contrast. It is about 1.5 in focus, and below 1 when an image is blurred by a
    hundredth of its long side. Below ``severe`` an image is always flagged. Below ``limit`` it is flagged if it also
    differs from the other images: more than ``min_z`` robust standard deviations (median and MAD) below them in the
    logarithm, or in a separate softer group (Otsu's split with an empty valley), which may be half of the dataset.
    Images with a short side under ``min_side`` pixels and flat images (DC404) are not judged: they cannot show detail.

    How to fix
    ----------
    Remove them, replace enlarged images by their originals, or augment with blur if the model will see blur in use.

    Example
    -------
    Three of 200 photos were taken out of focus::

        DC403 3 of 200 images (1.5 %) are blurry
    """

    code: ClassVar[str] = "DC403"
    name: ClassVar[str] = "blurry"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    limit: float = 0.85  # a photo blurred by a hundredth of its long side is below 1
    severe: float = 0.5  # a third of the sharpness in focus
    min_z: float = 3.5  # one normal value in 4,000 lies so far out
    min_side: int = 64  # pixels; smaller images are soft by their size
    min_contrast: float = 0.02  # 5 of 255 grey levels: below, sharpness measures noise

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measured = context.measured
        side = np.fmin(measured.values("width"), measured.values("height"))
        judged = (side >= self.min_side) & (measured.values("contrast") >= self.min_contrast)
        sharpness = np.where(judged, measured.values("sharpness"), np.nan)
        n_judged = int(np.isfinite(sharpness).sum())
        if n_judged == 0:
            raise CannotJudge(f"needs images with a short side of {self.min_side} pixels or more and some contrast")
        mask = blurry_images(sharpness, limit=self.limit, severe=self.severe, min_z=self.min_z)
        typical = float(np.nanmedian(sharpness))
        if holds_overall(sharpness < self.limit, np.log(sharpness + _LOG_OFFSET)):
            mask = sharpness < min(self.severe, typical / 2)
            if not mask.any():
                return whole_dataset(
                    self,
                    f"nearly all images are soft: half have a sharpness below {typical:.2f} (about 1.5 is in focus)",
                    "check whether they were enlarged; if so, train at a smaller size: faster, nothing is lost",
                    {"median_sharpness": typical, "n": n_judged},
                )
        if not mask.any():
            return Passed(f"median sharpness {typical:.2f}")
        issues, counted, evidence = flagged(self, context, mask, 1 - 0.5 * sharpness / self.limit, sharpness)
        finding = self.finding(
            f"{counted} are blurry",
            "remove them or replace them by sharp originals; augment with blur if the model will see blur in use",
            severity=graded(mask, sharpness < self.severe, n_judged),
            evidence={**evidence, "limit": self.limit, "median_sharpness": typical, "judged": n_judged},
            affected=issues,
        )
        return Found((finding,), issues)


def blurry_images(sharpness: NDArray[np.float64], *, limit: float, severe: float, min_z: float) -> NDArray[np.bool_]:
    """Return which images are blurry; shape [N], NaN is not.

    Examples
    --------
    >>> blurry_images(np.array([1.5, 1.4, 0.3, np.nan]), limit=0.85, severe=0.5, min_z=3.5)
    array([False, False,  True, False])
    """
    low = stands_out(np.log(sharpness + _LOG_OFFSET), "low", z=min_z, floor=_SPREAD)
    return np.asarray((sharpness < severe) | ((sharpness < limit) & low))
