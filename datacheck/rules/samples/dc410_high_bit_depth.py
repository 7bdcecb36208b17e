"""DC410: images with more than 8 bits per channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.scanning.value_range import white_value
from datacheck.text import number, plural

EIGHT_BITS = 255
"""Largest value of 8 bits; `PIL.Image.convert` cuts larger values off at it."""


@dataclass(frozen=True)
class HighBitDepth(Rule):
    """Images have more than 8 bits per channel, which the usual conversion to RGB cuts off.

    What
    ----
    Finds grey images of 16 or 32 bits and floating-point images whose values exceed 255, and says which values they
    use: a camera of 12 bits fills only a sixteenth of the range of a 16-bit file.

    Why it hurts training
    ---------------------
    ``PIL.Image.convert("RGB")`` sets every value above 255 to 255, so that nearly the whole image becomes white.
    Dividing by 65,535 makes the images of a 12-bit camera nearly black. Nothing crashes in either case.

    How it is measured
    ------------------
    By each file's mode and the largest value stored in it. The bit depth in use is the smallest from 8 to 16 bits
    that holds the largest value of all images. datacheck measures brightness and contrast relative to it.

    How to fix
    ----------
    Scale by the range in use when loading, for example ``np.asarray(image) / 4095``, and keep floating-point values.

    Example
    -------
    A 12-bit microscope wrote 48 TIFF files of 16 bits::

        DC410 48 images have more than 8 bits per channel, with values up to 4,082 (12 bits): convert("RGB") sets all
          values above 255 to white
    """

    code: ClassVar[str] = "DC410"
    name: ClassVar[str] = "high-bit-depth"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (PIXELS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        peaks = context.measured.values("max_value")
        rows = np.flatnonzero(peaks > EIGHT_BITS)
        if not len(rows):
            return Passed("no value exceeds 255")
        peak = float(peaks[rows].max())
        modes = context.measured.strings("mode")[rows]
        issues = self.issues(context.ids(rows), value=peaks[rows], note=[str(mode) for mode in modes])
        is_float = all(str(mode).startswith("F") for mode in modes)
        white = white_value(peak)
        depth = "" if is_float or peak > white else f" ({white.bit_length()} bits)"
        finding = self.finding(
            f"{plural(len(rows), 'image')} {'has' if len(rows) == 1 else 'have'} more than 8 bits per channel, with "
            f'values up to {number(peak)}{depth}: convert("RGB") sets all values above 255 to white',
            "scale by the range in use when loading: "
            + (
                f"np.asarray(image, dtype=np.float32) / {white}"
                if depth
                else "subtract a fixed minimum and divide by a fixed range, the same for all images"
            ),
            evidence={"max_value": peak, "n_images": len(rows), "white_value": white if depth else None},
            affected=issues,
        )
        return Found((finding,), issues)
