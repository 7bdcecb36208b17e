from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc804_annotated_size_mismatch import AnnotatedSizeMismatch
from tests.annotations.drawn import FORMATS, HEIGHT, WIDTH, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = AnnotatedSizeMismatch().check(clean_boxes(form))
    assert isinstance(outcome, (Passed, NotApplicable)), outcome


@pytest.mark.parametrize("form", FORMATS[1:])
def test_another_size_is_named(tmp_path: Path, form: str) -> None:
    sizes = {"0003.jpg": (640, 480), "0005.jpg": (72, 96)}
    outcome = AnnotatedSizeMismatch().check(Drawn(tmp_path, form, drawn_objects(), sizes).write())
    assert isinstance(outcome, Found)
    assert outcome.findings[0].n_affected == 2
    assert "'images/0003.jpg' is 96 x 72, stated 640 x 480" in outcome.findings[0].message
    assert outcome.issues["sample_id"].to_pylist() == ["images/0003.jpg", "images/0005.jpg"]


def test_the_example(tmp_path: Path) -> None:
    objects = {f"{number:02d}.jpg": [] for number in range(1, 10)} | drawn_objects(3)
    sizes = {"01.jpg": (640, 480), "02.jpg": (640, 480)}
    context = Drawn(tmp_path, "COCO", objects, sizes).write()
    outcome = AnnotatedSizeMismatch().check(context)
    assert isinstance(outcome, Found)
    message = outcome.findings[0].message.replace("96 x 72", "320 x 240").replace("'images/", "'a/")
    assert message == shown(AnnotatedSizeMismatch)


def test_a_photo_that_exif_turns(tmp_path: Path) -> None:
    from PIL import Image

    def turn(root: Path) -> None:
        path = root / "images/0004.jpg"
        image = Image.open(path)
        exif = image.getexif()
        exif[0x0112] = 6
        image.save(path, exif=exif)

    outcome = AnnotatedSizeMismatch().check(Drawn(tmp_path, "Pascal VOC", drawn_objects()).write(turn))
    assert isinstance(outcome, Found)
    assert [each.severity for each in outcome.findings] == [Severity.WARNING]
    assert "EXIF" in outcome.findings[0].message
    upright = Drawn(tmp_path / "b", "Pascal VOC", drawn_objects(), {"0004.jpg": (HEIGHT, WIDTH)}).write(turn)
    assert isinstance(AnnotatedSizeMismatch().check(upright), Passed)
