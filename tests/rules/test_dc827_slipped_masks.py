from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datacheck.annotations.slips import agreement, largest_run
from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc827_slipped_masks import SlippedMasks
from tests.annotations.drawn_masks import write_masks
from tests.rules.examples import shown


def slip(root: Path, first: int, last: int) -> None:
    """Give each of some images the mask of the image before it."""
    for number in range(last, first - 1, -1):
        (root / f"masks/{number:02d}.png").write_bytes((root / f"masks/{number - 1:02d}.png").read_bytes())


def test_clean_masks_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    outcome = SlippedMasks().check(clean_masks(2))
    assert outcome == Passed("the borders of 36 masks lie where the edges of their own images are")


def test_a_slip_by_one_from_a_row_on(tmp_path: Path) -> None:
    outcome = SlippedMasks().check(write_masks(tmp_path, lambda root: slip(root, 22, 35)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(SlippedMasks)
    assert outcome.findings[0].evidence["rows_later"] == 1
    issues = outcome.issues.to_pylist()
    assert [each["sample_id"] for each in issues] == [f"images/{number}.png" for number in range(22, 35)]
    assert issues[0]["note"] == "fits masks/23.png better"


def test_masks_in_random_order_tell_nothing(tmp_path: Path) -> None:
    def shuffle(root: Path) -> None:
        order = np.random.default_rng(3).permutation(36)
        files = [(root / f"masks/{number:02d}.png").read_bytes() for number in order]
        for number, content in enumerate(files):
            (root / f"masks/{number:02d}.png").write_bytes(content)

    outcome = SlippedMasks().check(write_masks(tmp_path, shuffle))
    assert isinstance(outcome, NotApplicable)
    assert outcome.reason.startswith("the borders in masks do not follow the edges in their images")


def test_frames_that_are_alike_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(0)
    scene = rng.normal(size=(30, 4096)).astype(np.float32).repeat(10, axis=0)
    edges, borders = (scene + 0.3 * rng.normal(size=scene.shape).astype(np.float32) for _ in range(2))
    found = agreement(edges, borders, seed=0)
    assert found.slip is None
    assert found.standard_errors > 50
    assert not found.sees_slips


@pytest.mark.parametrize("by", [-2, 1, 3])
def test_the_place_and_length_of_a_slip(by: int) -> None:
    rng = np.random.default_rng(1)
    edges = rng.normal(size=(200, 4096)).astype(np.float32)
    borders = edges + 3 * rng.normal(size=edges.shape).astype(np.float32)
    given = borders.copy()
    rows = np.arange(60, 120)
    given[rows] = borders[rows - by]
    found = agreement(edges, given, seed=0).slip
    assert found is not None
    assert found.by == by
    assert abs(found.first - 60) <= 4
    assert abs(found.last - 119) <= 4


def test_noise_has_no_slip() -> None:
    rng = np.random.default_rng(2)
    edges, borders = rng.normal(size=(2, 400, 256)).astype(np.float32)
    assert agreement(edges, borders, seed=0).slip is None


def test_the_largest_run_of_only_losses_is_empty() -> None:
    assert largest_run(np.array([-1.0, -2.0], dtype=np.float32)) == (0.0, 0, 0)
