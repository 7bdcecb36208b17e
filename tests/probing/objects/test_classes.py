"""The class of boxes by what a network sees at several depths, and the order of the boxes in doubt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from datacheck.probing.budget import Clock
from datacheck.probing.objects import run_box_probe
from datacheck.probing.objects.classes import joined
from datacheck.probing.objects.outputs import BoxProbe, class_suspicion
from datacheck.probing.objects.placement import Placement
from datacheck.probing.options import Options
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.weights import default_weights_installed
from tests.annotations.drawn import CLASSES, Drawn, drawn_objects


def test_blocks_of_features_count_the_same_whatever_their_scale() -> None:
    rng = np.random.default_rng(0)
    class_of = np.repeat([0, 1], 40)
    telling = (class_of[:, None] + 0.1 * rng.normal(size=(80, 4))).astype(np.float32)
    noise = rng.normal(size=(80, 30)).astype(np.float32)
    for scale in (1.0, 1000.0):
        found = joined([telling, scale * noise])
        assert found.shape == (80, 34)
        apart = np.abs(found[class_of == 0].mean(axis=0) - found[class_of == 1].mean(axis=0))
        assert apart.argmax() == 0


def test_a_box_that_looks_empty_comes_later_in_the_list_of_classes() -> None:
    objects = np.array([3, 4, 6])
    crops = cast("ProbeOutputs", SimpleNamespace(label_quality=np.array([0.1, 0.1, 0.9], dtype=np.float32)))
    places = np.zeros((3, 4))
    placement = Placement(
        np.array([1, 3, 6]), np.array([1.0, 0.91, -0.2]), *[np.zeros(3), places, np.empty(0)], np.empty(0)
    )
    probe = BoxProbe(objects, crops, placement=placement)
    assert class_suspicion(probe).round(3).tolist() == [0.27, 0.9, 0.1]
    assert class_suspicion(replace(probe, placement=None)).round(3).tolist() == [0.9, 0.9, 0.1]


@pytest.mark.slow
@pytest.mark.skipif(not default_weights_installed(), reason="needs torch and the packaged weights")
def test_planted_classes_of_drawn_objects_are_in_doubt(tmp_path: Path) -> None:
    objects = drawn_objects(80)
    planted = [name for number, name in enumerate(objects) if number % 10 == 1]
    for name in planted:
        first = objects[name][0]
        objects[name][0] = replace(first, name=CLASSES[(CLASSES.index(first.name) + 1) % 3])
    pictures = Drawn(tmp_path, "Pascal VOC", drawn_objects(80)).write()
    kept = {path: path.read_bytes() for path in (tmp_path / "images").iterdir()}

    def as_before(root: Path) -> None:
        for path, content in kept.items():
            path.write_bytes(content)

    context = Drawn(tmp_path, "Pascal VOC", objects).write(as_before)
    assert context.boxes is not None
    assert len(context.boxes.objects) == len(pictures.boxes.objects if pictures.boxes else ())
    probe = run_box_probe(context.manifest, context.boxes, context.image_sizes, Options(), Clock(120.0))
    assert probe.crops is not None
    assert probe.crops.backend == "boxes (EfficientNet-lite0)"
    doubt = class_suspicion(probe)
    rows = context.boxes.objects.row[probe.objects]
    first_of = np.r_[True, np.diff(rows) > 0]
    wrong = np.isin(rows, [list(objects).index(name) for name in planted]) & first_of
    assert wrong.sum() == 8
    assert doubt[wrong].min() > np.quantile(doubt[~wrong], 0.9)
