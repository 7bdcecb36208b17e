"""Which boxes people are asked about, and in which order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.cli import run as datacheck_command
from datacheck.errors import RelabelError
from datacheck.fingerprints import fingerprint
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.boxes.selection import box_queue
from datacheck.relabel.image_queue import WantedImages
from datacheck.report import Report
from datacheck.rules import RuleContext
from tests.annotations.boxed import probed
from tests.rules.placed_boxes import drawn, placed


def queue_of(context: RuleContext, budget: int = 500, random_share: float = 0.0) -> BoxQueue:
    assert context.box_probe is not None
    return box_queue(context.manifest, context.box_probe, context.measurements, WantedImages(budget, random_share))


def test_a_box_that_looks_empty_is_asked_about_with_its_place() -> None:
    queue = queue_of(placed(empty=0.9, at=5))
    context = drawn()
    assert context.boxes is not None
    (row,) = queue.table.to_pylist()
    assert (row["kind"], row["reason"], row["error_probability"]) == ("spurious", "looks empty", None)
    assert [row[side] for side in ("left", "top", "right", "bottom")] == context.boxes.boxes[5].tolist()
    assert row["annotation_id"] == int(context.boxes.objects.line[5])
    assert queue.sample_ids == [context.manifest.sample_ids[int(context.boxes.objects.row[5])].as_py()]


def test_a_misplaced_box_comes_with_the_place_of_the_model() -> None:
    (row,) = queue_of(placed(shift=0.9, at=5)).table.to_pylist()
    assert row["kind"] == "misplaced"
    assert row["reason"] == "overlaps 10 % with where a model would draw it"
    assert row["suggested_left"] == row["left"] + 7


def test_random_images_come_last_and_only_from_the_others() -> None:
    context = placed(empty=0.9, at=5)
    queue = queue_of(context, budget=10, random_share=0.5)
    kinds = queue.table["kind"].to_pylist()
    assert kinds == ["spurious"] + ["random"] * 5
    assert len(set(queue.sample_ids)) == len(queue) == 6


def test_nothing_suspect_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(RelabelError, match="no box is suspect: --random-share 1"):
        queue_of(placed())


def test_wrong_classes_come_with_the_yield_of_the_probe() -> None:
    exchanged = probed()
    queue = queue_of(exchanged.context)
    rows = [row for row in queue.table.to_pylist() if row["kind"] == "class"]
    assert queue.expected_precision is not None
    right = sum(((Path(row["sample_id"]).name, row["annotation_id"]) in exchanged.wrong) for row in rows)
    assert right / len(rows) >= 0.8
    assert all(0 <= row["error_probability"] <= 1 for row in rows)
    ranks = queue.table["rank"].to_pylist()
    assert ranks == sorted(ranks)
    assert len(queue.sample_ids) == max(ranks) + 1


def test_the_commands_go_from_the_run_folder_to_the_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context = placed(empty=0.9, at=5)
    manifest = replace(context.manifest, root=tmp_path)
    report = Report(
        manifest, context.measurements, fingerprint(manifest, context.measurements), box_probe=context.box_probe
    )
    (tmp_path / "run").mkdir()
    report.save(tmp_path / "run")
    assert datacheck_command(["queue", "make", str(tmp_path / "run"), "--budget", "20"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 image: 0 boxes of another class, 1 that look empty, 0 that lie elsewhere, 0 random images" in said
    assert "expected: at most 10 of 79 boxes hold no object (95 % interval from 0)" in said
    out = tmp_path / "tasks.json"
    assert datacheck_command(["queue", "export", str(tmp_path / "run"), "--to", "label-studio", "-o", str(out)]) == 0
    queue = BoxQueue.load(tmp_path / "run")
    assert queue.identity == report.identity
    assert report.box_probe is not None
    assert queue.counts == tuple(count.in_words() for count in report.box_probe.fault_counts())
    assert Report.load(tmp_path / "run").box_probe.fault_counts() == report.box_probe.fault_counts()  # type: ignore[union-attr]
    assert datacheck_command(["queue", "make", str(tmp_path / "run"), "--look", "20"]) == 2
    assert "--gold and --look are for labels of whole samples" in capsys.readouterr().err
