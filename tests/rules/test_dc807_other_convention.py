from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules import RuleContext
from datacheck.rules.boxes.dc807_other_convention import OtherConvention
from tests.annotations.drawn import FORMATS, Drawn, drawn_objects
from tests.rules.examples import shown


@pytest.mark.parametrize("form", FORMATS)
def test_clean_boxes_are_silent(clean_boxes: Callable[[str], RuleContext], form: str) -> None:
    outcome = OtherConvention().check(clean_boxes(form))
    assert isinstance(outcome, Passed), outcome


def test_width_and_height_instead_of_the_far_corner(tmp_path: Path) -> None:
    objects = {
        name: [
            replace(each, box=(*each.box[:2], each.box[2] - each.box[0], each.box[3] - each.box[1])) for each in many
        ]
        for name, many in drawn_objects(20).items()
    }
    outcome = OtherConvention().check(Drawn(tmp_path, "Pascal VOC", objects).write())
    assert isinstance(outcome, Found)
    n_boxes = sum(map(len, objects.values()))
    assert outcome.findings[0].message.replace(f"all {n_boxes}", "all 40") == shown(OtherConvention)
    assert len(outcome.issues) == 20


def rewritten(context_root: Path, numbers: str) -> None:
    """Write all label files of YOLO again with other numbers."""
    for path in sorted((context_root / "labels").glob("*.txt")):
        lines = []
        for line in path.read_text().splitlines():
            word, *rest = line.split()
            x, y, w, h = map(float, rest)
            lines.append(f"{word} {eval(numbers, {'x': x, 'y': y, 'w': w, 'h': h})}".replace("(", "").replace(")", ""))
        path.write_text("\n".join(lines).replace(",", "") + "\n")


@pytest.mark.parametrize(
    ("numbers", "name"),
    [
        ("(x * 96, y * 72, w * 96, h * 72)", "centre, width and height in pixels"),
        ("(x - w / 2, y - h / 2, x + w / 2, y + h / 2)", "left, top, right and bottom as shares of the image"),
    ],
)
def test_other_conventions_in_yolo_files(tmp_path: Path, numbers: str, name: str) -> None:
    context = Drawn(tmp_path, "YOLO", drawn_objects()).write(lambda root: rewritten(root, numbers))
    outcome = OtherConvention().check(context)
    assert isinstance(outcome, Found)
    assert f"read as {name}" in outcome.findings[0].message
    from datacheck.rules.boxes.dc805_box_outside_image import BoxOutsideImage

    assert isinstance(BoxOutsideImage().check(context), NotApplicable)


def test_corners_in_a_coco_file(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        import json

        path = root / "instances.json"
        value = json.loads(path.read_text())
        for each in value["annotations"]:
            x, y, w, h = each["bbox"]
            each["bbox"] = [x, y, x + w, y + h]
        path.write_text(json.dumps(value))

    outcome = OtherConvention().check(Drawn(tmp_path, "COCO", drawn_objects(edge=20)).write(spoil))
    assert isinstance(outcome, Found)
    assert "left, top, right and bottom in pixels" in outcome.findings[0].message


def test_one_file_in_pixels(tmp_path: Path) -> None:
    objects = drawn_objects()
    objects["0002.jpg"] = [replace(each, name="box") for each in objects["0002.jpg"] * 2]

    def spoil(root: Path) -> None:
        path = root / "labels/0002.txt"
        rows = [line.split() for line in path.read_text().splitlines()]
        path.write_text(
            "".join(f"{a} {float(x) * 96} {float(y) * 72} {float(w) * 96} {float(h) * 72}\n" for a, x, y, w, h in rows)
        )

    outcome = OtherConvention().check(Drawn(tmp_path, "YOLO", objects).write(spoil))
    assert isinstance(outcome, Found)
    assert outcome.issues["sample_id"].to_pylist() == ["images/0002.jpg"]
