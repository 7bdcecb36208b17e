"""Images that are chosen and cannot be asked about are counted and named; masks of 0 and 255 have two classes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck.annotations.mask_classes import MaskClasses
from datacheck.annotations.runs import region_of
from datacheck.annotations.turns import turned, turned_back
from datacheck.cli import run as datacheck_command
from datacheck.fingerprints import fingerprint
from datacheck.relabel.masks.answers import MaskAnswers, Verdict, rows_of_verdict
from datacheck.relabel.masks.corrected import CorrectedMasks
from datacheck.relabel.masks.decisions import decide_masks
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.report import Report
from datacheck.scanning import scan
from datacheck.sources import open_source
from tests.annotations.drawn_masks import write_masks
from tests.relabel.masks.test_chain_of_masks import FAULTY, probed_run

EVERYTHING = ["--random-share", "0.9", "--budget", "100", "--replace"]


def left_out(run: Path) -> dict[str, str]:
    with (run / "masks/left_out.csv").open(newline="") as file:
        return {row["sample_id"]: row["reason"] for row in csv.DictReader(file)}


def remade(run: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert datacheck_command(["queue", "make", str(run), *EVERYTHING]) == 0
    return capsys.readouterr().out


def test_a_queue_that_asks_about_every_chosen_image_leaves_none_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = probed_run(tmp_path)
    said = remade(run, capsys)
    assert "12 images" in said
    assert "left out" not in said
    assert left_out(run) == {}


def test_masks_of_another_size_and_turned_images_are_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = probed_run(tmp_path)
    for name in ("04", "05"):
        Image.fromarray(np.zeros((36, 48), dtype=np.uint8)).save(tmp_path / f"set/masks/{name}.png")
    said = remade(run, capsys)
    assert "10 images" in said
    assert "2 images left out" in said
    assert "images/04.png: masks/04.png: expected a mask of 96 x 72 pixels, found 48 x 36" in said
    assert set(left_out(run)) == {"images/04.png", "images/05.png"}
    assert set(MaskQueue.load(run).sample_ids) == {f"images/{k:02d}.png" for k in range(12) if k not in (4, 5)}


def turn(run: Path, numbers: tuple[int, ...], orientation: int, *, masks: bool) -> None:
    """Store images, and their masks where asked, as an EXIF orientation turns them upright; scan them anew."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    root = run.parent / "set"
    for number in numbers:
        for kind in ("images", "masks") if masks else ("images",):
            path = root / f"{kind}/{number:02d}.png"
            pixels = np.array(Image.open(path))
            planes = [turned_back(plane, orientation) for plane in np.atleast_3d(pixels).transpose(2, 0, 1)]
            stored = Image.fromarray(np.ascontiguousarray(np.stack(planes, axis=2).squeeze()))
            stored.save(path, **({"exif": exif} if kind == "images" else {}))
    report = Report.load(run)
    measurements = scan(report.manifest, jobs=1).measurements
    replace(report, measurements=measurements, fingerprint=fingerprint(report.manifest, measurements)).save(run)


def test_whether_a_mask_is_turned_is_not_known_where_its_size_does_not_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = probed_run(tmp_path)
    turn(run, (3, 7), 3, masks=False)
    said = remade(run, capsys)
    assert "2 images left out" in said
    assert left_out(run) == dict.fromkeys(
        (FAULTY, "images/07.png"), "its EXIF orientation turns it, and it is not known whether the mask is turned too"
    )


@pytest.mark.parametrize("masks", [True, False])
def test_a_turned_image_is_asked_about_upright_and_its_mask_written_as_it_was_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], masks: bool
) -> None:
    run = probed_run(tmp_path)
    turn(run, (3,), 6, masks=masks)
    remade(run, capsys)
    assert left_out(run) == {}
    queue = MaskQueue.load(run)
    right = np.array(Image.open(tmp_path / "right/03.png"))
    row = next(each for each in queue.table.to_pylist() if each["sample_id"] == FAULTY)
    before = np.array(Image.open(tmp_path / "set/masks/03.png"))
    assert before.shape == ((96, 72) if masks else (72, 96))
    assert (row["height"], row["width"]) == right.shape
    wrong = (turned(before, 6) if masks else before) != right
    assert np.array_equal(region_of(row["runs"], row["height"], row["width"]), wrong)
    about = {"submission": "ann:1", "annotator": "ann", "answered_at": "2026-01-01", "tool": "test"}
    answers = MaskAnswers.from_rows(rows_of_verdict(row, Verdict.SUGGESTED, None, about))
    decided = decide_masks(answers, queue)
    corrected = CorrectedMasks.plan(decided, queue.images)
    assert corrected.refused == ()
    new = np.array(Image.open(io.BytesIO(corrected.files["masks/03.png"])))
    assert np.array_equal(turned(new, 6) if masks else new, right)


def values_and_names(root: Path, high: int, ignored: int | None = None) -> tuple[tuple[int, ...], tuple[str, ...]]:
    context = write_masks(root, n_masks=4, high=high)
    manifest = context.manifest if ignored is None else open_source(root, ignore_index=ignored)
    assert context.masks is not None
    found = MaskClasses.of(manifest, context.masks)
    return found.values, found.names


def test_masks_of_0_and_255_alone_have_two_classes(tmp_path: Path) -> None:
    assert values_and_names(tmp_path, 255)[0] == (0, 255)


def test_255_is_no_class_beside_others_nor_where_it_is_declared_as_ignored(tmp_path: Path) -> None:
    assert values_and_names(tmp_path / "clean", 2)[0] == (0, 1, 2)
    assert values_and_names(tmp_path / "declared", 255, 255)[0] == (0,)

    def spoil(root: Path) -> None:
        for path in (root / "masks").iterdir():
            values = np.array(Image.open(path))
            values[:2] = 255
            Image.fromarray(values).save(path)

    context = write_masks(tmp_path / "beside", spoil, n_masks=4)
    assert context.masks is not None
    assert MaskClasses.of(context.manifest, context.masks).values == (0, 1, 2)
