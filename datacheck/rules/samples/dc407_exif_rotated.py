"""DC407: images that are upright only by their EXIF tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import WARNING_SHARE, flagged

LYING = 5
"""From this EXIF orientation on, width and height are exchanged."""


@dataclass(frozen=True)
class ExifRotated(Rule):
    """Images are stored rotated or mirrored, and only an EXIF tag says so.

    What
    ----
    Finds images whose EXIF orientation is not upright, and counts those that lie on their side.

    Why it hurts training
    ---------------------
    ``PIL.Image.open``, torchvision's ``ImageFolder`` and most array loaders ignore the tag; ``cv2.imread`` and every
    image viewer apply it. So the network sees rotated images that look upright to people, boxes and masks that were
    drawn in a viewer do not fit, and training and use disagree if their loaders do.

    How it is measured
    ------------------
    By the EXIF tag Orientation as stored: 2 to 8 are rotated or mirrored, 5 to 8 lie on their side. It is a warning if
    rotated images (``mixed_share`` or more of all) are mixed with upright ones, otherwise an info.

    How to fix
    ----------
    Rotate the pixels once (``PIL.ImageOps.exif_transpose`` or ``jpegtran``) and remove the tag. Or apply
    exif_transpose in the loader, both in training and in use.

    Example
    -------
    A phone stored 12 of 80 photos on their side::

        DC407 12 of 80 images (15 %) are stored rotated or mirrored (12 on their side), and loaders that ignore EXIF
          show them so; the others are upright
    """

    code: ClassVar[str] = "DC407"
    name: ClassVar[str] = "exif-rotated"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (PIXELS,)

    mixed_share: float = WARNING_SHARE  # one rotated image in a hundred changes the figures

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        orientation = context.measured.values("exif_orientation")
        mask = rotated(orientation)
        if not mask.any():
            return Passed("no image depends on its EXIF orientation")
        readable = int(context.measured.readable.sum())
        lying = int(np.sum(orientation[mask] >= LYING))
        mixed = mask.sum() < readable and mask.sum() >= self.mixed_share * readable
        counts = np.bincount(orientation[mask].astype(np.int64), minlength=9)
        suspicion = np.where(orientation >= LYING, 1.0, 0.8)
        issues, counted, evidence = flagged(self, context, mask, suspicion, orientation)
        finding = self.finding(
            f"{counted} are stored rotated or mirrored ({lying:,} on their side), and loaders that ignore EXIF show "
            "them so" + ("; the others are upright" if mixed else ""),
            "rotate the pixels once with PIL.ImageOps.exif_transpose, or apply it in the loader",
            severity=Severity.WARNING if mixed else self.severity,
            evidence={
                **evidence,
                "orientations": {str(tag): int(counts[tag]) for tag in range(2, 9) if counts[tag]},
                "lying": lying,
            },
            affected=issues,
        )
        return Found((finding,), issues)


def rotated(orientation: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which EXIF orientations, shape [N] with NaN for none, are not upright.

    Examples
    --------
    >>> rotated(np.array([1.0, 6.0, np.nan, 3.0])).tolist()
    [False, True, False, True]
    """
    return np.asarray((orientation >= 2) & (orientation <= 8))
