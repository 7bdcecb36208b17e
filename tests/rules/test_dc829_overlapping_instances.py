from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.masks.dc829_overlapping_instances import OverlappingInstances
from tests.annotations.drawn_instances import write_instances
from tests.rules.examples import shown


def test_an_object_that_was_drawn_twice(tmp_path: Path) -> None:
    def again(root: Path) -> None:
        pixels = np.array(Image.open(root / "04/masks/0.png"))
        pixels[np.flatnonzero(pixels.any(axis=1))[0]] = 0
        Image.fromarray(pixels).save(root / "04/masks/3.png")

    outcome = OverlappingInstances().check(write_instances(tmp_path, again))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(OverlappingInstances)
    assert outcome.findings[0].severity is Severity.WARNING
    assert outcome.issues["sample_id"].to_pylist() == ["04/images/04.png"]


def test_touching_objects_are_silent(tmp_path: Path) -> None:
    def touch(root: Path) -> None:
        for image in range(4):
            first, second = (np.array(Image.open(root / f"{image:02d}/masks/{k}.png")) for k in (0, 1))
            edge = np.flatnonzero(second.any(axis=0))[0]
            first[:, edge] |= second[:, edge]
            Image.fromarray(first).save(root / f"{image:02d}/masks/0.png")

    assert isinstance(OverlappingInstances().check(write_instances(tmp_path, touch)), Passed)


def test_objects_that_hide_each_other_in_many_images_are_information(tmp_path: Path) -> None:
    def hide(root: Path) -> None:
        for image in range(5):
            first, second = (np.array(Image.open(root / f"{image:02d}/masks/{k}.png")) for k in (0, 1))
            Image.fromarray(np.maximum(first, np.where(np.arange(60)[:, None] < 30, second, 0))).save(
                root / f"{image:02d}/masks/0.png"
            )

    outcome = OverlappingInstances().check(write_instances(tmp_path, hide))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
