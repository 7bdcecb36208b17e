from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc803_orphan_annotations import OrphanAnnotations
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = OrphanAnnotations().check(clean_boxes(form))
    assert isinstance(outcome, (Passed, NotApplicable)), outcome


def test_annotations_of_images_that_were_removed(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        path = root / "instances.json"
        text = path.read_text()
        for number in (7, 8, 9):
            before, mark, after = text.partition(f'"id": {number}, "image_id": ')
            text = before + mark + "41" + after.lstrip("0123456789")
        path.write_text(text)

    outcome = OrphanAnnotations().check(Drawn(tmp_path, "COCO", drawn_objects()).write(spoil))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(OrphanAnnotations)
