"""DC806: boxes whose width or height is zero or negative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, examples, object_issues, object_places, per_class
from datacheck.rules.requirements import OBJECTS
from datacheck.text import have, plural


@dataclass(frozen=True)
class BoxWithoutArea(Rule):
    """A box has no width or no height, or its corners are exchanged.

    What
    ----
    Finds boxes whose width or height is zero or negative.

    Why it hurts training
    ---------------------
    The loss of such a box is not a number or infinite, or the trainer stops with an error after hours. Other trainers
    drop it, and the object counts as background.

    How it is measured
    ------------------
    Right side minus left side, bottom minus top, as written. Less than ``smallest`` of the unit that the format counts
    in (a pixel, or the image's side) is zero. Files in another convention are left to DC807.

    How to fix
    ----------
    Exchange the corners where they are the wrong way round. Delete or draw anew what has no area: it is often a click
    that was no box.

    Example
    -------
    A click was saved as a box::

        DC806 1 box has no area: 'labels/0004.txt' line 1
    """

    code: ClassVar[str] = "DC806"
    name: ClassVar[str] = "box-without-area"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (OBJECTS,)

    smallest: float = 1e-6  # far below a pixel in shares of any image

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        boxes = boxes_of(context)
        extent = boxes.objects.boxes[:, 2:] - boxes.objects.boxes[:, :2]
        judged = ~np.isin(boxes.objects.row, context.rows_in_other_convention)
        mask = judged & without_area(boxes.objects.boxes, self.smallest)
        if not mask.any():
            return Passed(f"{plural(int(judged.sum()), 'box', 'boxes')} with an area")
        found = np.flatnonzero(mask)
        exchanged = (extent[found] < -self.smallest).any(axis=1)

        def describe(k: int) -> str:
            return f"width {extent[k, 0]:.4g}, height {extent[k, 1]:.4g}"

        issues = object_issues(self, context, found, describe)
        finding = self.finding(
            f"{have(len(found), 'box', 'boxes')} no area: {object_places(context, found)}",
            "delete it or draw it anew" + ("; exchange the corners where they are reversed" if exchanged.any() else ""),
            evidence={
                "n_boxes": len(found),
                "n_reversed": int(exchanged.sum()),
                "by_class": per_class(context, found),
                "examples": examples(context, found, describe),
            },
            affected=issues,
        )
        return Found((finding,), issues)


def without_area(boxes: NDArray[np.float64], smallest: float) -> NDArray[np.bool_]:
    """Return whether each box lacks a width or a height; [M].

    Examples
    --------
    >>> without_area(np.array([[1.0, 1, 4, 1], [1, 1, 4, 2], [4, 1, 1, 2]]), 1e-6).tolist()
    [True, False, True]
    """
    return np.asarray((boxes[:, 2:] - boxes[:, :2] < smallest).any(axis=1))
