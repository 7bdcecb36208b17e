"""DC813: polygons whose edges cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.annotations.polygons import crossed_polygons
from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest.annotations import SHAPES
from datacheck.rules.base import CannotJudge, Rule, RuleContext
from datacheck.rules.boxes.shared import boxes_of, class_of, examples, object_issues, object_places, object_values
from datacheck.rules.requirements import OBJECTS
from datacheck.text import percent, plural


@dataclass(frozen=True)
class CrossedPolygon(Rule):
    """A polygon crosses itself.

    What
    ----
    Finds polygons two of whose edges cross each other.

    Why it hurts training
    ---------------------
    Tools fill a crossed polygon in different ways, so that the mask of training has holes where the annotator drew
    none. Some libraries refuse it.

    How it is measured
    ------------------
    Each edge against each other; edges that only touch do not count. Of polygons with more than 400 points, 400 are
    taken evenly. Lines that mix boxes and polygons in one dataset are named too: several trainers then drop all
    polygons.

    How to fix
    ----------
    Draw the polygon anew, or repair it (``shapely.make_valid``) and look at the result.

    Example
    -------
    Two corners were exchanged::

        DC813 1 polygon crosses itself: 'labels/0001.txt' line 1
    """

    code: ClassVar[str] = "DC813"
    name: ClassVar[str] = "crossed-polygon"
    severity: ClassVar[Severity] = Severity.WARNING
    requires = (OBJECTS,)

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        objects = boxes_of(context).objects
        polygons = np.flatnonzero(objects.shape == POLYGON)
        if not len(polygons):
            raise CannotJudge("there are no polygons")
        drawn = object_values(context, "points").take(pa.array(polygons))
        lengths = pc.fill_null(pc.list_value_length(drawn), 0).to_numpy(zero_copy_only=False)
        crossed = crossed_polygons(drawn.flatten().to_numpy(), np.concatenate([[0], np.cumsum(lengths)]))
        found = polygons[crossed]
        findings = []
        if len(found):
            findings.append(
                self.finding(
                    f"{plural(len(found), 'polygon')} {'crosses' if len(found) == 1 else 'cross'} "
                    f"{'itself' if len(found) == 1 else 'themselves'}: {object_places(context, found)}",
                    "draw it anew, or repair it (shapely.make_valid) and look at the result",
                    severity=Severity.WARNING if len(found) <= FEW * len(polygons) else Severity.INFO,
                    evidence={
                        "n_polygons": len(found),
                        "share": len(found) / len(polygons),
                        "examples": examples(context, found, lambda k: class_of(context, int(objects.class_id[k]))),
                    },
                    affected=object_issues(self, context, found, lambda k: class_of(context, int(objects.class_id[k]))),
                )
            )
        boxes, kind = np.flatnonzero(objects.shape == 0), context.manifest.annotation_format
        if len(boxes) and "label_uri" in context.manifest:
            findings.append(
                self.finding(
                    f"{plural(len(boxes), 'box', 'boxes')} and {plural(len(polygons), 'polygon')} stand in one "
                    f"dataset; several trainers then drop all polygons; the rarer kind is "
                    f"{percent(min(len(boxes), len(polygons)) / (len(boxes) + len(polygons)))}, such as "
                    f"{object_places(context, (boxes if len(boxes) < len(polygons) else polygons)[:1])}",
                    "train on boxes only, or draw the missing polygons",
                    severity=Severity.WARNING if kind is not None and kind.name == "YOLO" else Severity.INFO,
                    evidence={"n_boxes": len(boxes), "n_polygons": len(polygons)},
                )
            )
        if not findings:
            return Passed(f"{plural(len(polygons), 'polygon')}, none crosses itself")
        issues = object_issues(self, context, found, lambda k: class_of(context, int(objects.class_id[k])))
        return Found(tuple(findings), issues)


POLYGON = SHAPES.index("polygon")
"""The index of polygons in `datacheck.manifest.annotations.SHAPES`."""

FEW = 0.05
"""Share of the polygons up to which crossed ones are slips; more come from the tool, and are information."""
