"""Corrections in the layouts that datasets come in: splits, a YAML file, several COCO files with the same ids, CVAT."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.fingerprints import fingerprint
from datacheck.manifest import Manifest
from datacheck.relabel.boxes.corrected import CorrectedAnnotations
from datacheck.relabel.boxes.decisions import decide
from datacheck.relabel.boxes.images import BoxImages
from datacheck.relabel.corrected_files import CorrectedFiles
from datacheck.scanning import scan
from datacheck.sources import open_source
from datacheck.sources.annotations.yolo import FORMAT as YOLO
from tests.annotations.drawn import CLASSES, HEIGHT, WIDTH, Objects, draw, drawn_objects, write_coco, write_label_files
from tests.relabel.boxes.drawn_run import answer, save_answers
from tests.relabel.boxes.test_apply_boxes import boxes_of, digests

Layout = Callable[[Path, Objects, Objects], Path]


def pictures(folder: Path, objects: Objects) -> None:
    folder.mkdir(parents=True)
    for number, (name, found) in enumerate(objects.items()):
        draw(found, number).save(folder / name, quality=90)


def yolo_yaml(root: Path, train: Objects, val: Objects) -> Path:
    """``images/train`` beside ``labels/train``, named by a YAML file."""
    for split, objects in (("train", train), ("val", val)):
        pictures(root / "images" / split, objects)
        (root / "tmp").mkdir()
        write_label_files(root / "tmp", YOLO, objects, {})
        (root / "labels").mkdir(exist_ok=True)
        (root / "tmp/labels").rename(root / "labels" / split)
        shutil.rmtree(root / "tmp")
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASSES))
    (root / "data.yaml").write_text(f"path: .\ntrain: images/train\nval: images/val\nnames:\n{names}")
    return root / "data.yaml"


def yolo_beside(root: Path, train: Objects, val: Objects) -> Path:
    """Label files beside the images, class names in ``classes.txt``."""
    objects = {**train, **val}
    pictures(root / "all", objects)
    write_label_files(root, YOLO, objects, {})
    for path in (root / "labels").iterdir():
        path.rename(root / "all" / path.name)
    (root / "labels").rmdir()
    (root / "data.yaml").unlink()
    (root / "all/classes.txt").write_text("\n".join(CLASSES))
    return root / "all"


def roboflow(root: Path, train: Objects, val: Objects) -> Path:
    """A COCO file in the folder of each split; their ids are the same."""
    for split, objects in (("train", train), ("valid", val)):
        pictures(root / split, objects)
        write_coco(root / split / "_annotations.coco.json", objects, {})
    return root


def cvat(root: Path, train: Objects, val: Objects) -> Path:
    """One ``annotations.xml`` above the images."""
    objects = {**train, **val}
    pictures(root / "images", objects)
    parts = ["<annotations>\n"]
    for name, found in objects.items():
        parts.append(f'  <image id="0" name="{name}" width="{WIDTH}" height="{HEIGHT}">\n')
        for each in found:
            left, top, right, bottom = each.box
            parts.append(f'    <box label="{each.name}" xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}"></box>\n')
        parts.append("  </image>\n")
    (root / "annotations.xml").write_text("".join([*parts, "</annotations>\n"]))
    return root


LAYOUTS: dict[str, tuple[Layout, int]] = {
    "yolo-yaml": (yolo_yaml, 2), "yolo-beside": (yolo_beside, 2), "roboflow": (roboflow, 1), "cvat": (cvat, 1),
}  # fmt: skip


def opened(source: Path) -> tuple[Manifest, BoxImages]:
    manifest = open_source(source)
    measurements = scan(manifest, jobs=1).measurements
    identity = f"{fingerprint(manifest, measurements).identity:032x}"
    return manifest, BoxImages.of(manifest, measurements, identity=identity)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_the_right_file_of_the_right_split_is_corrected(tmp_path: Path, layout: str) -> None:
    make, n_changed = LAYOUTS[layout]
    train = drawn_objects(4, seed=1)
    val = {f"v{name}": found for name, found in drawn_objects(4, seed=2).items()}
    source = make(tmp_path / "set", train, val)
    manifest, images = opened(source)
    by_name = {Path(image.uri).name: image for image in images.images.values()}
    one, two = by_name["v0001.jpg"], by_name["v0003.jpg"]
    new = next(name for name in CLASSES if name != one.boxes[1].label)
    (tmp_path / "run/boxes").mkdir(parents=True)
    rows = [
        answer(1, one.sample_id, "change", one.boxes[1].annotation_id, label=new),
        answer(2, two.sample_id, "change", two.boxes[0].annotation_id, box=(2, 3, 30, 40)),
        answer(3, two.sample_id, "add", label=CLASSES[0], box=(50, 20, 90, 60)),
    ]
    answers = save_answers(tmp_path / "run", rows, images)
    corrected = CorrectedAnnotations.plan(decide(answers, images), manifest, images)
    assert not corrected.refused
    CorrectedFiles.plan(manifest, corrected.files, tmp_path / "new", run=tmp_path / "run").write()

    wanted = boxes_of(images)
    wanted["v0001.jpg"][1] = (new, wanted["v0001.jpg"][1][1])
    wanted["v0003.jpg"][0] = (wanted["v0003.jpg"][0][0], (2, 3, 30, 40))
    wanted["v0003.jpg"].append((CLASSES[0], (50, 20, 90, 60)))
    again = tmp_path / "new" / source.relative_to(manifest.root or source) if source.is_file() else tmp_path / "new"
    found, after = opened(again)
    assert boxes_of(after) == wanted
    assert found.classes == manifest.classes
    before, now = digests(manifest.root or source), digests(tmp_path / "new")
    assert set(before) == set(now)
    assert sum(before[name] != now[name] for name in before) == n_changed


def test_class_names_above_the_dataset_come_along(tmp_path: Path) -> None:
    objects = drawn_objects(4)
    root = tmp_path / "data" / "part"
    pictures(root / "images", objects)
    write_label_files(root, YOLO, objects, {})
    (root / "data.yaml").rename(root.parent / "data.yaml")
    manifest, images = opened(root)
    (first, *_) = images.images.values()
    (tmp_path / "run/boxes").mkdir(parents=True)
    answers = save_answers(tmp_path / "run", [answer(1, first.sample_id, "delete", 1)], images)
    corrected = CorrectedAnnotations.plan(decide(answers, images), manifest, images)
    CorrectedFiles.plan(manifest, corrected.files, tmp_path / "new", run=tmp_path / "run").write()
    found, after = opened(tmp_path / "new")
    assert found.classes == CLASSES
    assert boxes_of(after) == {**boxes_of(images), "0000.jpg": []}


def test_a_repeated_id_within_an_image_is_refused_and_not_guessed(tmp_path: Path) -> None:
    objects = drawn_objects(3)
    pictures(tmp_path / "set/images", objects)
    write_coco(tmp_path / "set/instances.json", objects, {})
    path = tmp_path / "set/instances.json"
    path.write_text(path.read_text().replace('{"id": 3, "image_id": 2', '{"id": 2, "image_id": 2'))
    _, images = opened(tmp_path / "set")
    image = next(each for each in images.images.values() if each.uri.endswith("0001.jpg"))
    assert [each.annotation_id for each in image.boxes] == [2, 2]
    with pytest.raises(AssertionError):
        save_answers(tmp_path / "run", [answer(1, image.sample_id, "delete", 2)], images)
    assert image.box(2) is None
    assert replace(image, boxes=image.boxes[:1]).box(2) is image.boxes[0]
