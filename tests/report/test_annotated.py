"""Boxes and masks are drawn on the pictures of a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import datacheck
from datacheck.annotations.pixels import image_sizes
from datacheck.probing.objects import BoxProbe
from datacheck.probing.objects.missing import Missing
from datacheck.report.annotated import AnnotatedThumbnails, annotated, colour_of
from datacheck.scanning import ThumbnailStore
from tests.annotations.drawn import HEIGHT, WIDTH, Drawn, drawn_objects
from tests.annotations.drawn_masks import mask, write_masks


@pytest.mark.parametrize("form", ["YOLO", "COCO"])
def test_boxes_stand_where_the_annotations_say(tmp_path: Path, form: str) -> None:
    objects = {name: many[:1] for name, many in drawn_objects(6).items()}
    context = Drawn(tmp_path / "data", form, objects).write()
    report = datacheck.audit(tmp_path / "data", out=tmp_path / "run", select=["DC8"])
    store = AnnotatedThumbnails(ThumbnailStore.open(tmp_path / "run"), report.manifest)
    name = "images/0004.jpg"
    picture = cv2.imdecode(np.frombuffer(store.get([name])[name], np.uint8), cv2.IMREAD_COLOR)
    factor = picture.shape[1] / WIDTH
    assert picture.shape[0] == pytest.approx(HEIGHT * factor, abs=1)
    left, top, right, bottom = (round(side * factor) for side in objects["0004.jpg"][0].box)
    wanted = np.array(colour_of(context.manifest.classes.index(objects["0004.jpg"][0].name)))
    for x, y in ((left, (top + bottom) // 2), ((left + right) // 2, top), (right, (top + bottom) // 2)):
        near = picture[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].reshape(-1, 3)
        assert np.abs(near - wanted).sum(axis=1).min() < 120


def test_a_place_without_a_box_is_marked(tmp_path: Path) -> None:
    Drawn(tmp_path / "data", "YOLO", drawn_objects(6)).write()
    report = datacheck.audit(tmp_path / "data", out=tmp_path / "run", select=["DC8"])
    store, name = ThumbnailStore.open(tmp_path / "run"), "images/0004.jpg"
    frame = image_sizes(report.manifest, report.measurements).frame[4]
    box = np.array([[60.0, 40.0, 90.0, 68.0]])
    missing = Missing(np.array([4]), box, np.array([0.9]), np.full(40, 0.5), 12, 6)
    marked = replace(report, box_probe=BoxProbe(np.empty(0, dtype=np.int64), None, missing=missing))
    shown = annotated(marked, store)
    assert shown is not None
    picture = cv2.imdecode(np.frombuffer(shown.get([name])[name], np.uint8), cv2.IMREAD_COLOR)
    left, top, right, bottom = (box[0] / np.tile(frame, 2) * np.tile(picture.shape[1::-1], 2)).round().astype(int)
    assert (picture[bottom + 2, left + 20 : right - 2] > 200).mean() > 0.8
    assert (picture[top + 25 : bottom - 2, right + 2] > 200).mean() > 0.8


def test_a_mask_is_laid_over_and_what_cannot_be_drawn_stays(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        (root / "masks/03.png").write_text("no picture")

    write_masks(tmp_path / "data", spoil, n_masks=6)
    report = datacheck.audit(tmp_path / "data", out=tmp_path / "run", select=["DC82"])
    plain = ThumbnailStore.open(tmp_path / "run")
    store = AnnotatedThumbnails(plain, report.manifest)
    names = ["images/02.png", "images/03.png"]
    drawn = {n: cv2.imdecode(np.frombuffer(d, np.uint8), cv2.IMREAD_COLOR) for n, d in store.get(names).items()}
    before = {n: cv2.imdecode(np.frombuffer(d, np.uint8), cv2.IMREAD_COLOR) for n, d in plain.get(names).items()}
    size = drawn[names[0]].shape[1::-1]
    covered = cv2.resize(np.asarray(mask(2)), size, interpolation=cv2.INTER_NEAREST) > 0
    change = np.abs(drawn[names[0]].astype(int) - cv2.resize(before[names[0]], size).astype(int)).sum(axis=2)
    assert np.median(change[covered]) > 4 * np.median(change[~covered]) + 10
    unread = np.abs(drawn[names[1]].astype(int) - cv2.resize(before[names[1]], size).astype(int))
    assert np.median(unread) < 10


def test_the_report_of_a_dataset_with_boxes_shows_them(tmp_path: Path) -> None:
    objects = drawn_objects(12)
    objects["0006.jpg"] *= 2
    Drawn(tmp_path / "data", "YOLO", objects).write()
    datacheck.audit(tmp_path / "data", out=tmp_path / "run", duplicates="exact")
    page = (tmp_path / "run" / "report.html").read_text()
    assert "DC809" in page
    assert "data:image/jpeg;base64," in page
