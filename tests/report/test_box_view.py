"""What the report shows of boxes: counts by class and split, maps of centres, sizes and shapes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.report.box_view import CELLS, box_counts, box_view
from datacheck.report.figures import heat_svg
from datacheck.report.html import render
from datacheck.report.record import ReportRecord


@pytest.fixture
def report(tmp_path: Path) -> ReportRecord:
    """Two images of 64 x 48: two cats in the left upper corner, a dog and a box without area in the other split."""
    lines = {"train": "0 0.1 0.1 0.1 0.1\n0 0.12 0.1 0.1 0.1\n", "val": "1 0.5 0.5 0.5 0.25\n1 0.5 0.5 0 0.25\n"}
    for split, text in lines.items():
        for kind in ("images", "labels"):
            (tmp_path / kind / split).mkdir(parents=True)
        pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / split / f"{split}.png")
        (tmp_path / "labels" / split / f"{split}.txt").write_text(text)
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [cat, <b>dog]\n")
    manifest = datacheck.open(tmp_path)
    return ReportRecord(manifest, measurements=datacheck.scanning.scan(manifest).measurements)


def test_boxes_are_counted_by_class_and_split(report: ReportRecord) -> None:
    assert report.manifest.splits == ("train", "val")
    assert box_counts(report.manifest).tolist() == [[2, 0], [0, 2]]
    view = box_view(report)
    assert view is not None
    assert view.line == "4 boxes in 2 of 2 images; 1 without area, or in an image of unknown size, are not drawn"
    assert view.matrix is not None
    assert (view.matrix.total, view.matrix.n_missing) == (4, 2)
    names = [one.name for one in view.figures]
    assert names[:3] == ["Centres of all boxes", "cat (2)", "<b>dog (1)"]
    assert names[3] == "Size by shape: 0 under 8 pixels at 640 (below the line)"


def test_a_centre_is_drawn_where_it_lies(report: ReportRecord) -> None:
    view = box_view(report)
    assert view is not None
    dog = next(one.svg for one in view.figures if one.name.endswith("dog (1)"))
    squares = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"', dog)
    assert squares[0] == (f"{12 * 300 / CELLS:.1f}", f"{12 * 300 / CELLS:.1f}")
    assert "&lt;b&gt;dog" in dog


def test_the_page_has_the_section_and_escapes_its_names(report: ReportRecord) -> None:
    page = render(report)
    assert '<section id="boxes"' in page
    assert "<b>dog" not in page


def test_a_dataset_without_boxes_has_no_section() -> None:
    assert box_view(ReportRecord(datacheck.Manifest.from_columns({"label": ["a", "b"]}))) is None


def test_shades_grow_with_the_square_root_of_the_count() -> None:
    drawn = heat_svg(np.array([[0, 1], [4, 16]]), "x", at=0.5)
    assert re.findall(r'opacity="([\d.]+)"', drawn) == ["0.25", "0.50", "1.00"]
    assert 'y1="150.0"' in drawn
