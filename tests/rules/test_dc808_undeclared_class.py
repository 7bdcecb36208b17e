from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc808_undeclared_class import UndeclaredClass
from tests.annotations.drawn import CLASSES, FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = UndeclaredClass().check(clean_boxes(form))
    assert isinstance(outcome, (Passed, NotApplicable)), outcome


@pytest.mark.parametrize("form", ["YOLO", "COCO"])
def test_a_number_beyond_the_classes(tmp_path: Path, form: str) -> None:
    objects = drawn_objects()
    objects["0002.jpg"][0] = replace(objects["0002.jpg"][0], name="99")
    outcome = UndeclaredClass().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert outcome.issues["sample_id"].to_pylist() == ["images/0002.jpg"]
    assert "'99'" in outcome.findings[0].message
    if form == "YOLO":
        assert outcome.findings[0].message == shown(UndeclaredClass)


def test_a_class_without_objects(tmp_path: Path) -> None:
    objects = {name: [replace(each, name="ring") for each in many] for name, many in drawn_objects().items()}
    outcome = UndeclaredClass().check(Drawn(tmp_path, "YOLO", objects).write())
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.findings[0].evidence["unused"] == list(CLASSES[1:])
