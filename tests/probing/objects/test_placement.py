from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datacheck.annotations.shifts import offsets, paired_iou, shifted
from datacheck.probing.budget import Clock
from datacheck.probing.objects import run_box_probe
from datacheck.probing.objects.placement import place, plant
from datacheck.probing.objects.suspects import suspects_of
from datacheck.probing.options import Options
from datacheck.probing.weights import default_weights_installed
from tests.annotations.boxed import with_probe
from tests.annotations.drawn import Drawn, drawn_objects
from tests.annotations.test_shifts import boxes
from tests.rules.placed_boxes import drawn, placed


def test_features_that_show_the_place_find_moved_and_spurious_boxes() -> None:
    right, frame = boxes(400)
    row = np.repeat(np.arange(200), 2)
    given = right.copy()
    wrong, copies = shifted(right[:40], frame[:40], np.random.default_rng(5), 0.3, 0.6)
    given[wrong] = copies
    planted = plant(row, given, frame, seed=0)
    assert (planted.kind == 0).sum() == 400
    spurious = np.arange(300, 320)
    # What a perfect network would see: how far the right box is, and whether there is an object.
    seen = offsets(planted.boxes, right[planted.source])
    rng = np.random.default_rng(1)
    object_there = planted.kind != 2
    object_there[spurious] = False
    seen[~object_there] = rng.normal(size=(int((~object_there).sum()), 4))
    grid = np.concatenate([seen, 0.1 * rng.normal(size=seen.shape)], axis=1).astype(np.float32)
    pooled = np.stack([object_there, ~object_there], axis=1).astype(np.float32) + 0.05
    found = place(planted, np.arange(400), row[planted.source], pooled, grid, 0)
    moved = found.misplaced(0.7)
    assert np.isin(moved[: len(wrong) // 2], wrong).mean() > 0.8
    assert set(found.spurious(0.5).tolist()) <= set(spurious.tolist())
    corrected = paired_iou(found.corrected[wrong], right[wrong])
    assert np.median(corrected) > np.median(paired_iou(given[wrong], right[wrong]))


def test_suspects_hold_the_corrected_box() -> None:
    context = placed(shift=0.9)
    assert context.box_probe is not None
    assert context.boxes is not None
    one = suspects_of(context.box_probe, context.manifest, context.measurements).to_pylist()
    assert [each["kind"] for each in one] == ["misplaced"]
    assert one[0]["given"] == one[0]["suggested"]
    assert one[0]["left"] == context.boxes.boxes[5, 0] + 7
    spurious = placed(empty=0.97)
    assert spurious.box_probe is not None
    two = suspects_of(spurious.box_probe, spurious.manifest, spurious.measurements).to_pylist()
    assert [(each["kind"], each["suggested"]) for each in two] == [("spurious", None)]


def test_without_weights_places_are_not_judged() -> None:
    probe = with_probe(drawn()).box_probe
    assert probe is not None
    assert probe.placement is None
    assert "weights='none'" in probe.why_not_placed


@pytest.mark.slow
@pytest.mark.skipif(not default_weights_installed(), reason="needs torch and the packaged weights")
def test_the_network_tells_planted_faults_from_given_boxes(tmp_path: Path) -> None:
    context = Drawn(tmp_path, "Pascal VOC", drawn_objects()).write()
    assert context.boxes is not None
    options = Options(backend="descriptors")
    probe = run_box_probe(context.manifest, context.boxes, context.image_sizes, options, Clock(120.0))
    found = probe.placement
    assert found is not None
    assert found.objects.tolist() == list(range(79))
    assert np.median(found.planted_empty) > np.quantile(found.emptiness, 0.95)
    assert np.median(found.planted_shift) > np.quantile(found.shift, 0.9)
    assert np.median(paired_iou(found.corrected, context.boxes.boxes)) > 0.7
