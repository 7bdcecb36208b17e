"""Images that are chosen and cannot be asked about are counted and named; masks of 0 and 255 have two classes."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from datacheck.annotations.mask_classes import MaskClasses
from datacheck.cli import run as datacheck_command
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.report import Report
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


def test_a_turned_image_is_named_with_its_orientation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = probed_run(tmp_path)
    report = Report.load(run)
    assert report.measurements is not None
    table = report.measurements.table
    table = table if isinstance(table, pa.Table) else table.read()
    column = table.schema.get_field_index("exif_orientation")
    ids = report.manifest.sample_ids.to_pylist()
    turned = [6 if name in (FAULTY, "images/07.png") else 1 for name in ids]
    changed = table.set_column(column, table.schema.field(column), pa.array(turned, table.schema.field(column).type))
    replace(report, measurements=replace(report.measurements, table=changed)).save(run)
    said = remade(run, capsys)
    assert "2 images left out" in said
    assert left_out(run) == dict.fromkeys(
        (FAULTY, "images/07.png"), "its EXIF orientation turns it, and it is not known whether the mask is turned too"
    )


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
