from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc809_repeated_object import RepeatedObject
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = RepeatedObject().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


@pytest.mark.parametrize("form", FORMATS)
def test_a_box_twice(tmp_path: Path, form: str) -> None:
    objects = drawn_objects()
    objects["0006.jpg"] *= 2
    outcome = RepeatedObject().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING
    assert outcome.issues["sample_id"].to_pylist() == ["images/0006.jpg"]
    if form == "YOLO":
        assert outcome.findings[0].message.replace("0006", "0005") == shown(RepeatedObject)


@pytest.mark.parametrize("form", FORMATS)
def test_nearly_the_same_and_two_classes_are_information(tmp_path: Path, form: str) -> None:
    objects = drawn_objects()
    one, other = objects["0000.jpg"][0], objects["0003.jpg"][0]
    left, top, right, bottom = one.box
    objects["0000.jpg"].append(replace(one, box=(left, top, right, bottom + 1)))
    objects["0003.jpg"].append(replace(other, name="ring" if other.name != "ring" else "box"))
    outcome = RepeatedObject().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert [each.severity for each in outcome.findings] == [Severity.INFO, Severity.INFO]
    assert "has two classes" in outcome.findings[1].message
