"""DC408: greyscale images among colour images, or the reverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import FLAT, flagged

GREY_MODES = ("L", "LA", "1", "I", "I;16", "F")
"""Pillow's modes that hold no colour."""


@dataclass(frozen=True)
class GreyscaleAmongColour(Rule):
    """Some images are greyscale and the others are in colour.

    What
    ----
    Finds the greyscale images of a colour dataset (grey pixels in an RGB file count too), or the colour images of a
    greyscale dataset.

    Why it hurts training
    ---------------------
    A loader that keeps the mode fails on a batch with one and three channels. A loader that converts hides that some
    images have lost their colour. If grey goes with a class, it is a shortcut (DC504).

    How it is measured
    ------------------
    By ``greyscale``, which is true if the colours of an image carry no information. The smaller group is flagged; the
    grey one if both are equal. Blank images (contrast below ``flat``, DC404) are not judged. It is a warning from
    ``warning_share`` on, or if the mode of a flagged image is a greyscale mode; otherwise an info, because a photo of
    fog is grey too.

    How to fix
    ----------
    Convert all images to one mode in the loader. Replace grey images by their colour originals, augment with random
    greyscale, or train on grey images only.

    Example
    -------
    Five old photos of 50 are black and white::

        DC408 5 of 50 images (10 %) are greyscale, the others are in colour
    """

    code: ClassVar[str] = "DC408"
    name: ClassVar[str] = "greyscale-among-colour"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    warning_share: float = 0.05  # a few photos of fog or snow are grey in every dataset
    flat: float = FLAT  # as in DC404

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measured = context.measured
        measured_grey = measured.values("greyscale")
        judged = np.isfinite(measured_grey) & ~(measured.values("contrast") < self.flat)
        if not judged.any():
            raise CannotJudge("every image is blank (see DC404)")
        grey = judged & (measured_grey == 1)
        mask = minority(grey, judged)
        if not mask.any():
            return Passed("all greyscale" if grey.any() else "all in colour")
        are_grey = bool(grey[mask].all())
        stored_grey = are_grey and bool(np.isin(measured.strings("mode")[mask], GREY_MODES).any())
        warn = stored_grey or mask.sum() / judged.sum() >= self.warning_share
        issues, counted, evidence = flagged(
            self, context, mask, np.full(len(mask), 1.0), measured.values("colourfulness")
        )
        finding = self.finding(
            f"{counted} are greyscale, the others are in colour"
            if are_grey
            else f"{counted} are in colour, the others are greyscale",
            "convert all images to one mode in the loader; replace images that lost their colour, or train on grey",
            severity=Severity.WARNING if warn else Severity.INFO,
            evidence={**evidence, "greyscale": int(grey.sum()), "colour": int((judged & ~grey).sum())},
            affected=issues,
        )
        return Found((finding,), issues)


def minority(grey: NDArray[np.bool_], judged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the smaller of the two sides among the judged; none where there is one side only; shape [N].

    Examples
    --------
    >>> minority(np.array([True, False, False]), np.array([True, True, True])).tolist()
    [True, False, False]
    """
    colour = judged & ~grey
    grey = judged & grey
    if not grey.any() or not colour.any():
        return np.zeros(len(grey), dtype=bool)
    return grey if grey.sum() <= colour.sum() else colour
