"""Polygons that people draw anew in Label Studio: from the task to the corrected file, and nothing else differs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from datacheck.cli import run as datacheck_command
from datacheck.manifest import Manifest
from datacheck.relabel.boxes.answers import BoxAnswers
from datacheck.relabel.boxes.decisions import decide
from datacheck.relabel.boxes.formats import export_boxes, import_boxes
from datacheck.relabel.boxes.images import BoxImages
from datacheck.relabel.boxes.outlines import bounds, middle
from datacheck.relabel.boxes.queue import BOX_QUEUE_SCHEMA, BoxQueue
from datacheck.relabel.formats.links import Links
from datacheck.relabel.masks.formats.brush import pack_brush
from datacheck.sources.annotations.base import ParsedObject
from tests.annotations.drawn import HEIGHT, WIDTH, Objects, drawn_objects
from tests.relabel.boxes.drawn_run import audited, audited_again, images_of
from tests.relabel.boxes.test_apply_boxes import digests

FORMS = ("YOLO", "COCO", "LabelMe")
NEW = (10.0, 8.0, 40.0, 12.0, 36.0, 50.0, 20.0, 44.0, 8.0, 30.0)


def pointed(each: ParsedObject) -> ParsedObject:
    """Return an object as a polygon of five corners."""
    left, top, right, bottom = each.box
    points = (left, bottom, left, top + 2, (left + right) / 2, top, right, top + 2, right, bottom)
    return replace(each, shape="polygon", points=points)


@pytest.fixture
def objects() -> Objects:
    return {name: [pointed(each) for each in found] for name, found in drawn_objects(4).items()}


def asked(run: Path) -> tuple[BoxQueue, list[dict[str, Any]]]:
    """Return a queue of all images, and its tasks for Label Studio."""
    images, manifest = images_of(run), Manifest.load(run / "manifest.parquet")
    rows = [
        {"rank": rank, "sample_id": name, "kind": "random", "reason": "drawn at random"}
        for rank, name in enumerate(images.images)
    ]
    queue = BoxQueue(pa.Table.from_pylist(rows, schema=BOX_QUEUE_SCHEMA), images, manifest.root)
    path, config = export_boxes(queue, "label-studio", run / "tasks.json", Links(manifest.root))
    assert '<PolygonLabels name="polygon" toName="image">' in config.read_text()
    return queue, json.loads(path.read_text())


def answered(run: Path, queue: BoxQueue, tasks: list[dict[str, Any]], results: dict[str, Any]) -> BoxAnswers:
    """Return the answers of somebody who left these results for the images of these names, and skipped the others."""
    for number, task in enumerate(tasks):
        name = Path(task["data"]["datacheck_id"]).name
        left = {"result": results[name]} if name in results else {"result": [], "was_cancelled": True}
        task["annotations"] = [{"id": number, "completed_by": {"email": "ann"}, **left}]
    (run / "export.json").write_text(json.dumps(tasks))
    answers, refusals = import_boxes(run / "export.json", queue, "label-studio")
    assert not refusals
    return answers


def drawn_region(kind: str, label: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": "new", "from_name": kind, "type": f"{kind}labels", "value": {**value, f"{kind}labels": [label]}}


def percent(outline: tuple[float, ...]) -> list[list[float]]:
    return [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in zip(outline[0::2], outline[1::2], strict=True)]


def painted(outline: tuple[float, ...] = NEW) -> NDArray[np.bool_]:
    """Return what somebody paints who fills an outline with a brush."""
    inside = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    cv2.fillPoly(inside, [np.array(outline, dtype=np.int32).reshape(-1, 2)], 1)
    return inside > 0


def outlines_of(images: BoxImages) -> dict[str, list[tuple[str | None, tuple[float, ...]]]]:
    return {Path(one.uri).name: [(each.label, each.outline) for each in one.boxes] for one in images.images.values()}


@pytest.mark.parametrize("form", FORMS)
def test_a_polygon_that_was_drawn_anew_is_written(tmp_path: Path, form: str, objects: Objects) -> None:
    run = audited(tmp_path, form, objects)
    queue, tasks = asked(run)
    before = outlines_of(queue.images)
    by_name = {Path(task["data"]["datacheck_id"]).name: task["predictions"][0]["result"] for task in tasks}
    assert by_name["0001.jpg"][0]["value"]["points"][0] == pytest.approx(percent(before["0001.jpg"][0][1])[0], abs=1e-6)
    moved = [dict(each) for each in by_name["0001.jpg"]]
    moved[0] = {**moved[0], "value": {**moved[0]["value"], "points": percent(NEW)}}
    more = [*by_name["0000.jpg"], drawn_region("brush", "cone", {"format": "rle", "rle": pack_brush(painted())})]
    left = by_name["0002.jpg"]
    answers = answered(run, queue, tasks, {"0000.jpg": more, "0001.jpg": moved, "0002.jpg": left})
    said = sorted((row["answer"], bool(row["points"])) for row in answers.table.to_pylist())
    assert said == [("accept", False)] * 5 + [("add", True), ("change", True), ("skip", False)]
    answers.save(run / "boxes/answers.parquet")
    source = digests(tmp_path / "set")
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(tmp_path / "new")]) == 0
    assert digests(tmp_path / "set") == source
    copy = digests(tmp_path / "new")
    assert len({name for name in copy if copy[name] != source[name]}) == (1 if form == "COCO" else 2)

    (tmp_path / "again").mkdir()
    (tmp_path / "new").rename(tmp_path / "again/set")
    after = outlines_of(images_of(audited_again(tmp_path / "again")))
    assert after["0001.jpg"][0][0] == before["0001.jpg"][0][0]
    assert after["0001.jpg"][0][1] == pytest.approx(NEW, abs=0.02)
    label, outline = after["0000.jpg"].pop()
    assert label == "cone"
    again = painted(tuple(map(math.floor, outline)))
    assert (again & painted()).sum() >= 0.93 * (again | painted()).sum()
    before["0001.jpg"][0] = after["0001.jpg"][0]
    assert after == before


def test_what_is_no_polygon_is_refused(tmp_path: Path, objects: Objects) -> None:
    run = audited(tmp_path, "COCO", objects)
    queue, tasks = asked(run)
    name = tasks[0]["data"]["datacheck_id"]
    parts = np.zeros((HEIGHT, WIDTH), dtype=bool)
    parts[2:9, 2:9] = parts[30:40, 30:40] = True
    bow = (10.0, 10.0, 30.0, 10.0, 10.0, 30.0, 30.0, 30.0)
    wrong = {
        "found 2 outlines": drawn_region("brush", "cone", {"rle": pack_brush(parts)}),
        "two edges of the polygon cross each other": drawn_region("polygon", "cone", {"points": percent(bow)}),
        "expected at least 3 points in percent": drawn_region("polygon", "cone", {"points": [[1, 2], [3]]}),
    }
    for words, result in wrong.items():
        tasks[0]["annotations"] = [{"id": 1, "result": [*tasks[0]["predictions"][0]["result"], result]}]
        (run / "export.json").write_text(json.dumps(tasks[:1]))
        answers, (refusal, *_) = import_boxes(run / "export.json", queue, "label-studio")
        assert len(answers) == 0, name
        assert words in refusal.reason


def test_of_several_outlines_the_middle_one_counts(tmp_path: Path, objects: Objects) -> None:
    run = audited(tmp_path, "COCO", objects)
    queue, tasks = asked(run)
    result = tasks[0]["predictions"][0]["result"]
    drawn = [tuple(side + shift for side in NEW) for shift in (0.0, 4.0, 5.0)]
    tasks[0]["annotations"] = [
        {"id": k, "completed_by": {"email": f"p{k}"},
         "result": [{**result[0], "value": {**result[0]["value"], "points": percent(each)}}, *result[1:]]}
        for k, each in enumerate(drawn)
    ]  # fmt: skip
    (run / "export.json").write_text(json.dumps(tasks[:1]))
    answers, _ = import_boxes(run / "export.json", queue, "label-studio")
    (row,) = decide(answers, queue.images).changes
    assert row["new_points"] == pytest.approx(drawn[1])
    assert [row[f"new_{side}"] for side in ("left", "top", "right", "bottom")] == pytest.approx(bounds(drawn[1]))
    assert middle(drawn) == drawn[1]
