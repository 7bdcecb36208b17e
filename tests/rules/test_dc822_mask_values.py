from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc822_mask_values import MaskValues
from tests.annotations.drawn_masks import mask, write_masks
from tests.rules.examples import shown


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(MaskValues().check(clean_masks(2)), Passed)
    assert isinstance(MaskValues().check(clean_masks(255)), Passed)


def test_a_stray_value(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        values = np.array(mask(13))
        values[40:50, 60:70] = 200
        Image.fromarray(values).save(root / "masks/13.png")

    outcome = MaskValues().check(write_masks(tmp_path, spoil))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(MaskValues)
    assert outcome.issues["sample_id"].to_pylist() == ["images/13.png"]


def test_a_rare_class_and_ignored_pixels_are_silent(tmp_path: Path) -> None:
    def rare(root: Path) -> None:
        for number, value in ((3, 3), (4, 5), (5, 255)):
            values = np.array(mask(number))
            values[:10, :10] = value
            Image.fromarray(values).save(root / f"masks/{number:02d}.png")

    assert isinstance(MaskValues().check(write_masks(tmp_path, rare)), Passed)


def test_declared_classes_are_the_measure(tmp_path: Path) -> None:
    import datacheck

    write_masks(tmp_path)
    manifest = datacheck.open(tmp_path, classes=["background", "disc"])
    outcome = MaskValues().check(RuleContext(manifest))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.ERROR
    assert "declared are 2 classes" in outcome.findings[0].message
    assert outcome.findings[0].n_affected == 36


def void(root: Path) -> None:
    """Give a strip of each mask the value 11."""
    for path in sorted((root / "masks").iterdir()):
        values = np.array(Image.open(path))
        values[:6] = 11
        Image.fromarray(values).save(path)


def test_a_declared_ignore_value_is_no_stray_value(tmp_path: Path) -> None:
    import datacheck

    write_masks(tmp_path, void)
    classes = ["ground", "disc", "box"]
    found = MaskValues().check(RuleContext(datacheck.open(tmp_path, classes=classes)))
    assert isinstance(found, Found)
    assert found.findings[0].n_affected == 36
    assert found.findings[0].remedy.startswith(
        "if 11 marks pixels that do not count, declare it: ignore_index=11; else correct these masks"
    )
    declared = datacheck.open(tmp_path, classes=classes, ignore_index=11)
    assert MaskValues().check(RuleContext(declared)) == Passed("36 masks with 4 values")
    other = MaskValues().check(RuleContext(datacheck.open(tmp_path, classes=classes, ignore_index=12)))
    assert isinstance(other, Found)
    assert other.findings[0].remedy.startswith("correct these masks")


def test_two_values_in_many_masks_or_one_in_few_are_not_proposed(tmp_path: Path) -> None:
    import datacheck

    def some(root: Path) -> None:
        for number in range(12):
            values = np.array(mask(number))
            values[:6], values[6:12] = 11, 12
            Image.fromarray(values).save(root / f"masks/{number:02d}.png")

    write_masks(tmp_path / "two", some)
    write_masks(tmp_path / "few", lambda root: Image.new("L", (96, 72), 11).save(root / "masks/03.png"))
    for name in ("two", "few"):
        manifest = datacheck.open(tmp_path / name, classes=["ground", "disc", "box"])
        found = MaskValues().check(RuleContext(manifest))
        assert isinstance(found, Found)
        assert found.findings[0].remedy == "correct these masks, or map the values to classes in the loader"


def test_pictures_instead_of_masks_are_not_judged(tmp_path: Path) -> None:
    def pictures(root: Path) -> None:
        for path in sorted((root / "images").iterdir()):
            Image.open(path).convert("L").save(root / "masks" / path.name)

    assert isinstance(MaskValues().check(write_masks(tmp_path, pictures)), NotApplicable)
