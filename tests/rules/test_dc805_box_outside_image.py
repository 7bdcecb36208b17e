from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc805_box_outside_image import BoxOutsideImage
from tests.annotations.drawn import FORMATS, HEIGHT, WIDTH, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = BoxOutsideImage().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


@pytest.mark.parametrize("form", FORMATS)
def test_boxes_outside_and_across_the_border(tmp_path: Path, form: str) -> None:
    objects = drawn_objects()
    objects["0003.jpg"][0] = replace(objects["0003.jpg"][0], box=(134.0, 20.0, 153.0, 40.0))
    objects["0010.jpg"][0] = replace(objects["0010.jpg"][0], box=(-9.0, 20.0, 30.0, 40.0))
    outcome = BoxOutsideImage().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert [each.severity for each in outcome.findings] == [Severity.ERROR, Severity.WARNING]
    assert outcome.issues["sample_id"].to_pylist() == ["images/0003.jpg", "images/0010.jpg"]
    if form == "YOLO":
        assert outcome.findings[0].message == shown(BoxOutsideImage)


@pytest.mark.parametrize("form", FORMATS)
def test_a_border_that_is_touched_or_rounded_is_silent(tmp_path: Path, form: str) -> None:
    objects = drawn_objects()
    objects["0003.jpg"][0] = replace(objects["0003.jpg"][0], box=(1.0, 1.0, WIDTH + 1.0, HEIGHT + 1.0))
    assert isinstance(BoxOutsideImage().check(Drawn(tmp_path, form, objects).write()), Passed)
