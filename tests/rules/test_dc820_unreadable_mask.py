from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from datacheck.findings import Found, Passed
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc820_unreadable_mask import UnreadableMask
from tests.annotations.drawn_masks import write_masks
from tests.rules.examples import shown


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(UnreadableMask().check(clean_masks(2)), Passed)
    assert isinstance(UnreadableMask().check(clean_masks(255)), Passed)


def test_a_pointer_instead_of_the_picture(tmp_path: Path) -> None:
    def spoil(root: Path) -> None:
        (root / "masks/17.png").write_text("version https://example.org/a-pointer")

    outcome = UnreadableMask().check(write_masks(tmp_path, spoil))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(UnreadableMask)
    assert outcome.issues["sample_id"].to_pylist() == ["images/17.png"]
