"""DC821: masks of another size than their image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.pixels import ImageSizes, size_words
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.mask_classes import masks_of
from datacheck.rules.masks.shared import mask_files, mask_issues, named
from datacheck.rules.requirements import MASKS, SCAN
from datacheck.text import have, number, plural


@dataclass(frozen=True)
class MaskSizeMismatch(Rule):
    """A mask has another size than its image.

    What
    ----
    Names the masks whose width and height are not those of the image. Where the image is turned by its EXIF
    orientation, and the mask has the size before or after, that is not counted. Where all masks are smaller or
    larger by one factor, that is one piece of information.

    Why it hurts training
    ---------------------
    The first batch that holds such a pair stops the training, or the mask is resized without a word and its borders
    move. A mask of another size often belongs to another image.

    How it is measured
    ------------------
    The size of the decoded mask against that of the image, as stored and upright.

    How to fix
    ----------
    Export the mask at the size of its image. Where it must be resized, use nearest-neighbour interpolation.

    Example
    -------
    A mask was exported at half size::

        DC821 1 mask has another size than its image: 'masks/05.png' (48 x 36, image 96 x 72)
    """

    code: ClassVar[str] = "DC821"
    name: ClassVar[str] = "mask-size-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (MASKS, SCAN)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        masks = masks_of(context)
        sizes, image = masks.sizes, context.image_sizes.take(masks.rows)
        known = ~np.isnan(sizes).any(axis=1) & ~np.isnan(image.stored).any(axis=1)
        if not known.any():
            raise CannotJudge("no mask and its image could both be read")
        rows = np.flatnonzero(known & other_size(sizes, image))
        n_judged = int(known.sum())
        if not len(rows):
            return Passed(f"{plural(n_judged, 'mask')} of the size of the image")

        def note(row: int) -> str:
            return f"({size_words(sizes[row])}, image {size_words(image.upright[row])})"

        issues = mask_issues(self, context, rows, note)
        ratios = (image.upright[rows] / sizes[rows]).round(2)
        evidence = {"n_masks": len(rows), "n_judged": n_judged, "examples": mask_files(context, rows[:N_EXAMPLES])}
        if len(rows) == n_judged and (ratios == ratios[0]).all() and len(rows) > 1:
            ratio, size = float(ratios[0, 0]), "smaller" if ratios[0, 0] > 1 else "larger"
            finding = self.finding(
                f"all {plural(n_judged, 'mask')} are {size} than their images by a factor of "
                f"{number(max(ratio, 1 / ratio))}: {named(context, rows[:1], note)}",
                "check that the loader scales images and masks to one size, the masks with nearest-neighbour",
                severity=Severity.INFO,
                evidence=evidence,
                affected=issues,
            )
        else:
            finding = self.finding(
                f"{have(len(rows), 'mask')} another size than {'its image' if len(rows) == 1 else 'their images'}: "
                f"{named(context, rows, note)}",
                "export the mask at the size of its image, and check that it belongs to this image",
                evidence=evidence,
                affected=issues,
            )
        return Found((finding,), issues)


def other_size(masks: NDArray[np.float64], image: ImageSizes) -> NDArray[np.bool_]:
    """Return whether each mask has neither the stored nor the upright size of its image; [N]."""
    as_stored, as_upright = (masks == image.stored).all(axis=1), (masks == image.upright).all(axis=1)
    return np.asarray(~as_stored & ~as_upright)
