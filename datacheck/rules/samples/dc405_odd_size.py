"""DC405: images of another size than the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import flagged, graded, mode_boundary, robust_z
from datacheck.text import number

_SPREAD = 0.1
"""The logarithm of the size varies by at least this much: a tenth more or less is no other size."""

_MUCH_SMALLER = 8
"""An image whose side is so many times smaller than usual keeps a 64th of the pixels, too few to use."""

_TINY_BESIDE = 4
"""Tiny images are odd only beside images whose short side is at least so many times ``tiny``."""


@dataclass(frozen=True)
class OddSize(Rule):
    """Images are far smaller or larger than the others.

    What
    ----
    Finds thumbnails among photos, images of one pixel, and large scans among thumbnails.

    Why it hurts training
    ---------------------
    After resizing to one size, a small image is blurred and a huge one has lost its detail, so the network sees two
    kinds of images. Huge images also slow down the loader. If size goes with a class, it is a shortcut (DC504).

    How it is measured
    ------------------
    By √(width × height), on a logarithmic scale. An image is flagged if it differs from the median by the factor
    ``min_factor`` or more and also from the spread of the others: by more than ``min_z`` robust standard deviations
    (median and MAD), or as part of the smaller of two separate groups that lie so far apart (Otsu's split with an empty
    valley). An image with a short side under ``tiny`` pixels is flagged if the median is four times that.

    How to fix
    ----------
    Replace thumbnails by their originals or leave them out. Shrink huge images once, before training.

    Example
    -------
    Six thumbnails were left among 200 photos::

        DC405 6 of 200 images (3 %) differ in size from the others by a factor of 3 or more: 6 smaller, 0 larger
          than the usual 554 pixels (√ of width × height)
    """

    code: ClassVar[str] = "DC405"
    name: ClassVar[str] = "odd-size"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    min_factor: float = 3.0  # resizing by 3 turns 9 pixels into 1
    min_z: float = 5.0  # sizes have long tails, so further out than for brightness
    tiny: int = 8  # pixels; nothing can be recognised below

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        width, height = context.measured.values("width"), context.measured.values("height")
        side = np.sqrt(width * height)
        n_judged = int(np.isfinite(side).sum())
        if n_judged == 0:
            raise CannotJudge("no size was measured")
        mask = odd_sizes(width, height, self.min_factor, self.min_z, self.tiny)
        typical = float(np.nanmedian(side))
        if not mask.any():
            return Passed(f"median side {typical:.0f} pixels")
        factor = np.exp(np.abs(np.log(side / typical)))
        smaller, larger = int(np.sum(mask & (side < typical))), int(np.sum(mask & (side > typical)))
        suspicion = 1 - 0.5 * self.min_factor / np.maximum(factor, self.min_factor)
        issues, counted, evidence = flagged(self, context, mask, suspicion, side)
        finding = self.finding(
            f"{counted} differ in size from the others by a factor of {number(self.min_factor)} or more: "
            f"{smaller:,} smaller, {larger:,} larger than the usual {typical:.0f} pixels (√ of width × height)",
            "replace thumbnails by their originals or leave them out; shrink huge images once, before training",
            severity=graded(mask, side < typical / _MUCH_SMALLER, n_judged),
            evidence={**evidence, "median_side": typical, "smaller": smaller, "larger": larger},
            affected=issues,
        )
        return Found((finding,), issues)


def odd_sizes(
    width: NDArray[np.float64], height: NDArray[np.float64], min_factor: float, min_z: float, tiny: int
) -> NDArray[np.bool_]:
    """Return which images are of an odd size; shape [N], NaN is not.

    Examples
    --------
    >>> odd_sizes(np.array([512.0, 600.0, 512.0, 16.0]), np.array([384.0, 400.0, 384.0, 16.0]), 3.0, 5.0, 8)
    array([False, False, False,  True])
    """
    log_side = 0.5 * np.log(width * height)
    median = float(np.nanmedian(log_side))
    odd = (np.abs(log_side - median) >= np.log(min_factor)) & (np.abs(robust_z(log_side, _SPREAD)) > min_z)
    short = np.fmin(width, height)
    odd |= (short < tiny) & (np.nanmedian(short) >= _TINY_BESIDE * tiny)
    boundary = mode_boundary(log_side)
    if boundary is not None:
        known = np.isfinite(log_side)
        low, high = known & (log_side <= boundary), known & (log_side > boundary)
        if np.median(log_side[high]) - np.median(log_side[low]) >= np.log(min_factor):
            odd |= low if low.sum() <= high.sum() else high
    return np.asarray(odd)
