from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc826_mask_islands import MaskIslands, usual_and_cut
from tests.annotations.drawn_masks import write_masks
from tests.rules.examples import shown


def speck(root: Path, number: int, places: list[tuple[int, int]]) -> None:
    path = root / f"masks/{number:02d}.png"
    values = np.array(Image.open(path))
    for x, y in places:
        values[y, x : x + 2] = 2
    Image.fromarray(values).save(path)


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(MaskIslands().check(clean_masks(2)), Passed)
    assert isinstance(MaskIslands().check(clean_masks(255)), Passed)


def test_specks_of_one_mask_are_named_with_their_place(tmp_path: Path) -> None:
    outcome = MaskIslands().check(write_masks(tmp_path, lambda root: speck(root, 9, [(5, 3), (40, 60)])))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(MaskIslands)
    assert finding.severity is Severity.WARNING
    assert finding.evidence["n_specks"] == 2
    assert outcome.issues["sample_id"].to_pylist() == ["images/09.png"]


def test_specks_in_many_masks_are_information(tmp_path: Path) -> None:
    def extra(root: Path) -> None:
        for number in range(5):
            speck(root, number, [(2, 2)])

    outcome = MaskIslands().check(write_masks(tmp_path, extra))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.findings[0].message.startswith("5 masks of 36, 13.9 %, have specks")


def test_a_class_of_small_regions_has_no_specks() -> None:
    assert usual_and_cut(np.array([1, 2, 3] * 20)) == (2, 0)
    # Sizes of every order, as in street scenes: no region is far below the usual size and rare in pixels as well.
    assert usual_and_cut(np.array([2**k for k in range(3, 12)] * 5)) == (2048, 0)


def test_few_masks_cannot_be_judged(tmp_path: Path) -> None:
    outcome = MaskIslands().check(write_masks(tmp_path, n_masks=8))
    assert isinstance(outcome, NotApplicable)
    assert outcome.reason == "no class has 20 regions to compare"
