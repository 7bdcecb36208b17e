from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datacheck.findings import Found, Passed
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc801_unreadable_annotation import UnreadableAnnotation
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = UnreadableAnnotation().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


def test_a_note_in_a_label_file_is_named(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        path = root / "labels/0006.txt"
        path.write_text(path.read_text() + "ring at the left\n")

    outcome = UnreadableAnnotation().check(Drawn(tmp_path, "YOLO", drawn_objects()).write(spoil))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(UnreadableAnnotation)
    assert outcome.issues["sample_id"].to_pylist() == ["images/0006.jpg"]


@pytest.mark.parametrize(
    ("form", "name", "content", "place"),
    [
        ("YOLO", "labels/0003.txt", b"0 0.5 nan 0.1 0.1\n", "'labels/0003.txt' line 1"),
        ("Pascal VOC", "labels/0003.xml", b"<annotation><object><name>box</name>", "'labels/0003.xml'"),
        ("Pascal VOC", "labels/0003.xml", b"<annotation><object><name>box</name></object></annotation>", "object 1"),
        ("LabelMe", "labels/0003.json", b'{"shapes": [{"label": "box", "points": [[1, 2]]}]}', "shape 1"),
        ("LabelMe", "labels/0003.json", b"{", "'labels/0003.json'"),
    ],
)
def test_damaged_files_of_each_format(tmp_path: Path, form: str, name: str, content: bytes, place: str) -> None:
    def spoil(root: Path) -> None:
        (root / name).write_bytes(content)

    outcome = UnreadableAnnotation().check(Drawn(tmp_path, form, drawn_objects()).write(spoil))
    assert isinstance(outcome, Found)
    assert place in outcome.findings[0].message
    assert outcome.issues["sample_id"].to_pylist() == ["images/0003.jpg"]


def test_an_annotation_of_coco_without_numbers(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        path = root / "instances.json"
        path.write_text(path.read_text().replace('"bbox": [', '"bbox": ["x", ', 1))

    outcome = UnreadableAnnotation().check(Drawn(tmp_path, "COCO", drawn_objects()).write(spoil))
    assert isinstance(outcome, Found)
    assert "annotation id 1 ('images/0000.jpg')" in outcome.findings[0].message
