from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datacheck.annotations.shifts import paired_iou
from datacheck.errors import StorageError
from datacheck.probing.budget import Clock
from datacheck.probing.objects import BoxProbe, load_box_probe, run_box_probe, save_box_probe
from datacheck.probing.objects.heat import peaks, target
from datacheck.probing.objects.missing import Asked, Given, Missing, Searched, find_missing, told_apart
from datacheck.probing.objects.run import without_search
from datacheck.probing.objects.search import given_boxes, search, searchable
from datacheck.probing.objects.suspects import suspects_of
from datacheck.probing.options import Options
from datacheck.probing.weights import default_weights_installed
from tests.annotations.drawn import Drawn, drawn_objects
from tests.rules.placed_boxes import drawn, unboxed

PIXELS = 16
"""Of a place."""


def scenes(n_images: int = 80, seed: int = 0) -> tuple[Searched, Given]:
    """Return maps of 10 x 10 places with three objects each, of two places in width and height."""
    rng = np.random.default_rng(seed)
    maps, row, boxes = [], [], []
    for number in range(n_images):
        seen = 0.3 * rng.normal(size=(10, 10, 8))
        for left in (1, 4, 7):
            top = int(rng.integers(0, 8))
            seen[top : top + 2, left : left + 2, 0] += 3.0
            row.append(number)
            boxes.append([left, top, left + 2, top + 2])
        maps.append(seen.astype(np.float16))
    rows = np.arange(n_images)
    given = Given(np.array(row), PIXELS * np.array(boxes, dtype=float), np.ones(len(row), dtype=bool))
    return Searched(rows, rows, np.full((n_images, 2), 10.0 * PIXELS), maps), given


def without(given: Given, gone: np.ndarray) -> Given:
    kept = ~np.isin(np.arange(len(given.row)), gone)
    return Given(given.row[kept], given.boxes[kept], given.good[kept])


def test_objects_whose_box_is_gone_are_found_where_they_are() -> None:
    images, given = scenes()
    gone = np.arange(0, 240, 20)
    found = find_missing(images, without(given, gone), 0, Clock(60.0))
    assert found is not None
    assert (found.n_boxes, found.n_images, len(found.hidden_heat)) == (228, 80, 34)
    listed = found.listed(0.5)
    assert 4 <= len(listed) <= len(gone)
    assert np.diff(found.heat[listed]).max() <= 0
    for k in listed:
        of = gone[given.row[gone] == found.row[k]]
        assert len(of) == 1
        assert paired_iou(given.boxes[of], found.boxes[k][None])[0] > 0.5
    assert np.mean(found.hidden_heat > found.cut(0.5)) == pytest.approx(0.5)


def test_nothing_is_listed_where_every_object_has_a_box() -> None:
    images, given = scenes()
    found = find_missing(images, given, 0, Clock(60.0))
    assert found is not None
    assert len(found.listed(0.5)) == 0
    assert np.median(found.hidden_heat) > 0.3


def test_a_crowd_is_neither_learned_nor_listed() -> None:
    images, given = scenes()
    crowd = np.arange(0, 240, 20)
    good = given.good.copy()
    good[crowd] = False
    found = find_missing(images, replace(given, good=good), 0, Clock(60.0))
    assert found is not None
    assert found.n_boxes == 228
    assert len(found.listed(0.5)) == 0


def test_too_few_boxes_and_no_time_give_nothing() -> None:
    images, given = scenes()
    assert find_missing(images, without(given, np.arange(100)), 0, Clock(60.0)) is None
    assert find_missing(images, given, 0, Clock(0.0)) is None


def test_targets_show_the_way_to_the_centre_and_the_size() -> None:
    found = target((4, 6), np.array([[2.0, 1.0, 5.0, 3.0]]), np.array([[0.0, 0.0, 1.0, 1.0]]))
    heat = found.heat.reshape(4, 6)
    assert np.isnan(heat[0, 0])
    assert np.nanargmax(heat) in {1 * 6 + 3, 2 * 6 + 3}
    change = found.change.reshape(4, 6, 4)[1, 3]
    assert change.round(3).tolist() == [0.0, 0.5, round(np.log(3), 3), round(np.log(2), 3)]
    assert np.isnan(found.change.reshape(4, 6, 4)[3, 0]).all()


def test_weaker_peaks_that_overlap_are_left_out() -> None:
    heat, change = np.zeros((6, 6)), np.zeros((6, 6, 4))
    change[..., 2:] = np.log(3.0)
    heat[2, 1], heat[2, 3], heat[5, 5] = 0.9, 0.8, 0.5
    change[2, 3, 0] = -1.0
    assert [round(value, 2) for _, value in peaks(heat, change)] == [0.9, 0.5]


def test_a_prediction_in_a_given_box_or_less_than_a_place_beside_it_is_that_box() -> None:
    found = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10], [42, 2, 46, 6], [60, 0, 70, 10], [40, 9, 50, 15]])
    seen, hidden = np.array([[40.0, 0, 50, 10], [1, 0, 10, 10]]), np.array([[21.0, 0, 30, 10], [66, 14, 99, 18]])
    heat = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    for place, is_new, met in ((1.0, [3, 4], [0.8, 0.0]), (4.0, [3], [0.8, 0.0]), (10.0, [], [0.8, 0.6])):
        new, found_heat = told_apart(found, heat, seen, hidden, np.full(2, place))
        assert (np.flatnonzero(new).tolist(), found_heat.tolist()) == (is_new, met)
    new, found_heat = told_apart(np.empty((0, 4)), np.empty(0), seen, hidden, np.ones(2))
    assert (new.tolist(), found_heat.tolist()) == ([], [0.0, 0.0])


def test_a_saved_search_is_the_same_and_in_the_table_of_suspects(tmp_path: Path) -> None:
    context = unboxed(0.9)
    probe = context.box_probe
    assert probe is not None
    assert probe.missing is not None
    save_box_probe(probe, context.manifest, context.measurements, tmp_path)
    again = load_box_probe(tmp_path, context.manifest).missing
    assert again is not None
    for name in ("row", "boxes", "heat", "hidden_heat"):
        assert getattr(again, name).tolist() == getattr(probe.missing, name).tolist()
    assert (again.n_boxes, again.n_images) == (probe.missing.n_boxes, probe.missing.n_images)
    one = suspects_of(probe, context.manifest, context.measurements).to_pylist()
    assert one == [
        {
            "sample_id": "images/0002.jpg", "annotation_file": "labels/0002.xml", "line": None, "kind": "missing",
            "given": None, "suggested": None, "left": 10.0, "top": 20.0, "right": 30.0, "bottom": 40.0,
            "suspicion": 0.9,
        }
    ]  # fmt: skip
    with pytest.raises(StorageError, match="probe again"):
        load_box_probe(tmp_path, context.manifest.take(np.array([5, 6])))


def test_why_images_are_not_searched() -> None:
    context = drawn()
    assert context.boxes is not None
    rows = searchable(context.manifest, context.image_sizes, np.array([3]))
    assert rows.tolist() == [row for row in range(40) if row != 3]
    images = Searched(rows, rows, context.image_sizes.frame[rows], ())
    given = given_boxes(context.boxes, np.arange(79))
    few = search(context.manifest, images, given, Options(), Clock(60.0))
    assert few == (None, "needs 150 boxes that can be judged, found 78")
    more = Given(np.tile(given.row, 3), np.tile(given.boxes, (3, 1)), np.tile(given.good, 3))
    late = search(context.manifest, images, more, Options(), Clock(10.0, now=lambda: 0.0))
    assert late == (None, "needs 15 seconds that the other checks leave of the budget, found 10 (--budget)")


def test_exchanged_corners_are_sorted_and_boxes_without_a_place_left_out() -> None:
    boxes = drawn().boxes
    assert boxes is not None
    changed = boxes.boxes.copy()
    changed[0], changed[1] = [30, 40, 10, 20], np.nan
    found = given_boxes(replace(boxes, boxes=changed), np.arange(5, 79))
    assert len(found.row) == 78
    assert found.boxes[0].tolist() == [10, 20, 30, 40]
    assert found.good.tolist() == [False] * 4 + [True] * 74


def test_the_heat_at_boxes_that_are_asked_for_is_that_of_objects_and_of_nothing() -> None:
    images, given = scenes()
    corner = PIXELS * np.array([[9.0, 9.0, 10.0, 10.0]])
    row = np.append(given.row, 500)
    asked = Asked.of(row, np.concatenate([given.boxes, corner]))
    assert find_missing(images, given, 0, Clock(60.0), asked=asked) is not None
    assert np.isnan(asked.heat).tolist() == [False] * len(given.row) + [True]
    assert np.median(asked.heat[:-1]) > 0.2  # a centre lies between four places, which are half as hot
    nothing = Asked.of(given.row[::3], np.tile(corner, (80, 1)))
    find_missing(images, given, 0, Clock(60.0), asked=nothing)
    assert np.abs(np.median(nothing.heat)) < 0.1


def test_a_share_of_the_budget_is_kept_for_the_search_where_it_suffices() -> None:
    assert without_search(Clock(60.0, now=lambda: 0.0)).left == pytest.approx(39.0)
    assert without_search(Clock(40.0, now=lambda: 0.0)).left == 40.0


def test_without_weights_nothing_is_searched() -> None:
    context = drawn()
    assert context.boxes is not None
    options = Options(backend="descriptors", packaged=False)
    probe = run_box_probe(context.manifest, context.boxes, context.image_sizes, options, Clock(60.0))
    assert probe.missing is None
    assert "weights='none'" in probe.why_not_missing


def test_few_hidden_boxes_or_weak_ones_give_no_cut() -> None:
    nothing = np.empty((0, 4))
    few = Missing(np.zeros(0, int), nothing, np.zeros(0), np.full(20, 0.9), 200, 40)
    assert few.listed(0.5).tolist() == []
    weak = Missing(np.array([0]), np.ones((1, 4)), np.array([0.9]), np.repeat([0.0, 0.9], [30, 10]), 200, 40)
    assert weak.listed(0.5).tolist() == []
    assert weak.listed(0.2).tolist() == []
    assert weak.listed(0.2).tolist() == replace(weak, heat=np.array([0.9])).listed(0.2).tolist()
    assert replace(weak, heat=np.array([1.0])).listed(0.2).tolist() == [0]


@pytest.mark.slow
@pytest.mark.skipif(not default_weights_installed(), reason="needs torch and the packaged weights")
def test_the_network_finds_drawn_objects_without_a_box(tmp_path: Path) -> None:
    objects = drawn_objects(100)
    full = Drawn(tmp_path / "full", "Pascal VOC", objects).write()

    def forget(root: Path) -> None:
        fewer = {name: many[:-1] if number % 8 == 2 else many for number, (name, many) in enumerate(objects.items())}
        (root / "kept").mkdir()
        for path in (root / "images").iterdir():
            path.rename(root / "kept" / path.name)
        Drawn(root, "Pascal VOC", fewer).write()
        for path in (root / "kept").iterdir():
            path.replace(root / "images" / path.name)
        (root / "kept").rmdir()

    context = Drawn(tmp_path / "data", "Pascal VOC", objects).write(forget)
    assert full.boxes is not None
    assert context.boxes is not None
    assert len(full.boxes.objects) - len(context.boxes.objects) == 13
    rows = np.arange(100)
    images = Searched(rows, rows, context.image_sizes.frame, ())
    given = given_boxes(context.boxes, np.arange(len(context.boxes.objects)))
    found, why_not = search(context.manifest, images, given, Options(), Clock(300.0))
    assert not why_not
    assert found is not None
    probe = BoxProbe(np.empty(0, dtype=np.int64), None, missing=found)
    listed = suspects_of(probe, context.manifest, context.measurements).to_pylist()
    names = [f"images/{number:04d}.jpg" for number in range(2, 100, 8)]
    assert len(listed) >= 4
    assert np.mean([each["sample_id"] in names for each in listed]) > 0.7
