"""DC404: blank images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import FLAT, NEARLY_ALL, flagged, graded, has_alpha, stands_out

_SPREAD = 0.3
"""Entropy in bits varies by at least this much between ordinary photos."""


@dataclass(frozen=True)
class LowInformation(Rule):
    """Images are blank, or nearly so.

    What
    ----
    Finds images of a single colour: black frames, white pages, placeholders, failed renderings.

    Why it hurts training
    ---------------------
    Nothing in a blank image supports its label. Many of them under one label teach that blank means this label.

    How it is measured
    ------------------
    An image is blank if its contrast (standard deviation of brightness, in [0, 1]) is below ``flat``, whatever the
    others are. It is nearly blank if the entropy of its grey levels is below ``limit`` bits and differs from the other
    images: more than ``min_z`` robust standard deviations below them, or in a separate lower group. The second part
    needs a dataset with a median entropy of at least twice the limit, so that drawings, masks and digits are not
    flagged. If nine in ten images are blank, it is an error. Images with an alpha channel are left to DC111.

    How to fix
    ----------
    Remove them, and find the step that wrote them.

    Example
    -------
    A renderer failed for four scenes of 300 and wrote black frames::

        DC404 4 of 300 images (1.3 %) are blank or nearly blank
    """

    code: ClassVar[str] = "DC404"
    name: ClassVar[str] = "low-information"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    flat: float = FLAT
    limit: float = 2.0  # bits; an ordinary photo has 6 to 8
    min_z: float = 5.0  # entropy has a long lower tail, so further out than for brightness

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        contrast, entropy = context.measured.values("contrast"), context.measured.values("entropy")
        n_judged = int(np.isfinite(contrast).sum())
        if n_judged == 0:
            raise CannotJudge("no contrast was measured")
        mask = blank_images(contrast, entropy, flat=self.flat, limit=self.limit, min_z=self.min_z)
        mask &= ~has_alpha(context.measured.strings("mode"))
        if not mask.any():
            return Passed(f"lowest contrast {np.nanmin(contrast):.3f}")
        blank = contrast < self.flat
        suspicion = np.where(blank, 1.0, 0.9 - 0.4 * entropy / self.limit)
        issues, counted, evidence = flagged(self, context, mask, suspicion, np.where(blank, contrast, entropy))
        finding = self.finding(
            f"{counted} are blank or nearly blank",
            "remove them, and find the step that wrote them",
            severity=Severity.ERROR if mask.sum() >= NEARLY_ALL * n_judged else graded(mask, blank, n_judged),
            evidence={**evidence, "flat": int(np.sum(blank)), "low_entropy": int(np.sum(mask & ~blank))},
            affected=issues,
        )
        return Found((finding,), issues)


def blank_images(
    contrast: NDArray[np.float64], entropy: NDArray[np.float64], *, flat: float, limit: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are blank or nearly so; shape [N], NaN is not.

    Examples
    --------
    >>> blank_images(np.array([0.2, 0.0]), np.array([7.1, 0.0]), flat=0.01, limit=2.0, min_z=5.0)
    array([False,  True])
    """
    known = entropy[np.isfinite(entropy)]
    rich = len(known) > 0 and float(np.median(known[known >= limit]) if np.any(known >= limit) else 0.0) >= 2 * limit
    low = (entropy < limit) & stands_out(entropy, "low", z=min_z, floor=_SPREAD)
    return np.asarray((contrast < flat) | (low & rich))
