from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, Passed
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc806_box_without_area import BoxWithoutArea
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = BoxWithoutArea().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


@pytest.mark.parametrize("form", FORMATS)
def test_zero_and_negative_extents(tmp_path: Path, form: str) -> None:
    objects = drawn_objects()
    first = objects["0004.jpg"][0]
    left, top, right, bottom = first.box
    objects["0004.jpg"][0] = replace(first, box=(left, top, left, bottom))
    outcome = BoxWithoutArea().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert outcome.issues["sample_id"].to_pylist() == ["images/0004.jpg"]
    if form == "YOLO":
        assert outcome.findings[0].message == shown(BoxWithoutArea)
    objects["0004.jpg"][0] = replace(first, box=(right, top, left, bottom))
    outcome = BoxWithoutArea().check(Drawn(tmp_path, form, objects).write())
    if form == "LabelMe":  # its corners have no order
        assert isinstance(outcome, Passed)
    else:
        assert isinstance(outcome, Found)
        assert outcome.findings[0].evidence["n_reversed"] == 1
