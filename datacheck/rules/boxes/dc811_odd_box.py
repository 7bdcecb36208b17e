"""DC811: boxes whose size or aspect is far from that of their class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, class_of, examples, object_issues, object_places, per_class
from datacheck.rules.requirements import OBJECTS
from datacheck.text import plural


@dataclass(frozen=True)
class OddBox(Rule):
    """A box is far larger, smaller, wider or taller than the others of its class.

    What
    ----
    Finds boxes whose area, as a share of the image, or whose aspect is far outside what the boxes of their class have.

    Why it hurts training
    ---------------------
    Many of them are slips: a box over two objects, a corner that was dragged away, a wrong class. They are few, so the
    finding is information: a list to look at.

    How it is measured
    ------------------
    By class, on the logarithm of area and of aspect: beyond ``fences`` interquartile ranges outside the quartiles
    (Tukey). A box that touches the border of the image is cut off there and is not named. Classes with fewer than
    ``fewest`` boxes, or with an interquartile range near zero, are not judged.

    How to fix
    ----------
    Look at the boxes that are named, and draw those anew that are wrong.

    Example
    -------
    A corner was dragged across the image::

        DC811 1 box has a size or aspect far from its class: 'labels/0001.txt' line 1
    """

    code: ClassVar[str] = "DC811"
    name: ClassVar[str] = "odd-box"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (OBJECTS,)

    fences: float = 3.0  # Tukey's outer fence: about 1 in 430,000 of a normal distribution
    fewest: int = 30

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        boxes = boxes_of(context)
        objects = boxes.objects
        sizes = boxes.sizes
        usable = (sizes > 0).all(axis=1) & ~np.isnan(boxes.frame).any(axis=1) & ~objects.crowd
        usable &= (objects.class_id >= 0) & ~np.isin(objects.row, context.rows_in_other_convention)
        with np.errstate(divide="ignore", invalid="ignore"):
            area = np.log(sizes.prod(axis=1) / boxes.frame.prod(axis=1))
            aspect = np.log(sizes[:, 0] / sizes[:, 1])
        mask = np.zeros(len(objects), dtype=bool)
        n_judged = 0
        for number in range(len(context.manifest.classes)):
            rows = np.flatnonzero(usable & (objects.class_id == number))
            if len(rows) >= self.fewest:
                n_judged += 1
                mask[rows] = far_out(area[rows], self.fences) | far_out(aspect[rows], self.fences)
        if not n_judged:
            raise CannotJudge(f"no class has {self.fewest} boxes in images of known size")
        mask &= ~at_border(boxes.boxes, boxes.frame)
        if not mask.any():
            return Passed(f"{plural(int(usable.sum()), 'box', 'boxes')} of a size and aspect usual in their class")
        found = np.flatnonzero(mask)

        def describe(k: int) -> str:
            return f"{class_of(context, int(objects.class_id[k]))}, {sizes[k, 0]:.0f} x {sizes[k, 1]:.0f} pixels"

        issues = object_issues(self, context, found, describe)
        finding = self.finding(
            f"{plural(len(found), 'box', 'boxes')} {'has' if len(found) == 1 else 'have'} a size or aspect far from "
            f"{'its' if len(found) == 1 else 'their'} class: {object_places(context, found)}",
            "look at them, and draw those anew that are wrong",
            evidence={
                "n_boxes": len(found),
                "by_class": per_class(context, found),
                "examples": examples(context, found, describe),
            },
            affected=issues,
        )
        return Found((finding,), issues)


BORDER = 2.0
"""Pixels from the border of the image at which a box touches it."""


def at_border(boxes: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether each box touches the border of its image; [M]."""
    return np.asarray((boxes[:, :2] <= BORDER).any(axis=1) | (boxes[:, 2:] >= frame - BORDER).any(axis=1))


SMALLEST_RANGE = 0.05
"""Smallest interquartile range of a logarithm (5 %) on which boxes are judged: below it, rounding makes outliers."""


def far_out(values: NDArray[np.float64], fences: float) -> NDArray[np.bool_]:
    """Return which values lie beyond some interquartile ranges outside the quartiles; [n].

    Examples
    --------
    >>> far_out(np.array([1.0, 1.1, 1.2, 1.3, 9.0]), 3.0).tolist()
    [False, False, False, False, True]
    """
    low, high = np.quantile(values, (0.25, 0.75))
    spread = max(high - low, SMALLEST_RANGE)
    return np.asarray((values < low - fences * spread) | (values > high + fences * spread))
