from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, Passed
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc812_repeated_template import RepeatedTemplate
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = RepeatedTemplate().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


@pytest.mark.parametrize("form", FORMATS)
def test_a_box_that_was_copied_from_image_to_image(tmp_path: Path, form: str) -> None:
    objects = drawn_objects(60)
    template = replace(objects["0000.jpg"][0], name="ring", box=(61.0, 40.0, 79.0, 66.0), line=2)
    objects = {
        name: [replace(many[0], name="ring")] + ([template] if number < 12 else [])
        for number, (name, many) in enumerate(objects.items())
    }
    outcome = RepeatedTemplate().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert len(outcome.issues) == 12
    if form == "YOLO":
        assert outcome.findings[0].message.replace("0000.txt", "000.txt") == shown(RepeatedTemplate)


def test_a_fixed_place_of_all_objects_is_silent(tmp_path: Path) -> None:
    objects = {
        name: [replace(many[0], name="box", box=(20.0, 20.0, 50.0, 50.0))] for name, many in drawn_objects().items()
    }
    assert isinstance(RepeatedTemplate().check(Drawn(tmp_path, "COCO", objects).write()), Passed)
