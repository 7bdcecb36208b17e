from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from datacheck.findings import Found, Passed
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc825_copied_mask import CopiedMask
from tests.annotations.drawn_masks import SIZE, write_masks
from tests.rules.examples import shown


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(CopiedMask().check(clean_masks(2)), Passed)
    assert isinstance(CopiedMask().check(clean_masks(255)), Passed)


def test_a_mask_under_two_names(tmp_path: Path) -> None:
    def copy(root: Path) -> None:
        (root / "masks/21.png").write_bytes((root / "masks/20.png").read_bytes())

    outcome = CopiedMask().check(write_masks(tmp_path, copy))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(CopiedMask)
    assert outcome.issues["sample_id"].to_pylist() == ["images/20.png", "images/21.png"]


def test_blank_masks_and_copies_of_one_image_are_silent(tmp_path: Path) -> None:
    def copy(root: Path) -> None:
        for number in (3, 4):
            Image.new("L", SIZE).save(root / f"masks/{number:02d}.png")
        for kind in ("images", "masks"):
            (root / f"{kind}/99.png").write_bytes((root / f"{kind}/20.png").read_bytes())

    assert isinstance(CopiedMask().check(write_masks(tmp_path, copy)), Passed)
