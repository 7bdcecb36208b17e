"""DC810: boxes that are only a few pixels large at the size of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, examples, object_issues, per_class
from datacheck.rules.requirements import OBJECTS
from datacheck.stats import proportion
from datacheck.text import percent, percent_range, plural


@dataclass(frozen=True)
class TinyBoxes(Rule):
    """Boxes are only a few pixels large once the image has the size of training.

    What
    ----
    Counts the boxes whose shorter side is below ``smallest`` pixels when the longer side of the image is scaled to
    ``training_size``.

    Why it hurts training
    ---------------------
    A detector whose finest map has one cell for 8 pixels hardly sees them. They are missed in training and in use, and
    the score says little about the rest.

    How it is measured
    ------------------
    By the sides in pixels of the image, scaled. Reported, as information, from ``most`` of the boxes on, with a 95 %
    interval (Wilson).

    How to fix
    ----------
    Train at a larger input size, cut the images into tiles, or leave the smallest boxes out on purpose, in training and
    in the score.

    Example
    -------
    Photos from the air, with cars of a few pixels::

        DC810 30 boxes, 50 % (37.7 to 62.3 %), are below 8 pixels at a training size of 640: at 1,280 it would be 0 %
    """

    code: ClassVar[str] = "DC810"
    name: ClassVar[str] = "tiny-boxes"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (OBJECTS,)

    training_size: int = 640  # the usual input size of detectors
    smallest: float = 8.0  # pixels: the step of the finest map of most detectors
    most: float = 0.1  # COCO has 9 % at 640

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        boxes = boxes_of(context)
        short = scaled_short_side(boxes.sizes, boxes.frame, self.training_size)
        judged = ~np.isnan(short) & (boxes.sizes > 0).all(axis=1)
        if not judged.any():
            raise CannotJudge("the size of no annotated image is known")
        mask = judged & (short < self.smallest)
        share = proportion(int(mask.sum()), int(judged.sum()))
        if share.low < self.most:
            return Passed(
                f"{percent(share.value)} of the boxes are below {self.smallest:g} pixels at {self.training_size}"
            )
        found = np.flatnonzero(mask)
        doubled = float((short[judged] * 2 < self.smallest).mean())

        def describe(k: int) -> str:
            return f"{short[k]:.1f} pixels at {self.training_size}"

        issues = object_issues(self, context, found, describe)
        finding = self.finding(
            f"{plural(len(found), 'box', 'boxes')}, {percent(share.value)} ({percent_range(share.low, share.high)}), "
            f"are below {self.smallest:g} pixels at a training size of {self.training_size}: at "
            f"{2 * self.training_size:,} it would be {percent(doubled)}",
            "train at a larger input size, or cut the images into tiles",
            evidence={
                "n_boxes": len(found),
                "share": share.value,
                "interval": [share.low, share.high],
                "at_double_size": doubled,
                "by_class": per_class(context, found),
                "examples": examples(context, found, describe),
            },
            affected=issues,
        )
        return Found((finding,), issues)


def scaled_short_side(
    sizes: NDArray[np.float64], frame: NDArray[np.float64], training_size: float
) -> NDArray[np.float64]:
    """Return the shorter side of each box in pixels once its image's longer side has a size; [M].

    Examples
    --------
    >>> scaled_short_side(np.array([[20.0, 10]]), np.array([[1280.0, 720]]), 640).tolist()
    [5.0]
    """
    return np.asarray(sizes.min(axis=1) * training_size / frame.max(axis=1))
