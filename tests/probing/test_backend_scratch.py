"""The network from scratch, on the CPU by the code path that a GPU takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from datacheck.manifest import Manifest
from datacheck.probing import probe
from datacheck.probing.budget import Clock, Pace, parse_budget
from datacheck.probing.images import in_colour
from datacheck.probing.networks import convnet
from datacheck.probing.networks.convnet import whitening_filters


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convnet, "WIDTHS", ((16, 32, 64),))


def test_it_learns_finds_the_errors_and_repeats_itself(stripes: Callable[..., Any]) -> None:
    pixels, label = stripes()
    given = label.copy()
    given[[10, 41]] ^= 1
    manifest = Manifest.from_columns({"label": np.array(["across", "down"])[given]})
    first, again = (
        probe(manifest, pixels=pixels, backend="scratch", device="cpu", epochs=6, folds=2, budget=3600)
        for _ in range(2)
    )
    assert first.metrics["accuracy"].value > 0.9
    assert set(np.argsort(first.label_quality)[:2].tolist()) == {10, 41}
    np.testing.assert_array_equal(first.pred_probs, again.pred_probs)
    assert first.embeddings is not None
    assert np.isfinite(first.embeddings).all()
    assert set(first.dynamics) == {"margin", "loss", "forgetting"}
    assert first.dynamics["margin"][[10, 41]].max() < np.median(first.dynamics["margin"])
    assert any("did not mirror" in choice for choice in first.choices)


def test_regression_from_pixels() -> None:
    rng = np.random.default_rng(0)
    level = rng.uniform(20, 230, 120)
    pixels = np.clip(level[:, None, None, None] + rng.normal(0, 5, (120, 8, 8, 3)), 0, 255).astype(np.uint8)
    outputs = probe(Manifest.from_columns({"target": level}), pixels=pixels, epochs=12, folds=2, budget=3600)
    assert outputs.predictions is not None
    assert np.corrcoef(outputs.predictions, level)[0, 1] > 0.8


def test_torch_keeps_its_own_random_state(stripes: Callable[..., Any]) -> None:
    pixels, label = stripes(32, 8)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    probe(Manifest.from_columns({"label": label.astype(str)}), pixels=pixels, epochs=1, folds=2, budget=3600)
    assert torch.rand(1) == expected


def test_whitening_makes_patches_uncorrelated() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(50, 8, 8, 3)) @ rng.normal(size=(3, 3))
    filters = whitening_filters(images, smallest=0)
    found = torch.nn.functional.conv2d(torch.from_numpy(images).float().permute(0, 3, 1, 2), filters[:12])
    flat = found.permute(1, 0, 2, 3).reshape(12, -1)
    np.testing.assert_allclose((flat @ flat.T / flat.shape[1]).numpy(), np.eye(12), atol=0.02)


def test_colour_is_told_from_grey() -> None:
    grey = np.repeat(np.random.default_rng(0).random((4, 8, 8, 1)), 3, axis=3)
    assert not in_colour(grey)
    assert in_colour(grey * np.array([1.0, 0.5, 0.2]))


def test_pace_follows_its_plan_and_cuts_it_when_the_machine_slows() -> None:
    now = iter(np.arange(0, 1000, 0.1).tolist())
    pace = Pace(50, Clock(1000, now=lambda: next(now)), deadline=1000)
    while pace.going:
        pace.advance()
    assert (pace.made, pace.cut, pace.progress) == (50, False, pytest.approx(1))
    time = [0.0]
    pace = Pace(50, Clock(40, now=lambda: time[0]), deadline=60)
    while pace.going:
        time[0] += 2
        pace.advance()
    assert pace.cut
    assert pace.made == 30
    assert pace.progress == pytest.approx(1)


def test_slow_first_steps_cut_nothing() -> None:
    time = [0.0]
    pace = Pace(200, Clock(400, now=lambda: time[0]), deadline=250)
    while pace.going:
        time[0] += 10 if pace.made < 5 else 1
        pace.advance()
    assert (pace.made, pace.cut) == (200, False)
    assert time[0] == 245


def test_a_plan_is_taken_up_again_once_the_machine_is_fast_again() -> None:
    time = [0.0]
    pace = Pace(200, Clock(400, now=lambda: time[0]), deadline=300)
    seen = []
    while pace.going:
        time[0] += 3 if pace.made < 50 else 0.5
        pace.advance()
        seen.append(pace.cut)
    assert seen[40]
    assert (pace.made, pace.cut) == (200, False)


def test_a_clock_counts_down_to_zero_and_reports_in_tenths() -> None:
    time, seen = [5.0], []
    clock = Clock(10, now=lambda: time[0], progress=lambda done, total: seen.append((done, total)))
    for time[0] in (5.0, 9.0, 15.0, 25.0):
        clock.report()
    assert (clock.used, clock.left) == (20, 0)
    clock.finish()
    assert seen == [(0, 100), (40, 100), (100, 101), (200, 201), (200, 200)]


def test_budgets_are_read() -> None:
    assert [parse_budget(text) for text in ("45", "1.5 m", "2h")] == [45, 90, 7200]
