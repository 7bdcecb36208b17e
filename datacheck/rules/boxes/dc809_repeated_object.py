"""DC809: one object annotated twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.annotations.overlaps import overlapping_pairs
from datacheck.findings import Finding, Found, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, class_of, object_issues, object_places, place
from datacheck.rules.files.shared import N_EXAMPLES
from datacheck.rules.requirements import OBJECTS
from datacheck.text import plural


@dataclass(frozen=True)
class RepeatedObject(Rule):
    """One object is annotated twice: the same box again, nearly the same, or the same with two classes.

    What
    ----
    Finds pairs of boxes of one image that are equal, or overlap so much that they can hardly be two objects.

    Why it hurts training
    ---------------------
    The second box is counted as an object that the detector misses, and its score drops for a right answer. Two
    classes on one object contradict each other in every epoch.

    How it is measured
    ------------------
    By the four sides, and by intersection over union. Equal boxes of one class are a warning; boxes of one class from
    ``near`` on, and boxes of two classes from ``near`` on, are information: two objects one behind the other can look
    like that. Boxes that mark crowds are left out.

    How to fix
    ----------
    Delete the second box. Of two classes, keep the right one.

    Example
    -------
    A line was written twice::

        DC809 1 box is there twice: 'labels/0005.txt' line 2
    """

    code: ClassVar[str] = "DC809"
    name: ClassVar[str] = "repeated-object"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (OBJECTS,)

    near: float = 0.9  # two drawings of one object by careful people differ by less

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        boxes = boxes_of(context)
        objects = boxes.objects
        usable = np.flatnonzero(~objects.crowd)
        first, second, _iou = overlapping_pairs(objects.row[usable], objects.boxes[usable], self.near)
        first, second = usable[first], usable[second]
        same_class = objects.class_id[first] == objects.class_id[second]
        equal = (objects.boxes[first] == objects.boxes[second]).all(axis=1)
        same_region = equal & (objects.shape[first] == objects.shape[second])
        kinds = (
            (same_class & same_region, "is there twice", "are there twice", Severity.WARNING),
            (
                same_class & ~same_region,
                "is nearly the same as another",
                "are nearly the same as another",
                Severity.INFO,
            ),
            (~same_class, "has two classes", "have two classes", Severity.INFO),
        )
        findings = tuple(
            self._finding(context, (first[mask], second[mask]), (one, many), severity)
            for mask, one, many, severity in kinds
            if mask.any()
        )
        if not findings:
            return Passed(f"no two of {plural(len(objects), 'box', 'boxes')} mark the same object")
        partner = dict(zip(second.tolist(), first.tolist(), strict=True))

        def describe(k: int) -> str:
            other = partner[k]
            names = [class_of(context, int(objects.class_id[each])) for each in (k, other)]
            return f"{names[0]}, as {objects.line[other]}" + ("" if names[0] == names[1] else f" ({names[1]})")

        return Found(findings, object_issues(self, context, np.unique(second), describe))

    def _finding(
        self,
        context: RuleContext,
        pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
        verbs: Sequence[str],
        severity: Severity,
    ) -> Finding:
        first, second = pairs
        objects = boxes_of(context).objects
        found = np.unique(second)
        shown = [
            {
                "place": place(context, int(objects.row[b]), int(objects.line[b])),
                "other_line": int(objects.line[a]),
                "classes": [class_of(context, int(objects.class_id[each])) for each in (a, b)],
            }
            for a, b in zip(first[:N_EXAMPLES], second[:N_EXAMPLES], strict=True)
        ]
        return self.finding(
            f"{plural(len(found), 'box', 'boxes')} {verbs[len(found) > 1]}: {object_places(context, found)}",
            "delete the second box; of two classes, keep the right one",
            severity=severity,
            evidence={"n_boxes": len(found), "share": len(found) / len(objects), "examples": shown},
            affected=object_issues(self, context, found, lambda k: class_of(context, int(objects.class_id[k]))),
        )
