"""Copies of images with boxes: the same image with other boxes conflicts, an image that is only alike does not."""

from __future__ import annotations

import shutil
from pathlib import Path

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.splits.dc301_exact_duplicate import ExactDuplicate
from datacheck.rules.splits.dc304_conflicting_duplicates import ConflictingDuplicates
from tests.annotations.drawn import Drawn, drawn_objects


def test_an_exact_copy_with_other_boxes_conflicts(tmp_path: Path) -> None:
    objects = drawn_objects(20)

    def copy(root: Path) -> None:
        for name, other in (("9000", "0003"), ("9001", "0004")):
            shutil.copy(root / f"images/{other}.jpg", root / f"images/{name}.jpg")
        lines = (root / "labels/0003.txt").read_text().splitlines()
        (root / "labels/9000.txt").write_text("\n".join(reversed(lines)) + "\n")
        (root / "labels/9001.txt").write_text("0 0.5 0.5 0.2 0.2\n")

    context = Drawn(tmp_path, "YOLO", objects).write(copy)
    outcome = ConflictingDuplicates().check(context)
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == ["images/0004.jpg", "images/9001.jpg"]
    outcome = ExactDuplicate().check(context)
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == ["images/0003.jpg", "images/9000.jpg"]


def test_an_alike_image_with_one_object_more_is_right(tmp_path: Path) -> None:
    from PIL import Image

    def again(root: Path) -> None:
        image = Image.open(root / "images/0004.jpg")
        image.save(root / "images/9000.jpg", quality=60)
        text = (root / "labels/0004.txt").read_text()
        (root / "labels/9000.txt").write_text(text + "2 0.9 0.9 0.05 0.05\n")

    context = Drawn(tmp_path, "YOLO", drawn_objects(20)).write(again)
    assert context.duplicates is not None
    assert (context.duplicates.near >= 0).sum() >= 2
    assert isinstance(ConflictingDuplicates().check(context), Passed)


def test_the_same_objects_in_boxes_drawn_twice_do_not_conflict(tmp_path: Path) -> None:
    def again(root: Path) -> None:
        for name, other in (("9000", "0003"), ("9001", "0004")):
            shutil.copy(root / f"images/{other}.jpg", root / f"images/{name}.jpg")
            rows = [line.split() for line in (root / f"labels/{other}.txt").read_text().splitlines()]
            wider = [f"{c} {x} {y} {float(w) * 1.1:.6f} {h}" for c, x, y, w, h in rows]
            (root / f"labels/{name}.txt").write_text("\n".join(wider) + "\n")
        with (root / "labels/9001.txt").open("a") as file:
            file.write("0 0.5 0.5 0.05 0.05\n")

    outcome = ConflictingDuplicates().check(Drawn(tmp_path, "YOLO", drawn_objects(20)).write(again))
    assert isinstance(outcome, Found)
    conflict, redrawn = outcome.findings
    assert (conflict.severity, redrawn.severity) == (Severity.ERROR, Severity.INFO)
    assert conflict.message == "2 samples are exact copies with different labels (1 cluster)"
    assert redrawn.message == "2 samples are exact copies with the same objects in other boxes (1 cluster)"
    notes = dict(zip(*(outcome.issues[name].to_pylist() for name in ("sample_id", "note")), strict=True))
    assert notes["images/9001.jpg"].endswith("not in its copy")
    assert notes["images/0004.jpg"].endswith("only in its copy")
    assert "in boxes that overlap by 90.9 % or more" in notes["images/9000.jpg"]
    outcome = ExactDuplicate().check(Drawn(tmp_path, "YOLO", drawn_objects(20)).write(again))
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == ["images/0003.jpg", "images/9000.jpg"]
