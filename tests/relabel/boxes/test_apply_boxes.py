"""``datacheck relabel apply`` on datasets with boxes: a corrected copy, in which nothing else differs."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.cli import run as datacheck_command
from datacheck.relabel.boxes.decisions import BoxCorrections
from datacheck.relabel.boxes.images import BoxImages
from datacheck.scanning import scan
from datacheck.sources import open_source
from tests.annotations.drawn import FORMATS, Objects, drawn_objects
from tests.relabel.boxes.drawn_run import answer, audited, audited_again, images_of, save_answers

Found = dict[str, list[tuple[str | None, tuple[float, ...]]]]


def boxes_of(images: BoxImages) -> Found:
    """Return class and corners, to a hundredth of a pixel, of each image's boxes by its name."""
    return {
        Path(image.uri).name: [(each.label, tuple(round(side, 2) for side in each.box)) for each in image.boxes]
        for image in images.images.values()
    }


def opened(folder: Path) -> BoxImages:
    manifest = open_source(folder)
    return BoxImages.of(manifest, scan(manifest, jobs=1).measurements)


def digests(folder: Path) -> dict[str, str]:
    """Return a hash of each file by its path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def objects() -> Objects:
    """Six images, of which the last has no object."""
    found = drawn_objects(6)
    found["0005.jpg"] = []
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_the_copy_has_the_corrections_and_nothing_else_differs(tmp_path: Path, form: str, objects: Objects) -> None:
    run = audited(tmp_path, form, objects)
    before = boxes_of(images_of(run))
    by_name = {Path(image.uri).name: image for image in images_of(run).images.values()}
    two, three = by_name["0001.jpg"], by_name["0002.jpg"]
    other = "cone" if two.boxes[0].label != "cone" else "ring"
    save_answers(run, [
        answer(1, two.sample_id, "change", two.boxes[0].annotation_id, label=other, box=(3, 5, 33, 29)),
        answer(2, two.sample_id, "accept", two.boxes[1].annotation_id),
        answer(3, three.sample_id, "delete", three.boxes[1].annotation_id),
        answer(4, by_name["0005.jpg"].sample_id, "add", label="box", box=(10, 20, 40, 60)),
    ])  # fmt: skip
    source = digests(tmp_path / "set")
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0

    expected = {name: list(found) for name, found in before.items()}
    expected["0001.jpg"][0] = (other, (3, 5, 33, 29))
    del expected["0002.jpg"][1]
    expected["0005.jpg"].append(("box", (10, 20, 40, 60)))
    assert boxes_of(opened(tmp_path / "new")) == expected
    assert digests(tmp_path / "set") == source
    copy = digests(tmp_path / "new")
    assert set(copy) == set(source)
    changed = {name for name in copy if copy[name] != source[name]}
    assert len(changed) == (1 if form == "COCO" else 3)
    assert not any(name.endswith(".jpg") for name in changed)


def test_without_a_folder_nothing_but_the_change_log_is_written(
    tmp_path: Path, objects: Objects, capsys: pytest.CaptureFixture[str]
) -> None:
    run = audited(tmp_path, "YOLO", objects)
    (first, *_) = images_of(run).images.values()
    save_answers(run, [answer(1, first.sample_id, "delete", 1)])
    assert datacheck_command(["relabel", "apply", str(run)]) == 0
    said = capsys.readouterr().out
    assert "1 box decided: 0 right, 0 with another class, 0 moved, 1 deleted, 0 added, 0 disputed" in said
    assert "--folder DIR writes a corrected copy, which changes 1 annotation file" in said
    (row,) = csv.DictReader((run / "boxes" / "changes.csv").read_text().splitlines())
    assert (row["annotation_file"], row["annotation_id"], row["decision"], row["annotators"], row["answered_at"]) == (
        "labels/0000.txt", "1", "delete", "ann", "2026-01-01",
    )  # fmt: skip
    assert BoxCorrections.load(run / "boxes" / "corrections.parquet").changes[0]["old_label"] == first.boxes[0].label


def test_a_label_file_is_copied_and_never_linked(tmp_path: Path, objects: Objects) -> None:
    run = audited(tmp_path, "YOLO", objects)
    (first, *_) = images_of(run).images.values()
    save_answers(run, [answer(1, first.sample_id, "delete", 1)])
    datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")])
    assert (tmp_path / "new/labels/0001.txt").stat().st_nlink == 1
    assert (tmp_path / "new/images/0001.jpg").stat().st_nlink == 2


def test_an_image_without_a_label_file_gets_one(tmp_path: Path, objects: Objects) -> None:
    audited(tmp_path, "Pascal VOC", objects)
    (tmp_path / "set/labels/0005.xml").unlink()
    run = audited_again(tmp_path)
    image = next(image for image in images_of(run).images.values() if image.uri.endswith("0005.jpg"))
    save_answers(run, [answer(1, image.sample_id, "add", label="cone", box=(1, 2, 30, 40))])
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0
    assert boxes_of(opened(tmp_path / "new"))["0005.jpg"] == [("cone", (1.0, 2.0, 30.0, 40.0))]


def test_a_file_that_changed_since_the_audit_stops_everything(
    tmp_path: Path, objects: Objects, capsys: pytest.CaptureFixture[str]
) -> None:
    run = audited(tmp_path, "YOLO", objects)
    (first, *_) = images_of(run).images.values()
    save_answers(run, [answer(1, first.sample_id, "delete", 1)])
    (tmp_path / "set/labels/0000.txt").write_text("1 0.5 0.5 0.1 0.1\n")
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 2
    assert "the file has changed since; audit it again; nothing was written" in " ".join(
        capsys.readouterr().err.split()
    )
    assert not (tmp_path / "new").exists()


def test_a_polygon_cannot_be_moved_and_the_rest_is_written(
    tmp_path: Path, objects: Objects, capsys: pytest.CaptureFixture[str]
) -> None:
    each = objects["0001.jpg"][0]
    left, top, right, bottom = each.box
    objects["0001.jpg"][0] = replace(
        each, shape="polygon", points=(left, bottom, (left + right) / 2, top, right, bottom)
    )
    run = audited(tmp_path, "COCO", objects)
    image = next(image for image in images_of(run).images.values() if image.uri.endswith("0001.jpg"))
    save_answers(run, [
        answer(1, image.sample_id, "change", image.boxes[0].annotation_id, box=(1, 1, 9, 9)),
        answer(2, image.sample_id, "delete", image.boxes[1].annotation_id),
    ])  # fmt: skip
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 1
    assert "annotation id 2: it cannot be moved: it is drawn as a polygon, not as a box" in capsys.readouterr().out
    assert len(boxes_of(opened(tmp_path / "new"))["0001.jpg"]) == 1
