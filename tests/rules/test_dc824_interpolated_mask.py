from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc824_interpolated_mask import InterpolatedMask
from tests.annotations.drawn_masks import SIZE, mask, write_masks
from tests.rules.examples import shown


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(InterpolatedMask().check(clean_masks(2)), Passed)
    assert isinstance(InterpolatedMask().check(clean_masks(255)), Passed)


def test_masks_that_were_saved_as_jpeg(tmp_path: Path) -> None:
    def as_jpeg(root: Path) -> None:
        for path in sorted((root / "masks").iterdir()):
            Image.open(path).save(path.with_suffix(".jpg"), quality=80)
            path.unlink()

    outcome = InterpolatedMask().check(write_masks(tmp_path, as_jpeg, n_masks=12, high=255))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.startswith(
        "12 of 12 masks were blurred by JPEG or interpolation: 'masks/00.jpg'"
    )
    assert shown(InterpolatedMask).startswith("12 of 12 masks were blurred by JPEG or interpolation: 'masks/00.jpg'")


def test_masks_that_were_resized_smoothly(tmp_path: Path) -> None:
    def resize(root: Path) -> None:
        for number in (4, 8):
            small = mask(number, 255).resize((48, 36), Image.Resampling.BILINEAR)
            small.resize(SIZE, Image.Resampling.BILINEAR).save(root / f"masks/{number:02d}.png")

    outcome = InterpolatedMask().check(write_masks(tmp_path, resize, high=255))
    assert isinstance(outcome, Found)
    assert outcome.issues["sample_id"].to_pylist() == ["images/04.png", "images/08.png"]


def test_many_small_objects_of_rare_classes_are_silent(tmp_path: Path) -> None:
    def scatter(root: Path) -> None:
        for number in range(36):
            values = np.array(mask(number))
            for value in range(3, 12):
                x, y = 4 + 9 * (value - 3), 4 + 7 * ((number + value) % 9)
                values[y : y + 5, x : x + 5] = value
            Image.fromarray(values).save(root / f"masks/{number:02d}.png")

    assert isinstance(InterpolatedMask().check(write_masks(tmp_path, scatter)), Passed)


def test_pictures_instead_of_masks_are_not_judged(tmp_path: Path) -> None:
    def pictures(root: Path) -> None:
        for path in sorted((root / "images").iterdir()):
            Image.open(path).convert("L").save(root / "masks" / path.name)

    assert isinstance(InterpolatedMask().check(write_masks(tmp_path, pictures)), NotApplicable)
