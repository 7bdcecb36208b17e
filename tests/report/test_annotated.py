"""Boxes and masks are drawn on the pictures of a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import datacheck
from datacheck.annotations.pixels import image_sizes
from datacheck.manifest import Manifest, MaskFormat
from datacheck.probing.objects import BoxProbe
from datacheck.probing.objects.missing import Missing
from datacheck.report.annotated import AnnotatedThumbnails, annotated, colour_of
from datacheck.rules import RuleContext
from datacheck.scanning import ThumbnailStore
from tests.annotations.drawn import HEIGHT, WIDTH, Drawn, drawn_objects
from tests.annotations.drawn_masks import mask, write_masks
from tests.rules.segmented import judged


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


def picture(store: AnnotatedThumbnails, name: str) -> NDArray[np.int64]:
    """Return a picture of the report, blue-green-red; [h, w, 3]."""
    found = cv2.imdecode(np.frombuffer(store.get([name])[name], np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found, dtype=np.int64)


@pytest.fixture(scope="module")
def with_masks(tmp_path_factory: pytest.TempPathFactory) -> tuple[datacheck.Report, ThumbnailStore]:
    """Return the report of a dataset whose mask 3 has class 2 alone."""

    def only_two(root: Path) -> None:
        values = np.array(mask(3))
        Image.fromarray(np.where(values == 2, 2, 0).astype(np.uint8)).save(root / "masks/03.png")

    root = tmp_path_factory.mktemp("masks")
    write_masks(root / "data", only_two, n_masks=8)
    report = datacheck.audit(root / "data", out=root / "run", select=["DC82"], jobs=1)
    return report, ThumbnailStore.open(root / "run")


@pytest.mark.parametrize(("kind", "words"), [("class", "box?"), ("missing", "box?"), ("border", "border?")])
def test_regions_that_look_wrong_are_framed(
    with_masks: tuple[datacheck.Report, ThumbnailStore], kind: str, words: str
) -> None:
    report, plain = with_masks
    probe = judged(RuleContext(report.manifest), kind).mask_probe
    store = annotated(replace(report, mask_probe=probe), plain)
    assert isinstance(store, AnnotatedThumbnails)
    box = (20 / 96, 36 / 96, 32 / 96, 46 / 96)
    assert store.regions == {5: [(box, words)]}
    without = AnnotatedThumbnails(plain, report.manifest)
    found, before = picture(store, "images/05.png"), picture(without, "images/05.png")
    height, width = found.shape[:2]
    left, right = round(box[0] * width) - 2, round(box[2] * width) + 2
    top, bottom = round(box[1] * height) - 2, round(box[3] * height) + 2
    middle = (top + bottom) // 2
    for column, beyond in ((left, -1), (right, 1)):
        assert found[middle, column].min() > 190
        assert found[middle, column + beyond].max() < 90
    assert found[bottom, (left + right) // 2].min() > 190
    changed = np.abs(found - before).sum(axis=2) > 150
    assert not changed[:, : left - 4].any()
    assert not changed[bottom + 4 :].any()
    inside = changed[top + 5 : bottom - 4, left + 5 : right - 4]
    assert not inside.any()  # the words stand above the region, not on it
    assert changed[top - 12 : top - 2, left : left + 20].any()
    clean = np.abs(picture(store, "images/06.png") - picture(without, "images/06.png"))
    assert clean.max() == 0


def test_the_frame_of_a_whole_image_is_within_it(with_masks: tuple[datacheck.Report, ThumbnailStore]) -> None:
    report, plain = with_masks
    store = AnnotatedThumbnails(plain, report.manifest, regions={2: [((0.0, 0.0, 1.0, 1.0), "ground?")]})
    found = picture(store, "images/02.png")
    height, width = found.shape[:2]
    assert found[height // 2, [1, width - 2]].min() > 190
    assert found[[1, height - 2], width // 2].min() > 190


def test_a_class_has_one_colour_in_all_masks(with_masks: tuple[datacheck.Report, ThumbnailStore]) -> None:
    report, plain = with_masks

    def colour(manifest: Manifest, number: int, value: int) -> NDArray[np.float64]:
        found = picture(AnnotatedThumbnails(plain, manifest), f"images/{number:02d}.png")
        large = cv2.resize(np.asarray(mask(number)), found.shape[1::-1], interpolation=cv2.INTER_NEAREST) == value
        inner = cv2.erode(large.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        return np.asarray(found[inner].mean(axis=0))

    manifest = report.manifest
    assert np.abs(colour(manifest, 3, 2) - colour(manifest, 4, 2)).max() < 15
    assert np.abs(colour(manifest, 4, 1) - colour(manifest, 4, 2)).max() > 60
    ignored = replace(manifest, mask_format=MaskFormat(ignore_index=2))
    covered, bare = colour(manifest, 4, 2), colour(ignored, 4, 2)
    assert np.abs(bare - covered).max() > 60
    assert np.abs(colour(ignored, 4, 1) - colour(manifest, 4, 1)).max() < 15
