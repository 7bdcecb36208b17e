"""DC405: images of another size than the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import flagged, graded, measured, mode_boundary, robust_z


@dataclass(frozen=True)
class OddSize:
    """Images are far smaller or larger than the rest.

    What
    ----
    Finds thumbnails among photos, tracking pixels, and scans among thumbnails.

    Why it hurts training
    ---------------------
    Resized to one size, a small image is a blur and a huge one loses its detail: the network sees two kinds of images.
    Huge ones also stall the loader. If size goes with a class, it is a shortcut.

    How it is measured
    ------------------
    By √(width × height), on a logarithmic scale. An image is odd if it differs from the median by at least
    ``min_factor`` and also stands out: by more than ``min_z`` robust standard deviations (median and MAD), or in the
    smaller of two separate modes that are so far apart (Otsu's split with an empty valley). An image with a short
    side under ``tiny`` pixels is odd where the median is four times that.

    How to fix
    ----------
    Replace thumbnails by their originals or leave them out, and shrink what is huge once, before training.

    Example
    -------
    >>> import numpy as np
    >>> odd_sizes(np.array([512.0, 600.0, 512.0, 16.0]), np.array([384.0, 400.0, 384.0, 16.0]), 3.0, 5.0, 8)
    array([False, False, False,  True])
    """

    code: ClassVar[str] = "DC405"
    name: ClassVar[str] = "odd-size"
    severity: ClassVar[Severity] = Severity.WARNING

    min_factor: float = 3.0
    min_z: float = 5.0
    tiny: int = 8

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        width, height = measurements.values("width"), measurements.values("height")
        side = np.sqrt(width * height)
        if not np.isfinite(side).any():
            return NotApplicable("no size was measured")
        mask = odd_sizes(width, height, self.min_factor, self.min_z, self.tiny)
        typical = float(np.nanmedian(side))
        if not mask.any():
            return Passed(f"median side {typical:.0f} pixels")
        factor = np.exp(np.abs(np.log(side / typical)))
        smaller, larger = int(np.sum(mask & (side < typical))), int(np.sum(mask & (side > typical)))
        return flagged(
            self,
            context,
            mask,
            suspicion=1 - 0.5 * self.min_factor / np.maximum(factor, self.min_factor),
            value=side,
            message=f"{{n}} differ in size from the rest by a factor of {self.min_factor:g} or more: "
            f"{smaller:,} smaller, {larger:,} larger than the usual {typical:.0f} pixels (√ of width × height)",
            remedy="replace thumbnails by their originals or leave them out; shrink huge images once, before training",
            severity=graded(mask, side < typical / 8, int(np.isfinite(side).sum())),
            evidence={"median_side": typical, "smaller": smaller, "larger": larger},
        )


def odd_sizes(
    width: NDArray[np.float64], height: NDArray[np.float64], min_factor: float, min_z: float, tiny: int
) -> NDArray[np.bool_]:
    """Return which images are of an odd size; shape [N], NaN is not."""
    log_side = 0.5 * np.log(width * height)
    median = float(np.nanmedian(log_side))
    odd = (np.abs(log_side - median) >= np.log(min_factor)) & (np.abs(robust_z(log_side, 0.1)) > min_z)
    short = np.fmin(width, height)
    odd |= (short < tiny) & (np.nanmedian(short) >= 4 * tiny)
    boundary = mode_boundary(log_side)
    if boundary is not None:
        known = np.isfinite(log_side)
        low, high = known & (log_side <= boundary), known & (log_side > boundary)
        if np.median(log_side[high]) - np.median(log_side[low]) >= np.log(min_factor):
            odd |= low if low.sum() <= high.sum() else high
    return np.asarray(odd)
