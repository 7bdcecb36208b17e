"""DC111: images that are blank once their transparency is dropped."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.requirements import PIXELS
from datacheck.rules.samples.shared import FLAT, flagged, has_alpha
from datacheck.text import plural


@dataclass(frozen=True)
class DroppedAlpha(Rule):
    """Images are blank once their transparency is dropped, as most loaders drop it.

    What
    ----
    Finds images with an alpha channel whose colours alone are blank: line art and logos in which only the transparency
    draws the shape.

    Why it hurts training
    ---------------------
    ``PIL.Image.convert("RGB")``, which torchvision's ``ImageFolder`` uses, and ``cv2.imread`` drop the alpha channel.
    An image viewer shows black lines on white; the network sees a black square.

    How it is measured
    ------------------
    By the contrast (standard deviation of brightness, in [0, 1]) without the alpha channel, in files whose mode has one
    (RGBA, LA). Below ``flat`` the image is blank for a loader that drops alpha, unless its alpha channel is opaque
    everywhere, as in dark microscopy: these files are read again.

    How to fix
    ----------
    Put the images on a background before training: ``Image.alpha_composite(Image.new("RGBA", image.size, "white"),
    image).convert("RGB")``. Use the same background in training and in use.

    Example
    -------
    Logos were exported with a transparent background::

        DC111 12 of 12 images with transparency are blank without it: loaders that drop alpha show one colour
    """

    code: ClassVar[str] = "DC111"
    name: ClassVar[str] = "dropped-alpha"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (PIXELS,)

    flat: float = FLAT  # as in DC404: 2.5 of 255 grey levels

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        alpha = has_alpha(context.measured.strings("mode"))
        if not alpha.any():
            raise CannotJudge("no image has an alpha channel")
        contrast = context.measured.values("contrast")
        mask = blank_without_alpha(alpha, contrast, self.flat)
        mask[mask] = [not is_opaque(context, row) for row in np.flatnonzero(mask).tolist()]
        n_alpha = int(alpha.sum())
        if not mask.any():
            return Passed(f"{plural(n_alpha, 'image')} with transparency, none blank without it")
        issues, _, evidence = flagged(self, context, mask, np.ones(len(mask)), contrast)
        verb = "is" if issues.num_rows == 1 else "are"
        finding = self.finding(
            f"{issues.num_rows:,} of {plural(n_alpha, 'image')} with transparency {verb} blank without it: loaders "
            "that drop alpha show one colour",
            "put the images on a background before training (Image.alpha_composite), the same in training and in use",
            evidence={**evidence, "with_alpha": n_alpha},
            affected=issues,
        )
        return Found((finding,), issues)


def blank_without_alpha(alpha: NDArray[np.bool_], contrast: NDArray[np.float64], flat: float) -> NDArray[np.bool_]:
    """Return which images have an alpha channel and no contrast in their colours; shape [N], NaN is not.

    Examples
    --------
    >>> blank_without_alpha(np.array([True, True, False]), np.array([0.0, 0.2, 0.0]), 0.01).tolist()
    [True, False, False]
    """
    return np.asarray(alpha & (contrast < flat))


def is_opaque(context: RuleContext, row: int) -> bool:
    """Return whether an image has an alpha channel that hides nothing; False where its file cannot be read."""
    reader = context.manifest.reader
    if reader is None or "uri" not in context.manifest:
        return False
    try:
        content = reader.read(context.manifest.table["uri"][row].as_py())
        if not isinstance(content, bytes):
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lowest, _ = Image.open(io.BytesIO(content)).convert("RGBA").getchannel("A").getextrema()
    except Exception:  # decoders raise all kinds of errors for damaged files
        return False
    return lowest == OPAQUE


OPAQUE = 255
"""Alpha of a pixel that hides what is behind it."""
