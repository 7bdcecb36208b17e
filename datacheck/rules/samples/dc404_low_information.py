"""DC404: blank images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import NATURE, flagged, graded, measured, stands_out


@dataclass(frozen=True)
class LowInformation:
    """Images are blank, or nearly so.

    What
    ----
    Finds images of one colour: black frames, white pages, placeholders, failed renderings.

    Why it hurts training
    ---------------------
    A blank image has a label that nothing in it supports; many of them under one label teach that blank means it.

    How it is measured
    ------------------
    Contrast (standard deviation of brightness, in [0, 1]) below ``flat``, which is 2.5 grey levels of 255 and less than
    the noise of a camera: blank whatever the others are. Or an entropy of the grey levels below ``limit`` bits that
    also stands out from its dataset: more than ``min_z`` robust standard deviations below, or in a separate lower mode,
    in a dataset with a median of at least twice the limit, so that drawings, masks and digits stay silent.
    Blankness is never a dataset's nature: where nine in ten images are blank, it is an error.

    How to fix
    ----------
    Remove them, and find out which step wrote them.

    Example
    -------
    >>> import numpy as np
    >>> blank_images(np.array([0.2, 0.0]), np.array([7.1, 0.0]), flat=0.01, limit=2.0, min_z=5.0)
    array([False,  True])
    """

    code: ClassVar[str] = "DC404"
    name: ClassVar[str] = "low-information"
    severity: ClassVar[Severity] = Severity.WARNING

    flat: float = 0.01
    limit: float = 2.0
    min_z: float = 5.0

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        contrast, entropy = measurements.values("contrast"), measurements.values("entropy")
        n_judged = int(np.isfinite(contrast).sum())
        if n_judged == 0:
            return NotApplicable("no contrast was measured")
        mask = blank_images(contrast, entropy, flat=self.flat, limit=self.limit, min_z=self.min_z)
        if not mask.any():
            return Passed(f"lowest contrast {np.nanmin(contrast):.3f}")
        severe = contrast < self.flat
        nearly_all = mask.sum() >= NATURE * n_judged
        return flagged(
            self,
            context,
            mask,
            suspicion=np.where(severe, 1.0, 0.9 - 0.4 * entropy / self.limit),
            value=np.where(severe, contrast, entropy),
            message="{n} are blank or nearly so",
            remedy="remove them, and find out which step wrote them",
            severity=Severity.ERROR if nearly_all else graded(mask, severe, n_judged),
            evidence={"flat": int(np.sum(severe)), "low_entropy": int(np.sum(mask & ~severe))},
        )


def blank_images(
    contrast: NDArray[np.float64], entropy: NDArray[np.float64], *, flat: float, limit: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are blank or nearly so; shape [N], NaN is not."""
    known = entropy[np.isfinite(entropy)]
    rich = len(known) > 0 and float(np.median(known[known >= limit]) if np.any(known >= limit) else 0.0) >= 2 * limit
    low = (entropy < limit) & stands_out(entropy, "low", z=min_z, floor=0.3)
    return np.asarray((contrast < flat) | (low & rich))
