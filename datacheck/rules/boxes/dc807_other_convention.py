"""DC807: coordinates in another convention than the format's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, place, row_issues
from datacheck.rules.files.shared import N_EXAMPLES, N_NAMED
from datacheck.rules.requirements import OBJECTS
from datacheck.text import plural

_AS_THE_FORMAT = {
    "YOLO": "centre, width and height as shares of the image",
    "COCO": "left, top, width and height in pixels",
    "Hugging Face objects": "left, top, width and height in pixels",
}
"""What the four numbers of a format are; of the others, the corners in pixels."""


@dataclass(frozen=True)
class OtherConvention(Rule):
    """The coordinates are written in another convention than the format's.

    What
    ----
    Finds files whose boxes do not fit their images as they are read, and fit in another way: width and height where
    the far corner belongs, pixels where shares belong, corners where the centre belongs, x and y exchanged.

    Why it hurts training
    ---------------------
    All boxes of these files lie at wrong places. The training runs, and the score stays low.

    How it is measured
    ------------------
    All boxes together, then each split, then each file with at least five boxes. A box fits if it has an extent and
    lies in its image. Where less than 80 % fit as they are read and at least 98 % fit in exactly another convention,
    that one is named. Shares are tried only where all numbers are at most 1, pixels only where they are not.

    How to fix
    ----------
    Convert the files that are named, and look at some images with their boxes afterwards.

    Example
    -------
    Width and height were written where the far corner belongs::

        DC807 all 40 boxes fit their images only if they are read as left, top, width and height in pixels; the format
          (Pascal VOC) has left, top, right and bottom in pixels
    """

    code: ClassVar[str] = "DC807"
    name: ClassVar[str] = "other-convention"
    severity: ClassVar[Severity] = Severity.ERROR
    requires = (OBJECTS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        boxes = boxes_of(context)
        if np.isnan(boxes.frame).all():
            raise CannotJudge("the size of no annotated image is known")
        found = context.conventions
        if not found:
            return Passed(f"{plural(len(boxes.objects), 'box', 'boxes')} judged as the format writes them")
        kind = context.manifest.annotation_format
        name = "" if kind is None else kind.name
        usual = _AS_THE_FORMAT.get(name, "left, top, right and bottom in pixels")
        findings, notes = [], []
        for convention, rows in found.items():
            n_boxes = int(np.isin(boxes.objects.row, rows).sum())
            every = n_boxes == len(boxes.objects)
            files = [place(context, int(row), 0) for row in rows[:N_EXAMPLES]]
            where = "" if every else f" of {plural(len(rows), 'image')}, such as {', '.join(files[:N_NAMED])},"
            verb = "fits its image only if it is" if n_boxes == 1 else "fit their images only if they are"
            findings.append(
                self.finding(
                    f"{'all ' if every else ''}{plural(n_boxes, 'box', 'boxes')}{where} {verb} read as "
                    f"{convention.name}; the format ({name}) has {usual}",
                    "convert these files, then look at some images with their boxes",
                    evidence={"n_boxes": n_boxes, "read_as": convention.name, "format": usual, "examples": files},
                    affected=row_issues(self, context, [(row, f"read as {convention.name}") for row in rows.tolist()]),
                )
            )
            notes += [(int(row), f"read as {convention.name}") for row in rows]
        return Found(tuple(findings), row_issues(self, context, notes))
