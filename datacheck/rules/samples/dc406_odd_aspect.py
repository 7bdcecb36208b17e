"""DC406: images far longer than the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import flagged, graded, stands_out
from datacheck.text import number

_SPREAD = 0.1
"""The logarithm of the aspect varies by at least this much: cropping a tenth off is common."""


@dataclass(frozen=True)
class OddAspect(Rule):
    """Images are far longer than the others.

    What
    ----
    Finds strips, banners and panoramas among images of ordinary shape. Portrait beside landscape is not flagged.

    Why it hurts training
    ---------------------
    Resized to a square, a strip is squeezed until nothing keeps its shape. Cropped to a square, most of it is lost.

    How it is measured
    ------------------
    By the long side divided by the short side. An image is flagged if this is at least ``min_aspect`` and differs from
    the other images: more than ``min_z`` robust standard deviations (median and MAD) above them on a logarithmic
    scale, or in a separate longer group (Otsu's split with an empty valley), which may be half of the dataset.

    How to fix
    ----------
    Crop them to their subject, cut strips into tiles, pad them instead of squeezing them, or leave them out.

    Example
    -------
    Two banners lie among 100 photos::

        DC406 2 of 100 images (2 %) are at least 2.5 times as long as they are wide or high; the usual ratio is 1.33
    """

    code: ClassVar[str] = "DC406"
    name: ClassVar[str] = "odd-aspect"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    min_aspect: float = 2.5  # wider than the widest cinema format (2.4)
    min_z: float = 4.0  # one normal value in 30,000 lies so far out

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        width, height = context.measured.values("width"), context.measured.values("height")
        aspect = np.fmax(width, height) / np.fmin(width, height)
        n_judged = int(np.isfinite(aspect).sum())
        if n_judged == 0:
            raise CannotJudge("no size was measured")
        mask = odd_aspects(width, height, self.min_aspect, self.min_z)
        typical = float(np.nanmedian(aspect))
        if not mask.any():
            return Passed(f"median aspect {typical:.2f} : 1")
        suspicion = 1 - 0.5 * self.min_aspect / np.maximum(aspect, self.min_aspect)
        issues, counted, evidence = flagged(self, context, mask, suspicion, aspect)
        finding = self.finding(
            f"{counted} are at least {number(self.min_aspect)} times as long as they are wide or high; the usual ratio "
            f"is {typical:.2f}",
            "crop them to their subject, cut them into tiles, or pad them instead of squeezing them",
            severity=graded(mask, aspect >= 2 * self.min_aspect, n_judged),
            evidence={**evidence, "median_aspect": typical, "min_aspect": self.min_aspect},
            affected=issues,
        )
        return Found((finding,), issues)


def odd_aspects(
    width: NDArray[np.float64], height: NDArray[np.float64], min_aspect: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are oddly long; shape [N], NaN is not.

    Examples
    --------
    >>> odd_aspects(np.array([640.0, 480.0, 640.0, 900.0]), np.array([480.0, 640.0, 480.0, 90.0]), 2.5, 4.0)
    array([False, False, False,  True])
    """
    elongation = np.abs(np.log(width / height))
    return np.asarray((elongation >= np.log(min_aspect)) & stands_out(elongation, "high", z=min_z, floor=_SPREAD))
