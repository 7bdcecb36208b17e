from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc813_crossed_polygon import CrossedPolygon
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = CrossedPolygon().check(clean_boxes(form))
    assert isinstance(outcome, NotApplicable), outcome


def polygons(crossed: bool) -> dict:
    """Return objects drawn as polygons; of the second image, two corners are exchanged."""
    found = {}
    for number, (name, many) in enumerate(drawn_objects(30).items()):
        objects = []
        for each in many:
            left, top, right, bottom = each.box
            corners = [(left, top), (right, top), (right, bottom), ((left + right) / 2, bottom - 2), (left, bottom)]
            if crossed and number == 1 and each.line == 1:
                corners[1], corners[2] = corners[2], corners[1]
            points = tuple(value for corner in corners for value in corner)
            objects.append(replace(each, shape="polygon", points=points))
        found[name] = objects
    return found


@pytest.mark.parametrize("form", ["YOLO", "LabelMe", "COCO"])
def test_two_corners_that_were_exchanged(tmp_path: Path, form: str) -> None:
    outcome = CrossedPolygon().check(Drawn(tmp_path, form, polygons(crossed=True)).write())
    assert isinstance(outcome, Found)
    assert outcome.issues["sample_id"].to_pylist() == ["images/0001.jpg"]
    if form == "YOLO":
        assert outcome.findings[0].message == shown(CrossedPolygon)
    assert isinstance(CrossedPolygon().check(Drawn(tmp_path / "b", form, polygons(crossed=False)).write()), Passed)


def test_boxes_and_polygons_in_one_dataset(tmp_path: Path) -> None:
    objects = polygons(crossed=False)
    objects["0000.jpg"] = drawn_objects()["0000.jpg"]
    outcome = CrossedPolygon().check(Drawn(tmp_path, "YOLO", objects).write())
    assert isinstance(outcome, Found)
    assert "several trainers then drop all polygons" in outcome.findings[0].message
