"""Questions about boxes go to annotation tools and come back as answers, matched by ids."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datacheck.errors import RelabelError
from datacheck.manifest import AnnotationFormat, Unit
from datacheck.relabel.boxes.answers import SIDES, BoxAnswers
from datacheck.relabel.boxes.drawn import Drawn, answers_of_image
from datacheck.relabel.boxes.formats import export_boxes, import_boxes
from datacheck.relabel.boxes.images import BoxImage, BoxImages, KnownBox
from datacheck.relabel.boxes.queue import BOX_QUEUE_SCHEMA, BoxQueue
from datacheck.relabel.formats.links import Links

CLASSES = ("cup", 'a<b & "c"', "große Kiste")
WIDTH, HEIGHT = 160, 120
ROOT = Path("/data/set")

Box = tuple[float, float, float, float]


def known(number: int, label: str, box: Box) -> KnownBox:
    return KnownBox(number, label, box, label, box)


@cache
def queue() -> BoxQueue:
    """Three images: two boxes of which one is in question, one box, and none."""
    two = (known(7, CLASSES[0], (10, 10, 50, 40)), known(9, CLASSES[1], (60, 20, 90, 99)))
    images = [
        BoxImage("a", "x/a.jpg", WIDTH, HEIGHT, two, "labels.json"),
        BoxImage("b & c", "x/b & c.jpg", WIDTH, HEIGHT, (known(3, CLASSES[2], (0, 0, 160, 120)),), "labels.json"),
        BoxImage("d", "x/d.jpg", WIDTH, HEIGHT, (), "labels.json"),
    ]  # fmt: skip
    rows = [
        {"rank": 0, "sample_id": "a", "annotation_id": 7, "kind": "class", "given": CLASSES[0], "suggested": CLASSES[1],
         "reason": "is 'cup', looks like 'jar'"},
        {"rank": 1, "sample_id": "b & c", "annotation_id": 3, "kind": "spurious", "given": CLASSES[2],
         "reason": "looks empty"},
        {"rank": 2, "sample_id": "d", "kind": "random", "reason": "drawn at random"},
    ]  # fmt: skip
    kind = AnnotationFormat("COCO", Unit.PIXELS, declared=True, class_ids=(1, 2, 3))
    table = pa.Table.from_pylist(rows, schema=BOX_QUEUE_SCHEMA)
    return BoxQueue(table, BoxImages({each.sample_id: each for each in images}, CLASSES, kind, "0" * 32), ROOT)


@dataclass(frozen=True)
class Edit:
    """What somebody does to a box in the tool."""

    kind: str
    label: str | None = None
    box: Box | None = None


@st.composite
def places(draw: st.DrawFn) -> Box:
    left, top = draw(st.integers(0, 100)), draw(st.integers(0, 80))
    return (left, top, left + draw(st.integers(2, 60)), top + draw(st.integers(2, 40)))


edits = st.one_of(
    st.just(Edit("keep")), st.just(Edit("delete")), st.builds(Edit, st.just("label"), st.sampled_from(CLASSES)),
    st.builds(Edit, st.just("move"), st.none(), places()),
)  # fmt: skip
added = st.lists(st.builds(Edit, st.just("add"), st.sampled_from(CLASSES), places()), max_size=2)


def expected(done: dict[tuple[str, int], Edit], new: dict[str, list[Edit]]) -> set[tuple[Any, ...]]:
    """Return the answers that these edits are: sample, box, answer, class, corners."""
    found: set[tuple[Any, ...]] = set()
    for (sample_id, number), edit in done.items():
        old = queue().images.images[sample_id].box(number)
        assert old is not None
        asked = number != 9
        label = edit.label if edit.label != old.label else None
        place = edit.box if edit.box != old.box else None
        if edit.kind == "delete":
            found.add((sample_id, number, "delete", None, None))
        elif label is not None or place is not None:
            found.add((sample_id, number, "change", label, place))
        elif asked:
            found.add((sample_id, number, "accept", None, None))
    for sample_id, boxes in new.items():
        found |= {(sample_id, None, "add", each.label, each.box) for each in boxes}
    if not new["d"]:
        found.add(("d", None, "accept", None, None))
    return found


def given_answers(answers: BoxAnswers) -> set[tuple[Any, ...]]:
    found = set()
    for row in answers.table.to_pylist():
        sides = [row[side] for side in SIDES]
        box = None if sides[0] is None else tuple(round(side, 2) for side in sides)
        found.add((row["sample_id"], row["annotation_id"], row["answer"], row["label"], box))
    return found


def in_label_studio(path: Path, done: dict[tuple[str, int], Edit], new: dict[str, list[Edit]]) -> None:
    """Edit the exported tasks as people do, and write them as Label Studio exports them: in any order."""
    tasks = json.loads(path.read_text())
    for number, task in enumerate(tasks):
        sample_id = task["data"]["datacheck_id"]
        result = []
        for region in task["predictions"][0]["result"]:
            edit = done[sample_id, int(region["id"].removeprefix("datacheck-"))]
            if edit.kind != "delete":
                result.append({**region, "value": {**region["value"], **changed(edit)}})
        result += [
            {"id": f"new{k}", "type": "rectanglelabels", "from_name": "box", "to_name": "image",
             "value": {**changed(each), "rotation": 0}}
            for k, each in enumerate(new[sample_id])
        ]  # fmt: skip
        random.Random(0).shuffle(result)
        if task["predictions"][0]["result"] and not any(each["id"].startswith("datacheck") for each in result):
            result.append({"from_name": "nothing", "type": "choices", "value": {"choices": ["none"]}})
        task["id"], task["project"] = number, 5
        task["annotations"] = [{"id": 100 + number, "result": result, "completed_by": {"email": "ann@example.com"},
                                "updated_at": "2026-01-02T00:00:00Z", "lead_time": 3.5}]  # fmt: skip
    path.write_text(json.dumps(tasks))


def changed(edit: Edit) -> dict[str, Any]:
    value: dict[str, Any] = {}
    if edit.box is not None:
        left, top, right, bottom = edit.box
        value |= {"x": left / WIDTH * 100, "y": top / HEIGHT * 100}
        value |= {"width": (right - left) / WIDTH * 100, "height": (bottom - top) / HEIGHT * 100}
    return value | ({} if edit.label is None else {"rectanglelabels": [edit.label]})


def in_coco(path: Path, done: dict[tuple[str, int], Edit], new: dict[str, list[Edit]]) -> None:
    value = json.loads(path.read_text())
    number = {each["name"]: each["id"] for each in value["categories"]}
    image = {each["datacheck_id"]: each["id"] for each in value["images"]}
    sample = {each["id"]: each["datacheck_id"] for each in value["images"]}
    annotations = []
    for each in value["annotations"]:
        edit = done[sample[each["image_id"]], each["datacheck_box"]]
        if edit.kind != "delete":
            annotations.append({**each, **({} if edit.label is None else {"category_id": number[edit.label]}),
                                **({} if edit.box is None else {"bbox": extent(edit.box)})})  # fmt: skip
    for sample_id, boxes in new.items():
        for each in boxes:
            about = {"image_id": image[sample_id], "category_id": number[each.label or ""]}
            annotations.append({**about, "bbox": extent(each.box)})
    random.Random(1).shuffle(annotations)
    for place, each in enumerate(annotations):
        each["id"] = place + 1  # tools number anew
    path.write_text(json.dumps({**value, "annotations": annotations}))


def extent(box: Box | None) -> list[float]:
    assert box is not None
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def in_cvat(path: Path, done: dict[tuple[str, int], Edit], new: dict[str, list[Edit]]) -> None:
    from xml.etree import ElementTree

    tree = ElementTree.parse(path)
    for image in tree.getroot().iter("image"):
        sample_id = next(each.sample_id for each in queue().images.images.values() if each.uri == image.get("name"))
        for box in list(image):
            edit = done[sample_id, int(box.findtext("attribute") or "")]
            if edit.kind == "delete":
                image.remove(box)
            if edit.label is not None:
                box.set("label", edit.label)
            for name, side in zip(("xtl", "ytl", "xbr", "ybr"), edit.box or (), strict=False):
                box.set(name, f"{side:.2f}")
        for each in new[sample_id]:
            box = ElementTree.Element("box", {"label": each.label or ""})
            for name, side in zip(("xtl", "ytl", "xbr", "ybr"), each.box or (), strict=True):
                box.set(name, f"{side:.2f}")
            ElementTree.SubElement(box, "attribute", {"name": "datacheck_box"})
            image.insert(0, box)
    tree.write(path)


TOOLS: dict[str, Callable[[Path, dict[tuple[str, int], Edit], dict[str, list[Edit]]], None]] = {
    "label-studio": in_label_studio, "coco": in_coco, "cvat": in_cvat,
}  # fmt: skip


@pytest.mark.parametrize("tool", sorted(TOOLS))
@settings(max_examples=30, deadline=None)
@given(st.tuples(edits, edits, edits), st.tuples(added, added, added))
def test_what_people_do_in_a_tool_comes_back_as_answers(
    tool: str, three: tuple[Edit, Edit, Edit], new: tuple[list[Edit], list[Edit], list[Edit]]
) -> None:
    done = dict(zip([("a", 7), ("a", 9), ("b & c", 3)], three, strict=True))
    drawn = dict(zip(["a", "b & c", "d"], new, strict=True))
    if (
        tool != "label-studio"
    ):  # there, a choice says that all boxes are wrong; here an image without given boxes is unsure
        for sample_id, numbers in (("a", (7, 9)), ("b & c", (3,))):
            if all(done[sample_id, number].kind == "delete" for number in numbers):
                drawn[sample_id] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        export_boxes(queue(), tool, path, Links(ROOT))
        TOOLS[tool](path, done, drawn)
        answers, refusals = import_boxes(path, queue(), tool, annotator="ann")
    assert not refusals
    assert given_answers(answers) == expected(done, drawn)


def test_the_tasks_of_label_studio_hold_boxes_in_percent_and_say_why(tmp_path: Path) -> None:
    written = export_boxes(
        queue(), "label-studio", tmp_path / "tasks.json", Links(ROOT, "url", "https://images.example/")
    )
    task = json.loads(written[0].read_text())[0]
    assert task["data"]["image"] == "https://images.example/x/a.jpg"
    assert task["data"]["reason"] == "box 1 (cup) looks like 'jar'"
    assert task["predictions"][0]["result"][0]["value"] == {
        "x": 6.25, "y": pytest.approx(8.3333, abs=1e-4), "width": 25.0, "height": 25.0, "rotation": 0,
        "rectanglelabels": ["cup"],
    }  # fmt: skip
    assert '<Label value="a&lt;b &amp; ' in written[1].read_text() or "<Label value='a&lt;b" in written[1].read_text()


def test_an_answer_that_lost_all_given_boxes_is_refused_and_does_not_delete_them(tmp_path: Path) -> None:
    (path, _) = export_boxes(queue(), "label-studio", tmp_path / "tasks.json", Links(ROOT))
    tasks = json.loads(path.read_text())
    for task in tasks:
        task["annotations"] = [{"id": 1 + task["data"]["rank"], "result": []}]
    path.write_text(json.dumps(tasks))
    answers, refusals = import_boxes(path, queue(), "label-studio")
    assert "none of the 2 given boxes is in the answer: start from the given boxes" in str(refusals[0])
    assert given_answers(answers) == {("d", None, "accept", None, None)}


def test_an_added_box_that_has_the_number_of_a_given_one_in_the_tool_replaces_no_answer() -> None:
    image = queue().images.images["b & c"]
    now = [Drawn(3, CLASSES[2], (0, 0, 160, 120), "1"), Drawn(None, CLASSES[0], (1, 1, 9, 9), "3")]
    rows = list(answers_of_image(image, now, [3], {"submission": "coco:1"}))
    assert [row["answer"] for row in rows] == ["accept", "add"]
    assert len({row["answer_id"] for row in rows}) == 2


def test_an_answer_that_was_started_from_the_given_boxes_may_delete_them_all(tmp_path: Path) -> None:
    (path, _) = export_boxes(queue(), "label-studio", tmp_path / "tasks.json", Links(ROOT))
    tasks = json.loads(path.read_text())[1:2]
    tasks[0]["annotations"] = [{"id": 1, "result": [], "parent_prediction": 12}]
    path.write_text(json.dumps(tasks))
    answers, refusals = import_boxes(path, queue(), "label-studio")
    assert not refusals
    assert given_answers(answers) == {("b & c", 3, "delete", None, None)}


def test_a_later_import_of_a_submission_replaces_all_of_it(tmp_path: Path) -> None:
    def read(new: list[Edit]) -> BoxAnswers:
        (path, _) = export_boxes(queue(), "label-studio", tmp_path / "tasks.json", Links(ROOT))
        done = {("a", 7): Edit("keep"), ("a", 9): Edit("keep"), ("b & c", 3): Edit("keep")}
        in_label_studio(path, done, {"a": new, "b & c": [], "d": []})
        return import_boxes(path, queue(), "label-studio")[0]

    first = read([Edit("add", "cup", (1, 1, 20, 20))])
    second = read([])
    assert given_answers(first.merge(second)) == given_answers(second)
    assert given_answers(first.merge(first)) == given_answers(first)


def test_a_script_answers_in_parquet(tmp_path: Path) -> None:
    (path,) = export_boxes(queue(), "parquet", tmp_path / "queue.parquet", Links(ROOT))
    assert pq.read_table(path)["image"].to_pylist()[0] == "/data/set/x/a.jpg"
    rows = [{"sample_id": "a", "annotation_id": 7, "answer": "change", "label": "große Kiste"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "answers.parquet")
    answers, refusals = import_boxes(tmp_path / "answers.parquet", queue(), "parquet", annotator="bob")
    assert not refusals
    assert given_answers(answers) == {("a", 7, "change", "große Kiste", None)}
    assert answers.table["annotator"].to_pylist() == ["bob"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"annotation_id": 8, "answer": "delete"}, "expected the annotation_id of a box of this image, found 8"),
        ({"annotation_id": 7, "answer": "change", "label": "cap"}, "class 'cap' is not among the 3 classes"),
        ({"annotation_id": 7, "answer": "change"}, "expected a class or a box with the answer change, found neither"),
        ({"answer": "add", "label": "cup", "left": 5.0, "top": 5.0, "right": 5.5, "bottom": 9.0}, "at least 1 pixel"),
        ({"annotation_id": 7, "answer": "remove"}, "expected an answer among accept, delete, change, add, skip"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(tmp_path: Path, row: dict[str, Any], why: str) -> None:
    pq.write_table(pa.Table.from_pylist([{"sample_id": "a", **row}]), tmp_path / "answers.parquet")
    answers, (refusal,) = import_boxes(tmp_path / "answers.parquet", queue(), "parquet")
    assert why in str(refusal)
    assert not len(answers)


def yolo_folder(tmp_path: Path) -> tuple[Path, BoxQueue]:
    """The queue's images as files, and the folder exported from them."""
    root = tmp_path / "set"
    for each in queue().images.images.values():
        (root / each.uri).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (WIDTH, HEIGHT)).save(root / each.uri)
    here = replace(queue(), root=root)
    export_boxes(here, "yolo", tmp_path / "out", Links(root))
    return tmp_path / "out", here


def test_lines_of_yolo_come_back_by_their_place(tmp_path: Path) -> None:
    folder, here = yolo_folder(tmp_path)
    path = folder / "labels/x/a.txt"
    cup, other = path.read_text().splitlines()
    moved = f"1 {0.24} {25 / HEIGHT} {40 / WIDTH} {30 / HEIGHT}"
    path.write_text("\n".join([other, moved, "2 0.9 0.9 0.1 0.1"]) + "\n")
    (folder / "labels/x/b & c.txt").unlink()
    answers, refusals = import_boxes(folder, here, "yolo", annotator="ann")
    assert not refusals
    assert cup.startswith("0 ")
    found = {(row[0], row[1], row[2], row[3]) for row in given_answers(answers)}
    assert found == {
        ("a", 7, "change", CLASSES[1]),
        ("a", None, "add", CLASSES[2]),
        ("d", None, "accept", None),
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("7 0.5 0.5 0.1 0.1\n", "line 1: expected a class from 0 to 2, found 7"),
        ("0 0.5 wide\n", "line 1: expected a class number and at least 4 coordinates"),
        ("0 0.95 0.95 0.05 0.05\n", "no line is at the place of a given box"),
    ],
)
def test_a_label_file_that_does_not_fit_is_refused(tmp_path: Path, text: str, why: str) -> None:
    folder, here = yolo_folder(tmp_path)
    (folder / "labels/x/a.txt").write_text(text)
    answers, (refusal,) = import_boxes(folder, here, "yolo")
    assert why in str(refusal)
    assert "a" not in answers.table["sample_id"].to_pylist()


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RelabelError, match="expected the exported folder with labels/ in it"):
        import_boxes(tmp_path, queue(), "yolo")
