"""torchvision's detection datasets, and users' own, are read with their boxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.manifest import Manifest, Task
from datacheck.manifest.readers import FileReader
from datacheck.sources import open_source

SIZE = (60, 40)
BOXES = {"a": [("cup", (5, 6, 20, 30))], "b": [], "c": [("jar", (1, 2, 11, 12)), ("cup", (20, 10, 50, 35))]}
"""What is drawn in each image: classes, and corners in pixels."""

Found = dict[str, list[tuple[str, tuple[float, ...]]]]


def draw(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.stem) + ord(path.stem[-1]))
    Image.fromarray(rng.integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8)).save(path)


def boxes_of(manifest: Manifest) -> Found:
    """Return the classes and corners of each image, by its file's stem or its number."""
    found: Found = {}
    for row in manifest.table.select(["uri", "annotated_objects"]).to_pylist():
        stem = row["uri"].rpartition("/")[2].rpartition(".")[0] or row["uri"]
        found[stem] = [
            (
                manifest.classes[each["class_id"]],
                tuple(each[side] for side in ("left", "top", "right", "bottom")),
            )
            for each in row["annotated_objects"]
        ]
    return found


def coco_content() -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for image, stem in enumerate(BOXES):
        for name, (left, top, right, bottom) in BOXES[stem]:
            box = [left, top, right - left, bottom - top]
            kind = {"cup": 3, "jar": 7}[name]
            annotations.append(
                {"id": 10 + len(annotations), "image_id": image, "category_id": kind, "bbox": box, "iscrowd": 0,
                 "area": box[2] * box[3], "segmentation": []}
            )  # fmt: skip
    return {
        "images": [{"id": n, "file_name": f"{stem}.png", "width": 60, "height": 40} for n, stem in enumerate(BOXES)],
        "annotations": annotations,
        "categories": [{"id": 3, "name": "cup"}, {"id": 7, "name": "jar"}],
    }


class HeldCoco:
    """What torchvision's ``CocoDetection`` keeps of a COCO file."""

    def __init__(self, root: Path) -> None:
        self.root, self.coco = str(root), type("COCO", (), {"dataset": coco_content()})()
        self.ids = [0, 1, 2]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> Any:
        raise AssertionError("its files are read instead")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for stem in BOXES:
        draw(tmp_path / "img" / f"{stem}.png")
    return tmp_path / "img"


def test_coco_detection_by_its_files(images: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    pytest.importorskip("pycocotools")
    (tmp_path / "instances.json").write_text(json.dumps(coco_content()))
    dataset = datasets.CocoDetection(str(images), str(tmp_path / "instances.json"))
    manifest = open_source(dataset)
    assert boxes_of(manifest) == BOXES
    assert manifest.root == images
    assert manifest.table["sample_id"].to_pylist() == ["a.png", "b.png", "c.png"]
    wrapped = datasets.wrap_dataset_for_transforms_v2(dataset)
    assert boxes_of(open_source(wrapped)) == BOXES


def test_a_held_coco_file_its_order_and_its_parts(images: Path) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    held = HeldCoco(images)
    held.ids = [2, 0]
    manifest = open_source(held)
    assert list(boxes_of(manifest)) == ["c", "a"]
    assert isinstance(manifest.reader, FileReader)
    assert manifest.annotation_format is not None
    assert manifest.annotation_format.class_ids == (3, 7)
    assert [each["line"] for each in manifest.table["annotated_objects"][0].as_py()] == [11, 12]
    assert list(boxes_of(open_source(torch_data.Subset(held, [1])))) == ["a"]
    other = HeldCoco(images)
    other.ids = [1]
    both = open_source(torch_data.ConcatDataset([held, other]))
    assert boxes_of(both) == BOXES
    assert "split" not in both


def test_voc_detection_by_its_files(tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    home = tmp_path / "VOCdevkit" / "VOC2012"
    (home / "Annotations").mkdir(parents=True)
    (home / "ImageSets" / "Main").mkdir(parents=True)
    (home / "ImageSets" / "Main" / "train.txt").write_text("c\na\nb\n")
    for stem, objects in BOXES.items():
        (home / "JPEGImages").mkdir(exist_ok=True)
        draw(home / "JPEGImages" / f"{stem}.png")
        (home / "JPEGImages" / f"{stem}.png").rename(home / "JPEGImages" / f"{stem}.jpg")
        parts = "".join(
            f"<object><name>{name}</name><bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax>"
            f"<ymax>{box[3]}</ymax></bndbox></object>"
            for name, box in objects
        )
        size = "<size><width>60</width><height>40</height></size>"
        (home / "Annotations" / f"{stem}.xml").write_text(f"<annotation>{size}{parts}</annotation>")
    dataset = datasets.VOCDetection(str(tmp_path), year="2012", image_set="train")
    manifest = open_source(dataset)
    assert boxes_of(manifest) == BOXES
    assert manifest.table["uri"].to_pylist()[0] == "VOCdevkit/VOC2012/JPEGImages/c.jpg"
    assert manifest.table["annotation_file"].to_pylist()[1] == "VOCdevkit/VOC2012/Annotations/a.xml"
    (home / "Annotations" / "c.xml").write_text("<annotation>")
    report = datacheck.audit(dataset, select=["DC801"])
    (finding,) = report.findings
    assert finding.code == "DC801"
    assert finding.sample_ids == ("VOCdevkit/VOC2012/JPEGImages/c.jpg",)


def test_kitti_by_its_files(tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    home = tmp_path / "Kitti" / "raw" / "training"
    (home / "label_2").mkdir(parents=True)
    for number, (stem, objects) in enumerate(BOXES.items()):
        draw(home / "image_2" / f"{stem}.png")
        lines = [f"{name} 0.0 0 0 {' '.join(map(str, box))} 1 1 1 0 0 0 0\n" for name, box in objects]
        lines += ["DontCare -1 -1 -10 1 1 9 9 -1 -1 -1 -1 -1 -1 -1\n"] if number == 1 else []
        (home / "label_2" / f"{stem}.txt").write_text("".join(lines))
    manifest = open_source(datasets.Kitti(str(tmp_path)))
    assert boxes_of(manifest) == {**BOXES, "b": [("DontCare", (1, 1, 9, 9))]}
    (crowd,) = [row[0] for row in manifest.table["annotated_objects"].to_pylist() if row and row[0]["crowd"]]
    assert crowd["line"] == 1
    assert manifest.annotation_format is not None
    assert manifest.annotation_format.name == "KITTI"


def test_wider_face_by_its_list(tmp_path: Path) -> None:
    datasets = pytest.importorskip("torchvision.datasets")
    home = tmp_path / "widerface"
    lines = []
    for stem, objects in BOXES.items():
        draw(home / "WIDER_train" / "images" / "0--Parade" / f"{stem}.png")
        rows = [f"{x} {y} {right - x} {bottom - y} 0 0 0 0 0 0\n" for _, (x, y, right, bottom) in objects]
        lines += [f"0--Parade/{stem}.png\n{len(rows)}\n", *(rows or ["0 0 0 0 0 0 0 0 0 0\n"])]
    for folder in ("wider_face_split", "WIDER_val", "WIDER_test"):
        (home / folder).mkdir()
    (home / "wider_face_split" / "wider_face_train_bbx_gt.txt").write_text("".join(lines))
    manifest = open_source(datasets.WIDERFace(str(tmp_path)))
    expected = {stem: [("face", box) for _, box in objects] for stem, objects in BOXES.items()}
    assert boxes_of(manifest) == expected


class Drawn:
    """A Dataset of a user: channels first in [0, 1], and what ``target`` makes of each image's boxes."""

    def __init__(self, target: Any, classes: tuple[str, ...] | None = None, mapping: bool = False) -> None:
        self.target, self.mapping = target, mapping
        if classes is not None:
            self.classes = classes

    def __len__(self) -> int:
        return len(BOXES)

    def __getitem__(self, row: int) -> Any:
        if row >= len(BOXES):
            raise IndexError(row)
        image = np.random.default_rng(row).random((3, SIZE[1], SIZE[0])).astype(np.float32)
        target = self.target(list(BOXES.values())[row])
        return {"image": image, **target} if self.mapping else (image, target)


def as_tensors(objects: list[tuple[str, tuple[int, ...]]]) -> Any:
    torch = pytest.importorskip("torch")
    boxes = torch.tensor([box for _, box in objects], dtype=torch.float32).reshape(-1, 4)
    return {"boxes": boxes, "labels": torch.tensor([1 + ["cup", "jar"].index(name) for name, _ in objects])}


def as_tv_tensors(objects: list[tuple[str, tuple[int, ...]]]) -> Any:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    found = as_tensors(objects)
    boxes = found["boxes"]
    wide = boxes.clone()
    wide[:, 2:] -= wide[:, :2]
    return {**found, "boxes": tv_tensors.BoundingBoxes(wide, format="XYWH", canvas_size=SIZE[::-1])}


def as_dicts(objects: list[tuple[str, tuple[int, ...]]]) -> Any:
    return [
        {"bbox": [x, y, right - x, bottom - y], "category_id": ["cup", "jar"].index(name)}
        for name, (x, y, right, bottom) in objects
    ]


BY_NUMBER = dict(zip("012", BOXES.values(), strict=True))


@pytest.mark.parametrize(
    ("dataset", "class_ids"),
    [
        (Drawn(as_tensors, ("cup", "jar")), (1, 2)),
        (Drawn(as_tensors, ("__background__", "cup", "jar")), (0, 1, 2)),
        (Drawn(as_tv_tensors, ("cup", "jar")), (1, 2)),
        (Drawn(as_dicts, ("cup", "jar")), (0, 1)),
        (Drawn(as_tensors, ("cup", "jar"), mapping=True), (1, 2)),
    ],
)
def test_items_with_boxes(dataset: Drawn, class_ids: tuple[int, ...]) -> None:
    manifest = open_source(dataset)
    assert manifest.task is Task.DETECTION
    assert boxes_of(manifest) == BY_NUMBER
    assert manifest.annotation_format is not None
    assert manifest.annotation_format.class_ids == class_ids
    assert manifest.reader is not None
    assert np.asarray(manifest.reader.read("1")).shape == (SIZE[1], SIZE[0], 3)


def test_items_without_class_names_keep_their_numbers() -> None:
    manifest = open_source(Drawn(as_tensors))
    assert manifest.classes == ("1", "2")
    assert manifest.table["labels"].to_pylist() == [["1"], [], ["1", "2"]]
    assert open_source(Drawn(as_tensors), classes=["cup", "jar"]).classes == ("cup", "jar")


def test_a_broken_target_is_named_and_the_others_are_read() -> None:
    def target(objects: list[tuple[str, tuple[int, ...]]]) -> Any:
        return {"boxes": [list(box) for _, box in objects], "labels": [1] * (len(objects) > 1)}

    report = datacheck.audit(Drawn(target), select=["DC801"])
    assert [(each.code, set(each.sample_ids)) for each in report.findings] == [("DC801", {"0", "2"})]
    assert "expected as many labels as boxes, found 0 and 1" in json.dumps(report.findings[0].evidence)


def test_boxes_outside_the_picture_of_an_item_are_found() -> None:
    def target(objects: list[tuple[str, tuple[int, ...]]]) -> Any:
        found = [box if len(objects) == 1 else tuple(side + 30 for side in box) for _, box in objects]
        return {"boxes": found, "labels": [1] * len(found)}

    report = datacheck.audit(Drawn(target), select=["DC805"])
    assert [set(each.sample_ids) for each in report.findings] == [{"2"}]
    assert not datacheck.audit(Drawn(as_tensors), select=["DC805"]).findings
