"""What was done to a picture to make its copy, in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.duplicates.orientations import ORIENTATIONS
from datacheck.duplicates.registration import Registered
from datacheck.scanning.measurements import Measurements

_ASPECT = 0.05
"""Logarithms of the proportions further apart than this were stretched: rounding to whole pixels stays below."""

_TONE = 0.04
"""Mean brightness (of 1) further apart than this is visible side by side."""

_CONTRAST = 1.15
"""Ratio of the contrasts from which a picture looks flatter than its copy."""

_SIZE = 1.1
"""Ratio of the long sides from which a picture is a smaller one."""

_STRAIGHT = 2.0
"""Degrees from which a small rotation is named: below, it is what the fit leaves."""

_CROPPED = 1.05
"""Scale from which a crop is named: that of a crop to 95 % of each side."""


def change_words(
    measurements: Measurements, first: NDArray[np.int64], second: NDArray[np.int64], orientation: NDArray[np.int8]
) -> list[str]:
    """Return for each pair how the second picture differs from the first, such as ``"mirrored, brighter"``.

    Empty where nothing that was measured differs: the picture was saved again.

    Parameters
    ----------
    measurements
        Of all samples.
    first, second
        Rows of the pairs, shape [P].
    orientation
        Index in `ORIENTATIONS`, shape [P].
    """
    width, height = measurements.values("width"), measurements.values("height")
    brightness, contrast = measurements.values("brightness"), measurements.values("contrast")
    grey = measurements.values("greyscale") > 0
    found = []
    for one, other, number in zip(first.tolist(), second.tolist(), orientation.tolist(), strict=True):
        turned = ORIENTATIONS[number]
        sides = (height[one], width[one]) if turned.transposed else (width[one], height[one])
        stretched = abs(np.log(sides[0] / sides[1]) - np.log(width[other] / height[other])) > _ASPECT
        longest = max(sides), max(width[other], height[other])
        lighter = brightness[other] - brightness[one]
        steeper = contrast[other] / max(contrast[one], 1e-6)
        words = [
            (turned.words, bool(turned.words)),
            ("grey", bool(grey[other] and not grey[one])),
            ("in colour", bool(grey[one] and not grey[other])),
            ("other proportions", bool(stretched)),
            ("smaller", not stretched and longest[0] > _SIZE * longest[1]),
            ("larger", not stretched and longest[1] > _SIZE * longest[0]),
            ("brighter", lighter > _TONE),
            ("darker", lighter < -_TONE),
            ("more contrast", abs(lighter) <= _TONE and steeper > _CONTRAST),
            ("less contrast", abs(lighter) <= _TONE and steeper < 1 / _CONTRAST),
        ]
        found.append(", ".join(word for word, said in words if said))
    return found


def registered_words(registered: Registered) -> list[str]:
    """Return for each pair what was done to the second picture, such as ``"mirrored, cropped"``."""
    quarter = np.rint(registered.angle / 90) * 90
    found = []
    for mirrored, turn, angle, scale in zip(
        registered.mirrored, quarter, registered.angle, registered.scale, strict=True
    ):
        words = ["mirrored"] if mirrored else []
        if turn:
            words.append({90.0: ORIENTATIONS[6], -90.0: ORIENTATIONS[5]}.get(float(turn), ORIENTATIONS[3]).words)
        if abs(angle - turn) > _STRAIGHT:
            words.append(f"turned by {abs(angle - turn):.0f}°")
        if scale > _CROPPED:
            words.append("cropped")
        elif scale < 1 / _CROPPED:
            words.append("the whole of a crop")
        found.append(", ".join(words))
    return found
