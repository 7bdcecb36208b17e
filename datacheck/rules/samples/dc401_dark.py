"""DC401: images that are too dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import (
    BRIGHTNESS_SPREAD,
    GREY_LEVEL,
    flagged,
    graded,
    holds_overall,
    stands_out,
    whole_dataset,
)

_USUAL = 4
"""An image with highlights of at least this part of the usual ones is exposed as the others are, give or take."""

_TAIL = 0.01
"""Share of the pixels below the 1st percentile; at most they are black."""


@dataclass(frozen=True)
class Dark(Rule):
    """Images are too dark to show anything.

    What
    ----
    Finds images whose brightest parts are still dark: under-exposed photos, a closed shutter, pixel values that were
    divided by 255 twice. If nearly all images are dark, such as night photos, one info says so.

    Why it hurts training
    ---------------------
    A black image has a label but shows nothing of it, so the network learns that black means this label. If a part of
    the images was scaled by mistake, the network sees two kinds of images instead of one.

    How it is measured
    ------------------
    By the 99th percentile of brightness, in [0, 1]; a dark background does not lower it. Below ``severe``, and below a
    quarter of the median image, an image is always flagged: where dim images are usual, as in fluorescence microscopy,
    being dim is no defect. Below ``limit`` it is flagged if it also differs from the other images: more than ``min_z``
    robust standard deviations (median and MAD) below them in the logarithm of mean brightness, or in a separate darker
    group (Otsu's split with an empty valley), which may be half of the dataset. An image with something bright in less
    than 1 % of its pixels, such as a star or a single cell, is not flagged: its contrast (standard deviation) is
    larger than pixels between the 1st and the 99th percentile can make it (Bhatia and Davis 2000).

    How to fix
    ----------
    Look at the darkest images. Remove the black ones and correct the exposure or scaling of the others. If the model
    will see dark images in use, augment brightness.

    Example
    -------
    One photo of a hundred was taken with the lens cap on::

        DC401 1 of 100 images (1 %) are too dark to show anything
    """

    code: ClassVar[str] = "DC401"
    name: ClassVar[str] = "dark"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    limit: float = 0.35  # an ordinary photo has highlights above 0.6
    severe: float = 0.12  # 30 of 255 grey levels: no detail is left to see
    min_z: float = 4.0  # one normal value in 30,000 lies so far out

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        brightness, brightest = context.measured.values("brightness"), context.measured.values("brightness_p99")
        n_judged = int(np.isfinite(brightest).sum())
        if n_judged == 0:
            raise CannotJudge("no brightness was measured")
        typical, typical_brightest = float(np.nanmedian(brightness)), float(np.nanmedian(brightest))
        severe = min(self.severe, typical_brightest / _USUAL)
        mask = dark_images(brightness, brightest, limit=self.limit, severe=severe, min_z=self.min_z)
        darkest, contrast = context.measured.values("brightness_p01"), context.measured.values("contrast")
        spots = bright_spots(brightness, darkest, brightest, contrast)
        if holds_overall(brightest < self.limit, np.log(brightness + GREY_LEVEL)):
            mask = brightest < severe
            if not (mask & ~spots).any():
                return whole_dataset(
                    self,
                    f"nearly all images are dark: half have nothing brighter than {typical_brightest:.2f} (white is 1)",
                    "check that pixels are scaled once; if so, normalise with this dataset's own mean and deviation",
                    {"median_brightness": typical, "median_brightness_p99": typical_brightest, "n": n_judged},
                )
        mask &= ~spots
        if not mask.any():
            return Passed(f"median brightness {typical:.2f}")
        issues, counted, evidence = flagged(self, context, mask, 1 - 0.5 * brightest / self.limit, brightest)
        finding = self.finding(
            f"{counted} are too dark to show anything",
            "remove the black images; correct the exposure or scaling of the others",
            severity=graded(mask, brightest < severe, n_judged),
            evidence={**evidence, "limit": self.limit, "median_brightness_p99": typical_brightest},
            affected=issues,
        )
        return Found((finding,), issues)


def dark_images(
    brightness: NDArray[np.float64], brightest: NDArray[np.float64], *, limit: float, severe: float, min_z: float
) -> NDArray[np.bool_]:
    """Return which images are dark, from their mean and 99th percentile of brightness; shape [N], NaN is not dark.

    Examples
    --------
    >>> dark_images(np.array([0.5, 0.45, 0.02]), np.array([0.98, 0.95, 0.06]), limit=0.35, severe=0.12, min_z=4.0)
    array([False, False,  True])
    """
    low = stands_out(np.log(brightness + GREY_LEVEL), "low", z=min_z, floor=BRIGHTNESS_SPREAD)
    return np.asarray((brightest < severe) | ((brightest < limit) & low))


def bright_spots(
    brightness: NDArray[np.float64],
    darkest: NDArray[np.float64],
    brightest: NDArray[np.float64],
    contrast: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Return which images have pixels far above the 99th percentile; shape [N], NaN has none.

    Parameters
    ----------
    brightness, darkest, brightest, contrast
        Mean, 1st and 99th percentile, and standard deviation of brightness.

    Examples
    --------
    >>> bright_spots(np.array([0.03, 0.03]), np.zeros(2), np.array([0.05, 0.05]), np.array([0.04, 0.02]))
    array([ True, False])
    """
    between = np.maximum(brightest - brightness, 0) * np.maximum(brightness - darkest, 0)
    return np.asarray(contrast**2 > between + _TAIL * brightness**2)
