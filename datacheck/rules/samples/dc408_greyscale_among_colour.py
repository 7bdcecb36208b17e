"""DC408: greyscale images among colour images, or the reverse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.samples.shared import flagged, measured


@dataclass(frozen=True)
class GreyscaleAmongColour:
    """Some images are greyscale and the others are in colour.

    What
    ----
    Finds the greyscale images of a colour dataset, whatever their mode says (grey pixels in an RGB file count), or the
    colour images of a greyscale one.

    Why it hurts training
    ---------------------
    Loaders that keep the mode fail on a batch of one and three channels; loaders that convert hide that some images
    have lost their colour. If grey goes with a class, it is a shortcut.

    How it is measured
    ------------------
    ``greyscale`` says that the colours carry nothing; the smaller side is flagged, the grey one where both are as
    large. Blank images (contrast below ``flat``, DC404) are neither. From ``warning_share`` on, or where the mode is a
    greyscale one too, it is a warning, otherwise an info: a photo of fog is grey.

    How to fix
    ----------
    Convert all images to one mode in the loader. Replace grey ones by their originals, augment with random greyscale,
    or train on grey altogether.

    Example
    -------
    >>> import numpy as np
    >>> minority(np.array([True, False, False]), np.array([True, True, True])).tolist()
    [True, False, False]
    """

    code: ClassVar[str] = "DC408"
    name: ClassVar[str] = "greyscale-among-colour"
    severity: ClassVar[Severity] = Severity.WARNING

    warning_share: float = 0.05
    flat: float = 0.01

    def check(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        measurements = measured(context)
        if isinstance(measurements, NotApplicable):
            return measurements
        measured_grey = measurements.values("greyscale")
        judged = np.isfinite(measured_grey) & ~(measurements.values("contrast") < self.flat)
        if not judged.any():
            return NotApplicable("every image is blank (see DC404)")
        grey = judged & (measured_grey == 1)
        mask = minority(grey, judged)
        if not mask.any():
            return Passed("all greyscale" if grey.any() else "all in colour")
        are_grey = bool(grey[mask].all())
        share = mask.sum() / judged.sum()
        stored_grey = np.isin(measurements.strings("mode")[mask], ["L", "LA", "1", "I", "I;16", "F"])
        warn = share >= self.warning_share or (are_grey and bool(stored_grey.any()))
        return flagged(
            self,
            context,
            mask,
            suspicion=np.full(len(mask), 1.0),
            value=measurements.values("colourfulness"),
            message="{n} are greyscale, the others in colour"
            if are_grey
            else "{n} are in colour, the others greyscale",
            remedy="convert all images to one mode in the loader; replace what lost its colour, or train on grey",
            severity=Severity.WARNING if warn else Severity.INFO,
            evidence={"greyscale": int(grey.sum()), "colour": int((judged & ~grey).sum())},
        )


def minority(grey: NDArray[np.bool_], judged: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the smaller of the two sides among the judged; none where there is one side only; shape [N]."""
    colour = judged & ~grey
    grey = judged & grey
    if not grey.any() or not colour.any():
        return np.zeros(len(grey), dtype=bool)
    return grey if grey.sum() <= colour.sum() else colour
