from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from datacheck.findings import Found, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc821_mask_size_mismatch import MaskSizeMismatch
from tests.annotations.drawn_masks import mask, write_masks
from tests.rules.examples import shown


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(MaskSizeMismatch().check(clean_masks(2)), Passed)
    assert isinstance(MaskSizeMismatch().check(clean_masks(255)), Passed)


def test_a_mask_of_half_the_size(tmp_path: Path) -> None:
    outcome = MaskSizeMismatch().check(
        write_masks(tmp_path, lambda root: mask(5).resize((48, 36)).save(root / "masks/05.png"))
    )
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(MaskSizeMismatch)
    assert outcome.issues["sample_id"].to_pylist() == ["images/05.png"]


def test_masks_that_are_all_smaller_are_information(tmp_path: Path) -> None:
    def shrink(root: Path) -> None:
        for path in sorted((root / "masks").iterdir()):
            Image.open(path).resize((24, 18), Image.Resampling.NEAREST).save(path)

    outcome = MaskSizeMismatch().check(write_masks(tmp_path, shrink))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert "are smaller than their images by a factor of 4:" in outcome.findings[0].message
