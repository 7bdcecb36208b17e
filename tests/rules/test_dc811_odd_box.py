from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc811_odd_box import OddBox
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = OddBox().check(clean_boxes(form))
    assert isinstance(outcome, (Passed, NotApplicable)), outcome


@pytest.mark.parametrize("form", FORMATS)
def test_a_corner_that_was_dragged_away(tmp_path: Path, form: str) -> None:
    objects = drawn_objects(120)
    objects["0001.jpg"][0] = replace(objects["0001.jpg"][0], box=(4.0, 30.0, 92.0, 32.0))
    outcome = OddBox().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.issues["sample_id"].to_pylist() == ["images/0001.jpg"]
    if form == "YOLO":
        assert outcome.findings[0].message == shown(OddBox)


def test_clean_boxes_of_many_images_are_silent(tmp_path: Path) -> None:
    assert isinstance(OddBox().check(Drawn(tmp_path, "COCO", drawn_objects(150, seed=3)).write()), Passed)
