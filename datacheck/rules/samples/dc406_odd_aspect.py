"""DC406: images far longer than the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import flagged, graded, measured, stands_out


@dataclass(frozen=True)
class OddAspect:
    """Images are far longer than the rest.

    What
    ----
    Finds strips, banners and panoramas among images of common shape. Portrait beside landscape is common and silent.

    Why it hurts training
    ---------------------
    Resized to a square, a strip is squeezed until nothing in it has its shape; cropped to a square, most of it is gone.

    How it is measured
    ------------------
    By the long side over the short side. An image is odd if this is at least ``min_aspect`` and stands out from its
    dataset: more than ``min_z`` robust standard deviations (median and MAD) above on a logarithmic scale, or in a
    separate longer mode (Otsu's split with an empty valley), so that half of the images do not hide themselves.

    How to fix
    ----------
    Crop them to their subject, cut strips into tiles, pad instead of squeezing, or leave them out.

    Example
    -------
    >>> import numpy as np
    >>> odd_aspects(np.array([640.0, 480.0, 640.0, 900.0]), np.array([480.0, 640.0, 480.0, 90.0]), 2.5, 4.0)
    array([False, False, False,  True])
    """

    code: ClassVar[str] = "DC406"
    name: ClassVar[str] = "odd-aspect"
    severity: ClassVar[Severity] = Severity.WARNING

    min_aspect: float = 2.5
    min_z: float = 4.0

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        width, height = measurements.values("width"), measurements.values("height")
        aspect = np.fmax(width, height) / np.fmin(width, height)
        if not np.isfinite(aspect).any():
            return NotApplicable("no size was measured")
        mask = odd_aspects(width, height, self.min_aspect, self.min_z)
        typical = float(np.nanmedian(aspect))
        if not mask.any():
            return Passed(f"median aspect {typical:.2f} : 1")
        return flagged(
            self,
            context,
            mask,
            suspicion=1 - 0.5 * self.min_aspect / np.maximum(aspect, self.min_aspect),
            value=aspect,
            message=f"{{n}} are at least {self.min_aspect:g} times as long as they are wide or high, "
            f"where {typical:.2f} is usual",
            remedy="crop them to their subject, cut them into tiles, or pad them instead of squeezing them",
            severity=graded(mask, aspect >= 2 * self.min_aspect, int(np.isfinite(aspect).sum())),
            evidence={"median_aspect": typical, "min_aspect": self.min_aspect},
        )


def odd_aspects(
    width: NDArray[np.float64], height: NDArray[np.float64], min_aspect: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are oddly long; shape [N], NaN is not."""
    elongation = np.abs(np.log(width / height))
    return np.asarray((elongation >= np.log(min_aspect)) & stands_out(elongation, "high", z=min_z, floor=0.1))
