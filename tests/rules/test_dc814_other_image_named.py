from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc814_other_image_named import OtherImageNamed
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown

STATED = {"Pascal VOC": ("xml", "<filename>{}</filename>"), "LabelMe": ("json", '"imagePath": "{}"')}


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = OtherImageNamed().check(clean_boxes(form))
    assert isinstance(outcome, Passed if form in STATED else NotApplicable), outcome


def _renamed(root: Path, form: str, names: dict[str, str]) -> None:
    extension, written = STATED[form]
    for name, other in names.items():
        path = (root / "labels" / name).with_suffix(f".{extension}")
        text = path.read_text()
        assert written.format(name) in text
        path.write_text(text.replace(written.format(name), written.format(other)))


@pytest.mark.parametrize("form", STATED)
def test_the_name_of_another_image_is_named(tmp_path: Path, form: str) -> None:
    names = {"0003.jpg": "0004.jpg", "0005.jpg": "0006.jpg"}
    context = Drawn(tmp_path, form, drawn_objects(12)).write(lambda root: _renamed(root, form, names))
    outcome = OtherImageNamed().check(context)
    assert isinstance(outcome, Found)
    assert [each.severity for each in outcome.findings] == [Severity.WARNING]
    assert outcome.findings[0].message == shown(OtherImageNamed)
    assert outcome.issues["sample_id"].to_pylist() == ["images/0003.jpg", "images/0005.jpg"]


def test_other_extensions_folders_and_renamed_images_are_remarks(tmp_path: Path) -> None:
    names = {"0001.jpg": "0001.png", "0002.jpg": "IMG_7.jpg", "0003.jpg": "C:\\photos\\0003.JPG", "0004.jpg": "0004"}
    context = Drawn(tmp_path, "Pascal VOC", drawn_objects(12)).write(lambda root: _renamed(root, "Pascal VOC", names))
    outcome = OtherImageNamed().check(context)
    assert isinstance(outcome, Found)
    assert [(each.severity, each.evidence["examples"]) for each in outcome.findings] == [
        (Severity.INFO, ["'images/0002.jpg' has 'IMG_7.jpg'"]),
        (Severity.INFO, ["'images/0001.jpg' has '0001.png'"]),
    ]
