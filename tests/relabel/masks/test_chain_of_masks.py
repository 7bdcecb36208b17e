"""Drawn masks with a planted fault, from the probe to corrected files: the fault is gone, no other pixel differs."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from datacheck.annotations.runs import region_of, runs_of
from datacheck.cli import run as datacheck_command
from datacheck.fingerprints import fingerprint
from datacheck.probing.segments import MaskProbe
from datacheck.probing.segments.regions import components
from datacheck.probing.segments.suspicion import KindOfSuspects
from datacheck.relabel.masks.answers import MaskAnswers, Verdict, accept_masks, rows_of_verdict
from datacheck.relabel.masks.decisions import decide_masks
from datacheck.relabel.masks.formats.label_studio import mask_answers_of
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.relabel.masks.regions import on_grid
from datacheck.report import Report
from tests.annotations.drawn_masks import write_masks

FAULTY = "images/03.png"
CLASSES = ("ground", "disc", "box")


def spoil(root: Path) -> None:
    """Give the box of one mask the class of the disc, and keep the right masks elsewhere."""
    (root.parent / "right").mkdir()
    for path in (root / "masks").iterdir():
        (root.parent / "right" / path.name).write_bytes(path.read_bytes())
    values = np.array(Image.open(root / "masks/03.png"))
    values[values == 2] = 1
    Image.fromarray(values).save(root / "masks/03.png")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return probed_run(tmp_path)


def probed_run(tmp_path: Path) -> Path:
    """Return a run folder in which the probe lists the spoiled region, and predicts the right masks; with its queue."""
    context = write_masks(tmp_path / "set", spoil, n_masks=12)
    folder = tmp_path / "run"
    folder.mkdir()
    manifest, n = context.manifest, len(context.manifest)
    rights = [np.array(Image.open(tmp_path / f"right/{k:02d}.png")).astype(np.int16) for k in range(n)]
    predicted = np.stack([on_grid(one) for one in rights]).astype(np.uint8)
    given = on_grid(np.array(Image.open(tmp_path / "set/masks/03.png")).astype(np.int16))
    part, box = next((part, box) for part, box in components(given == 1) if (predicted[3][part] == 2).mean() > 0.5)
    scores = np.array([0.95, *[0.05] * (n - 1)])
    kind = KindOfSuspects(
        row=np.array([3, *[row for row in range(n) if row != 3]]),
        label=np.ones(n, dtype=np.int64),
        suggested=np.full(n, 2),
        size=np.full(n, int(part.sum())),
        box=np.tile(np.array(box), (n, 1)),
        suspicion=scores,
        planted=np.linspace(0.6, 1.0, 100),
    )
    quality = np.ones(n)
    probe = MaskProbe(
        CLASSES, np.arange(n), quality, quality, 0.98, 0.8, {"class": kind}, values=(0, 1, 2), predicted=predicted
    )
    report = Report(manifest, context.measurements, fingerprint(manifest, context.measurements), mask_probe=probe)
    report.save(folder)
    assert datacheck_command(["queue", "make", str(folder)]) == 0
    return folder


def pixels(path: Path) -> NDArray[np.uint8]:
    return np.array(Image.open(path))


def digests(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


def check_corrected(run: Path) -> None:
    """The new folder holds the right mask, and every other file byte by byte."""
    new = run.parent / "new"
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(new)]) == 0
    before, after = digests(run.parent / "set"), digests(new)
    assert {name for name in before if before[name] != after.get(name)} == {"masks/03.png"}
    assert set(before) == set(after)
    assert np.array_equal(pixels(new / "masks/03.png"), pixels(run.parent / "right/03.png"))
    with (run / "masks/changes.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["old_label"], row["new_label"], row["mask"]) == ("disc", "box", "masks/03.png")


def test_the_region_in_question_is_the_spoiled_one(run: Path) -> None:
    queue = MaskQueue.load(run)
    (row,) = queue.table.to_pylist()
    wrong = pixels(run.parent / "set/masks/03.png") != pixels(run.parent / "right/03.png")
    assert (row["sample_id"], row["kind"], row["given"], row["suggested"]) == (FAULTY, "class", "disc", "box")
    assert np.array_equal(region_of(row["runs"], row["height"], row["width"]), wrong)
    assert row["reason"] == "is 'disc', looks like 'box'"
    assert queue.counts == ("how many of 12 regions are of another class cannot be told",)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_filled_in_table_corrects_the_mask_alone(run: Path, form: str) -> None:
    path = run.parent / f"asked.{form}"
    assert datacheck_command(["queue", "export", str(run), "--to", form, "-o", str(path)]) == 0
    if form == "csv":
        with path.open() as file:
            rows = list(csv.DictReader(file))
        with path.open("w") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, "answer": "suggested"} for row in rows)
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        for name, value in (("answer", "class"), ("label", "box")):
            table = table.set_column(table.schema.get_field_index(name), name, pa.array([value]))
        pq.write_table(table, path)
    assert datacheck_command(["queue", "import", str(run), str(path), "--from", form]) == 0
    check_corrected(run)


def test_coco_with_another_category_corrects_the_mask(run: Path) -> None:
    path = run.parent / "asked.json"
    assert datacheck_command(["queue", "export", str(run), "--to", "coco", "-o", str(path)]) == 0
    value = json.loads(path.read_text())
    (region,) = value["annotations"]
    assert region["segmentation"]["size"] == [72, 96]
    assert region["area"] == sum(region["segmentation"]["counts"][1::2])
    region["category_id"] = next(each["id"] for each in value["categories"] if each["name"] == "box")
    path.write_text(json.dumps(value))
    assert datacheck_command(["queue", "import", str(run), str(path), "--from", "coco"]) == 0
    check_corrected(run)


def annotated(run: Path, result: list[dict[str, Any]] | None = None, **more: Any) -> list[dict[str, Any]]:
    """Return Label Studio's export of the queue, answered by ``result`` or by the given regions as they are."""
    path = run.parent / "tasks.json"
    assert datacheck_command(["queue", "export", str(run), "--to", "label-studio", "-o", str(path)]) == 0
    (task,) = json.loads(path.read_text())
    given = task["predictions"][0]["result"] if result is None else result
    answer = {"id": 7, "completed_by": 1, "result": given, "updated_at": "2026-01-01", **more}
    return [{**task, "id": 1, "project": 2, "annotations": [answer]}]


def test_label_studio_brushes_with_another_class_correct_the_mask(run: Path) -> None:
    (task,) = annotated(run)
    regions = task["annotations"][0]["result"]
    assert [each["value"]["brushlabels"] for each in regions] == [["disc"], ["disc"]]
    regions[0]["value"]["brushlabels"] = ["box"]
    path = run.parent / "export.json"
    path.write_text(json.dumps([task]))
    assert datacheck_command(["queue", "import", str(run), str(path), "--from", "label-studio"]) == 0
    check_corrected(run)


def test_brushes_as_they_were_given_change_nothing_and_none_at_all_is_refused(run: Path) -> None:
    queue = MaskQueue.load(run)
    answers, refusals = accept_masks(mask_answers_of(iter(annotated(run)), queue, {}, "ann"), queue)
    assert not refusals
    assert decide_masks(answers, queue).changes == []
    answers, refusals = accept_masks(mask_answers_of(iter(annotated(run, [])), queue, {}, "ann"), queue)
    assert len(answers) == 0
    assert "start from the given regions" in refusals[0].reason


def test_an_erased_region_becomes_background(run: Path) -> None:
    queue = MaskQueue.load(run)
    (task,) = annotated(run)
    del task["annotations"][0]["result"][0]
    answers, refusals = accept_masks(mask_answers_of(iter([task]), queue, {}, "ann"), queue)
    assert not refusals
    (row,) = decide_masks(answers, queue).changes
    assert (row["old_label"], row["new_label"]) == ("disc", "ground")
    wrong = pixels(run.parent / "set/masks/03.png") != pixels(run.parent / "right/03.png")
    assert row["pixels"] == int(wrong.sum())


def said(queue: MaskQueue, person: str, verdict: Verdict, at: str = "2026-01-01", label: str | None = None) -> Any:
    about = {"submission": f"{person}:{at}", "annotator": person, "answered_at": at, "tool": "test"}
    return rows_of_verdict(queue.table.to_pylist()[0], verdict, label, about)


def test_the_majority_decides_and_a_tie_changes_nothing(run: Path) -> None:
    queue = MaskQueue.load(run)
    one = [*said(queue, "ann", Verdict.SUGGESTED), *said(queue, "bob", Verdict.GIVEN)]
    tied = decide_masks(MaskAnswers.from_rows(one), queue)
    assert tied.changes == []
    assert set(tied.table["decision"].to_pylist()) == {"disputed"}
    more = [*one, *said(queue, "cid", Verdict.SUGGESTED), *said(queue, "dan", Verdict.UNSURE)]
    (row,) = decide_masks(MaskAnswers.from_rows(more), queue).changes
    assert (row["new_label"], row["n_answers"], row["annotators"]) == ("box", 3, ["ann", "bob", "cid"])
    later = [*one, *said(queue, "bob", Verdict.CLASS, "2026-01-02", "box")]
    assert len(decide_masks(MaskAnswers.from_rows(later), queue).changes) == 1


def test_a_mask_that_has_changed_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queue = MaskQueue.load(run)
    answers, refusals = accept_masks(said(queue, "ann", Verdict.SUGGESTED), queue)
    assert not refusals
    answers.save(run / "masks/answers.parquet")
    values = pixels(run.parent / "set/masks/03.png")
    values[0, 0] = 2
    Image.fromarray(values).save(run.parent / "set/masks/03.png")
    assert datacheck_command(["relabel", "apply", str(run), "--folder", str(run.parent / "new")]) == 2
    assert "has changed since the questions were made" in capsys.readouterr().err
    assert not (run.parent / "new").exists()


def test_answers_that_do_not_fit_are_refused(run: Path) -> None:
    queue = MaskQueue.load(run)
    (_, paint) = said(queue, "ann", Verdict.SUGGESTED)
    for change, why in (
        ({"label": "disk"}, "class 'disk' is not among the 3 classes"),
        ({"runs": [1, 2]}, "expected run lengths of"),
        ({"sample_id": "x.png"}, "the image is not in the queue"),
        ({"answer": "erase"}, "expected an answer among"),
        ({"dataset": "other"}, "it belongs to dataset other"),
    ):
        answers, refusals = accept_masks([{**paint, **change}], queue)
        assert len(answers) == 0
        assert why in refusals[0].reason


def test_a_probe_of_an_older_version_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report.load(run)
    assert report.mask_probe is not None
    old = replace(report, mask_probe=replace(report.mask_probe, values=()))
    old.save(run)
    assert datacheck_command(["queue", "make", str(run)]) == 2
    assert "is of an older version: audit again" in capsys.readouterr().err


def test_run_lengths_of_another_size_are_an_error() -> None:
    inside = np.random.default_rng(0).random((5, 7)) > 0.5
    assert np.array_equal(region_of(runs_of(inside), 5, 7), inside)
    with pytest.raises(ValueError, match="expected run lengths of 36 pixels"):
        region_of(runs_of(inside), 6, 6)
