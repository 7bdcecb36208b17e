"""DC805: boxes that lie outside their image, or stick out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import Describe, boxes_of, examples, object_issues, object_places, per_class
from datacheck.rules.requirements import OBJECTS
from datacheck.text import plural


@dataclass(frozen=True)
class BoxOutsideImage(Rule):
    """A box lies outside its image, or sticks out of it.

    What
    ----
    Finds boxes of which nothing, or not all, lies within the image.

    Why it hurts training
    ---------------------
    Trainers drop such boxes, drop the whole image, or cut the box to another shape. A box outside the image has no
    pixels to learn from.

    How it is measured
    ------------------
    By the four sides in pixels of the image. A side may lie ``slack_pixels`` or ``slack`` of the image's side beyond
    the border, whichever is more: tools round, and Pascal VOC counts from 1. Files in another convention are left to
    DC807.

    How to fix
    ----------
    Draw boxes that lie outside anew. Boxes that stick out can be cut at the border, if the annotators drew beyond it.

    Example
    -------
    A centre was typed wrong::

        DC805 1 box lies outside its image: 'labels/0003.txt' line 1
    """

    code: ClassVar[str] = "DC805"
    name: ClassVar[str] = "box-outside-image"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (OBJECTS,)

    slack_pixels: float = 2.0  # one for rounding, one for counting from 1
    slack: float = 0.01  # tools draw on scaled images: one pixel there is several here

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        boxes = boxes_of(context)
        known = ~np.isnan(boxes.boxes).any(axis=1) & ~np.isnan(boxes.frame).any(axis=1)
        known &= ~np.isin(boxes.objects.row, context.rows_in_other_convention)
        if not known.any():
            raise CannotJudge("the size of no annotated image is known, or all are in another convention (see DC807)")
        beyond = beyond_border(boxes.boxes, boxes.frame)
        allowed = np.maximum(self.slack_pixels, self.slack * boxes.frame).max(axis=1)
        outside = known & lies_outside(boxes.boxes, boxes.frame)
        across = known & ~outside & (beyond > allowed)
        if not (outside.any() or across.any()):
            return Passed(f"{plural(int(known.sum()), 'box', 'boxes')} within their images")
        describe = self._describe(boxes.boxes, boxes.frame)
        found = np.flatnonzero(outside | across)
        issues = object_issues(self, context, found, describe)
        findings = []
        if outside.any():
            one, many = "lies outside its image", "lie outside their images"
            findings.append(self._finding(context, np.flatnonzero(outside), (one, many), Severity.ERROR))
        if across.any():
            one, many = "sticks out of its image", "stick out of their images"
            findings.append(self._finding(context, np.flatnonzero(across), (one, many), Severity.WARNING))
        return Found(tuple(findings), issues)

    def _finding(
        self, context: RuleContext, found: NDArray[np.int64], verb: tuple[str, str], severity: Severity
    ) -> Finding:
        boxes = boxes_of(context)
        return self.finding(
            f"{plural(len(found), 'box', 'boxes')} {verb[len(found) > 1]}: {object_places(context, found)}",
            "draw it anew, or cut it at the border if the annotators drew beyond it",
            severity=severity,
            evidence={
                "n_boxes": len(found),
                "share": len(found) / len(boxes.objects),
                "by_class": per_class(context, found),
                "examples": examples(context, found, self._describe(boxes.boxes, boxes.frame)),
            },
            affected=object_issues(self, context, found, self._describe(boxes.boxes, boxes.frame)),
        )

    def _describe(self, boxes: NDArray[np.float64], frame: NDArray[np.float64]) -> Describe:
        def describe(k: int) -> str:
            left, top, right, bottom = (f"{side:.4g}" for side in boxes[k])
            return f"from ({left}, {top}) to ({right}, {bottom}) in {int(frame[k, 0])} x {int(frame[k, 1])} pixels"

        return describe


def beyond_border(boxes: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many pixels each box reaches beyond its image on its farthest side, 0 within; [M].

    Examples
    --------
    >>> beyond_border(np.array([[-3.0, 0, 5, 5], [0, 0, 9, 12]]), np.array([[10.0, 10], [10, 10]])).tolist()
    [3.0, 2.0]
    """
    low = np.minimum(boxes[:, :2], boxes[:, 2:])
    high = np.maximum(boxes[:, :2], boxes[:, 2:])
    return np.asarray(np.clip(np.maximum(-low, high - frame).max(axis=1), 0, None))


def lies_outside(boxes: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether the centre of each box lies beyond the border of its image; [M]."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.asarray(((centre < 0) | (centre > frame)).any(axis=1))
