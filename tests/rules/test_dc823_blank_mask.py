from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from datacheck.findings import Found, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc823_blank_mask import BlankMask
from tests.annotations.drawn_masks import SIZE, write_masks
from tests.rules.examples import shown


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(BlankMask().check(clean_masks(2)), Passed)
    assert isinstance(BlankMask().check(clean_masks(255)), Passed)


def test_a_mask_that_nobody_drew(tmp_path: Path) -> None:
    outcome = BlankMask().check(write_masks(tmp_path, lambda root: Image.new("L", SIZE).save(root / "masks/09.png")))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(BlankMask)
    assert outcome.findings[0].severity is Severity.WARNING


def test_many_blank_masks_are_part_of_the_task(tmp_path: Path) -> None:
    def blank(root: Path) -> None:
        for number in range(12):
            Image.new("L", SIZE).save(root / f"masks/{number:02d}.png")

    outcome = BlankMask().check(write_masks(tmp_path, blank))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.findings[0].n_affected == 12
