"""The whole chain: audit, probe, questions, a real Label Studio, corrected files, and an audit without the faults."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import datacheck
from datacheck.cli import run as datacheck_command
from datacheck.relabel.boxes.outlines import bounds
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.masks.formats.brush import pack_brush
from datacheck.sources.annotations.base import ParsedObject
from tests.annotations.drawn import CLASSES, HEIGHT, WIDTH, Drawn, Objects, drawn_objects, write_coco, write_label_files
from tests.relabel.boxes.drawn_run import audited, audited_again, images_of
from tests.relabel.boxes.test_apply_boxes import digests
from tests.relabel.boxes.test_moved_polygons import NEW, asked, drawn_region, outlines_of, painted, percent, pointed
from tests.relabel.label_studio import TOKEN, LabelStudioServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

N = 60

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Planted:
    """A dataset with faults: what is written, and which true object each written one is, None for a spurious one.

    ``missing`` are true objects that are not written; ``faults`` counts each kind.
    """

    written: Objects
    truth: dict[tuple[str, int], ParsedObject | None]
    missing: dict[str, list[ParsedObject]]
    faults: dict[str, set[tuple[str, int]]]


def plant(objects: Objects, seed: int = 0) -> Planted:
    """Give some objects another class, move some, leave some out, and write some where nothing is."""
    rng = np.random.default_rng(seed)
    found = Planted({}, {}, {}, {"class": set(), "moved": set(), "spurious": set(), "missing": set()})
    for name, true in objects.items():
        rows: list[tuple[ParsedObject, ParsedObject | None, str]] = []
        for each in true:
            chance = rng.random()
            if chance < 0.08:
                other = CLASSES[(CLASSES.index(each.name) + int(rng.integers(1, 3))) % len(CLASSES)]
                rows.append((replace(each, name=other), each, "class"))
            elif chance < 0.13:
                left, top, right, bottom = each.box
                shift = min(round((right - left) / 2), left)
                moved = (left - shift, top + 5, right - shift, bottom + 5)
                rows.append((replace(each, box=moved), each, "moved"))
            elif chance < 0.18 and len(true) > 1:
                found.missing.setdefault(name, []).append(each)
                found.faults["missing"].add((name, each.line))
            else:
                rows.append((each, each, ""))
        if rng.random() < 0.08:
            rows.append((ParsedObject(CLASSES[0], (70.0, 1.0, 90.0, 14.0), 0), None, "spurious"))
        found.written[name] = []
        for line, (written, known, kind) in enumerate(rows, start=1):
            found.written[name].append(replace(written, line=line))
            found.truth[name, line] = known
            if kind:
                found.faults[kind].add((name, line))
    return found


def write(root: Path, form: str, objects: Objects, planted: Planted) -> None:
    """Draw the true objects, and write down the planted ones."""

    def rewrite(root: Path) -> None:
        if form == "COCO":
            write_coco(root / "instances.json", planted.written, {})
        else:
            from datacheck.sources.annotations.yolo import FORMAT

            write_label_files(root, FORMAT, planted.written, {})

    Drawn(root, form, objects).write(rewrite)


def answer_by_the_truth(
    live: LabelStudioServer, project: int, planted: Planted, lines: dict[tuple[str, int], int]
) -> int:
    """Somebody goes through all tasks and makes every box right; ``lines`` are the annotation ids' places."""
    token = live.sign_up(f"ann-{project}@example.org")
    tasks = live.ask(TOKEN, "GET", f"/api/tasks/?project={project}&page_size={2 * N}&fields=all")["tasks"]
    for task in tasks:
        name = Path(task["data"]["datacheck_id"]).name
        result: list[dict[str, Any]] = []
        given = task["predictions"][0]["result"]
        for region in reversed(given):
            number = int(region["id"].removeprefix("datacheck-"))
            true = planted.truth[name, lines[name, number]]
            if true is not None:
                result.append({**region, "value": value_of(true)})
        result += [
            {"id": f"r{k}", "type": "rectanglelabels", "from_name": "box", "to_name": "image", "value": value_of(each),
             "original_width": WIDTH, "original_height": HEIGHT}
            for k, each in enumerate(planted.missing.get(name, ()))
        ]  # fmt: skip
        live.ask(token, "POST", f"/api/tasks/{task['id']}/annotations/", {"result": result, "lead_time": 2.5})
    return len(tasks)


def value_of(each: ParsedObject) -> dict[str, Any]:
    left, top, right, bottom = each.box
    return {
        "x": 100 * left / WIDTH, "y": 100 * top / HEIGHT, "width": 100 * (right - left) / WIDTH,
        "height": 100 * (bottom - top) / HEIGHT, "rotation": 0, "rectanglelabels": [each.name],
    }  # fmt: skip


def boxes_of(run: Path) -> dict[str, set[tuple[str | None, tuple[float, ...]]]]:
    """Return class and corners, to a hundredth of a pixel, of each image's boxes."""
    return {
        Path(image.uri).name: {(each.label, tuple(round(side, 2) for side in each.box)) for each in image.boxes}
        for image in images_of(run).images.values()
    }


@pytest.mark.parametrize("form", ["YOLO", "COCO"])
def test_planted_faults_are_gone_and_nothing_else_has_changed(
    live: LabelStudioServer, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(live.environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]) / form
    objects = drawn_objects(N, seed=3)
    planted = plant(objects)
    write(root / "set", form, objects, planted)
    run, new = root / "run", root / "new"
    datacheck.audit(root / "set", out=run, probe={"budget": 60.0})

    assert datacheck_command(["queue", "make", str(run), "--budget", str(N), "--random-share", "1"]) == 0
    asked = BoxQueue.load(run)
    lines = {
        (Path(image.uri).name, each.annotation_id): place
        for image in asked.images.images.values()
        for place, each in enumerate(image.boxes, start=1)
    }
    where = ["--url", live.url, "--token", TOKEN]
    served = ["--document-root", live.environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]]
    assert datacheck_command(["queue", "push", str(run), *where, *served, "--quiet"]) == 0
    assert datacheck_command(["queue", "push", str(run), *where, *served, "--quiet"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"{N} samples in project" in said
    assert ", 0 of them new" in said
    project = max(each["id"] for each in live.ask(TOKEN, "GET", "/api/projects/")["results"])
    assert answer_by_the_truth(live, project, planted, lines) == N
    assert datacheck_command(["queue", "pull", str(run), *where]) == 0
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(new)]) == 0

    datacheck.audit(new, out=root / "run-2", select=["DC8"])
    truth = {name: {(each.name, tuple(map(float, each.box))) for each in found} for name, found in objects.items()}
    assert boxes_of(root / "run-2") == truth
    before, after = digests(root / "set"), digests(new)
    changed = {name for name in before if before[name] != after[name]}
    faulty = {name for found in planted.faults.values() for name, _ in found}
    wanted = {"instances.json"} if form == "COCO" else {f"labels/{name[:-4]}.txt" for name in faulty}
    assert set(before) == set(after)
    assert changed == wanted
    if form == "COCO":
        check_coco(
            json.loads((root / "set/instances.json").read_text()), json.loads((new / "instances.json").read_text())
        )
    questions = {
        (Path(row["sample_id"]).name, lines[Path(row["sample_id"]).name, row["annotation_id"]])
        for row in asked.table.to_pylist()
        if row["annotation_id"] is not None
    }
    shares = {kind: (len(found & questions), len(found)) for kind, found in planted.faults.items()}
    print(f"{form}: {len(questions)} boxes in question; planted faults among them: {shares}")
    assert shares["class"][0] >= 0.7 * shares["class"][1]


def test_a_polygon_that_was_drawn_anew_is_written(live: LabelStudioServer) -> None:
    root = Path(live.environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]) / "polygons"
    objects = {name: [pointed(each) for each in found] for name, found in drawn_objects(3).items()}
    run = audited(root, "YOLO", objects)
    queue, _ = asked(run)
    queue.save(run)
    before = outlines_of(queue.images)
    where = ["--url", live.url, "--token", TOKEN]
    served = ["--document-root", live.environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"]]
    assert datacheck_command(["queue", "push", str(run), *where, *served, "--quiet"]) == 0
    project = max(each["id"] for each in live.ask(TOKEN, "GET", "/api/projects/")["results"])
    token = live.sign_up(f"ann-{project}@example.org")
    for task in live.ask(TOKEN, "GET", f"/api/tasks/?project={project}&page_size=9&fields=all")["tasks"]:
        result = task["predictions"][0]["result"]
        if task["data"]["datacheck_id"].endswith("0001.jpg"):
            result[0]["value"]["points"] = percent(NEW)
        if task["data"]["datacheck_id"].endswith("0000.jpg"):
            size = {"original_width": WIDTH, "original_height": HEIGHT}
            result.append({**drawn_region("brush", "cone", {"format": "rle", "rle": pack_brush(painted())}), **size})
        live.ask(token, "POST", f"/api/tasks/{task['id']}/annotations/", {"result": result})
    assert datacheck_command(["queue", "pull", str(run), *where]) == 0
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(root / "again/set")]) == 0
    after = outlines_of(images_of(audited_again(root / "again")))
    label, outline = after["0000.jpg"].pop()
    assert (label, bounds(outline)) == ("cone", pytest.approx(bounds(NEW), abs=1.0))
    assert after["0001.jpg"][0][1] == pytest.approx(NEW, abs=0.02)
    before["0001.jpg"][0] = after["0001.jpg"][0]
    assert after == before


def check_coco(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Everything but the annotations is the same, and the untouched annotations are, too, in their order."""
    assert {key: value for key, value in before.items() if key != "annotations"} == {
        key: value for key, value in after.items() if key != "annotations"
    }
    kept = {each["id"]: each for each in after["annotations"]}
    same = [each["id"] for each in before["annotations"] if kept.get(each["id"]) == each]
    assert len(same) >= 0.7 * len(before["annotations"])
    order = [each["id"] for each in after["annotations"]]
    assert order == sorted(order)
