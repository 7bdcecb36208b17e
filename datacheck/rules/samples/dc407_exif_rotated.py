"""DC407: images that stand upright only by their EXIF tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import flagged, measured

LYING = 5
"""From this EXIF orientation on, width and height change places."""


@dataclass(frozen=True)
class ExifRotated:
    """Images are stored turned or mirrored, and only an EXIF tag says so.

    What
    ----
    Finds images whose EXIF orientation is other than upright, and says how many lie on their side.

    Why it hurts training
    ---------------------
    ``PIL.Image.open``, torchvision's ``ImageFolder`` and most array loaders ignore the tag, while ``cv2.imread`` and
    every viewer obey it: the network sees turned images that look fine to people, boxes and masks drawn in a viewer do
    not fit, and training and serving disagree when their loaders do.

    How it is measured
    ------------------
    The EXIF tag Orientation as stored, 2 to 8 being turned or mirrored, 5 to 8 lying. Where the dataset mixes turned
    and upright images, and at least ``mixed_share`` of them are turned, it is a warning; otherwise an info.

    How to fix
    ----------
    Turn the pixels once (``PIL.ImageOps.exif_transpose``, ``jpegtran``) and drop the tag, or apply exif_transpose in
    the loader, in training and serving alike.

    Example
    -------
    >>> import numpy as np
    >>> rotated(np.array([1.0, 6.0, np.nan, 3.0])).tolist()
    [False, True, False, True]
    """

    code: ClassVar[str] = "DC407"
    name: ClassVar[str] = "exif-rotated"
    severity: ClassVar[Severity] = Severity.INFO

    mixed_share: float = 0.01

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        orientation = measurements.values("exif_orientation")
        mask = rotated(orientation)
        if not mask.any():
            return Passed("no image relies on its EXIF orientation")
        readable = int(measurements.readable.sum())
        lying = int(np.sum(orientation[mask] >= LYING))
        mixed = mask.sum() < readable and mask.sum() >= self.mixed_share * readable
        counts = np.bincount(orientation[mask].astype(np.int64), minlength=9)
        return flagged(
            self,
            context,
            mask,
            suspicion=np.where(orientation >= LYING, 1.0, 0.8),
            value=orientation,
            message=f"{{n}} are stored turned or mirrored ({lying:,} on their side) for loaders that ignore EXIF"
            + (", beside upright ones" if mixed else ""),
            remedy="turn the pixels once with PIL.ImageOps.exif_transpose, or apply it in the loader",
            severity=Severity.WARNING if mixed else self.severity,
            evidence={
                "orientations": {str(tag): int(counts[tag]) for tag in range(2, 9) if counts[tag]},
                "lying": lying,
            },
        )


def rotated(orientation: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which EXIF orientations, shape [N] with NaN for none, are not upright."""
    return np.asarray((orientation >= 2) & (orientation <= 8))
