from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datacheck.errors import StorageError
from datacheck.findings import Found, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc828_colour_masks import ColourMasks
from tests.annotations.drawn_masks import write_masks
from tests.rules.examples import shown

COLOURS = np.array([(0, 0, 0), (200, 10, 10), (10, 200, 10)], dtype=np.uint8)


def colour(root: Path) -> None:
    for path in (root / "masks").iterdir():
        Image.fromarray(COLOURS[np.array(Image.open(path))]).save(path)


def with_table(root: Path) -> None:
    colour(root)
    (root / "class_dict.csv").write_text("name,r,g,b\nground,0,0,0\ndisc,200,10,10\nbox,10,200,10\n")


def test_index_masks_have_no_colours(clean_masks: Callable[[int], RuleContext]) -> None:
    assert ColourMasks().check(clean_masks(2)) == Passed("no mask gives classes as colours")


def test_colours_without_a_table_are_proposed(tmp_path: Path) -> None:
    outcome = ColourMasks().check(write_masks(tmp_path / "data", colour))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(ColourMasks)
    assert finding.severity is Severity.INFO
    assert finding.evidence["proposed_table"]["0"] == "(0, 0, 0)"


def test_a_table_that_has_all_colours_is_silent(tmp_path: Path) -> None:
    outcome = ColourMasks().check(write_masks(tmp_path / "data", with_table))
    assert outcome == Passed("all 3 colours of 36 masks are in class_dict.csv")


def test_a_colour_that_is_not_in_the_table(tmp_path: Path) -> None:
    def extra(root: Path) -> None:
        with_table(root)
        pixels = np.array(Image.open(root / "masks/04.png"))
        pixels[:20, :20] = (10, 10, 200)
        Image.fromarray(pixels).save(root / "masks/04.png")

    outcome = ColourMasks().check(write_masks(tmp_path / "data", extra))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == (
        "1 mask has colours that are not among the 3 colours of class_dict.csv: 'masks/04.png' ((10, 10, 200))"
    )
    assert outcome.issues["sample_id"].to_pylist() == ["images/04.png"]


def test_a_table_that_was_given_must_hold_colours(tmp_path: Path) -> None:
    context = write_masks(tmp_path / "data", colour)
    (tmp_path / "empty.txt").write_text("nothing\n")
    with pytest.raises(StorageError, match="expected lines with a name, red, green and blue"):
        ColourMasks(table=str(tmp_path / "empty.txt")).check(context)
