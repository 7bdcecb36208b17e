from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc802_images_without_objects import ImagesWithoutObjects
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = ImagesWithoutObjects().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


def test_images_that_coco_does_not_list(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        for number in range(20):
            (root / f"images/more{number}.jpg").write_bytes((root / "images/0000.jpg").read_bytes())

    outcome = ImagesWithoutObjects().check(Drawn(tmp_path, "COCO", drawn_objects()).write(spoil))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(ImagesWithoutObjects)
    assert outcome.findings[0].n_affected == 20


@pytest.mark.parametrize("form", FORMATS)
def test_many_images_without_an_object_are_information(tmp_path: Path, form: str) -> None:
    objects = drawn_objects()
    for name in list(objects)[:20]:
        objects[name] = []
    outcome = ImagesWithoutObjects().check(Drawn(tmp_path, form, objects).write())
    assert isinstance(outcome, Found)
    assert [each.severity for each in outcome.findings] == [Severity.INFO]
    assert outcome.findings[0].evidence["n_empty"] == 20
    objects |= {name: drawn_objects()[name] for name in list(objects)[1:20]}
    assert isinstance(ImagesWithoutObjects().check(Drawn(tmp_path, form, objects).write()), Passed)
