from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, Passed
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc810_tiny_boxes import TinyBoxes
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = TinyBoxes().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


@pytest.mark.parametrize("form", FORMATS)
def test_boxes_of_a_few_pixels(tmp_path: Path, form: str) -> None:
    objects = drawn_objects(30)
    objects = {name: [many[0], replace(many[0], box=(60.0, 60.0, 61.0, 61.0))] for name, many in objects.items()}
    context = Drawn(tmp_path, form, objects).write()
    outcome = TinyBoxes().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(TinyBoxes)
    assert len(outcome.issues) == 30
    assert isinstance(TinyBoxes(training_size=1280).check(context), Passed)
