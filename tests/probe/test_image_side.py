"""How large images are made for a pretrained network."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from datacheck.probe.budget import Clock
from datacheck.probe.image_side import Cost, Workload, choose_side, measure_cost

WORK = Workload(frozen=100_000, trained=50_000, predicted=100_000)


def cost(side: int) -> Cost:
    return Cost(side**2 * 1e-7, side**2 * 5e-8, side**2 * 2e-7)


@pytest.mark.parametrize("seconds", [200, 300, 600, 1800])
def test_a_larger_budget_buys_a_larger_side_and_the_plan_fits(seconds: int) -> None:
    side = choose_side(cost, 32, WORK, seconds)
    assert 64 <= side <= choose_side(cost, 32, WORK, 2 * seconds) <= 128
    assert WORK.seconds(cost(side)) < 0.65 * seconds


def test_where_no_fine_tuning_fits_a_frozen_pass_over_larger_images_does() -> None:
    least = WORK.seconds(cost(64)) / 0.65
    assert choose_side(cost, 32, WORK, 1.01 * least) == 64
    assert choose_side(cost, 32, WORK, 0.9 * least) == 80


def test_without_fine_tuning_the_frozen_pass_alone_decides() -> None:
    assert choose_side(cost, 64, WORK, 4000, tunes=False) == 224
    assert choose_side(cost, 64, WORK, 200, tunes=False) == 96
    assert choose_side(cost, 64, WORK, 1e-3, tunes=False) == 32


def test_small_images_are_enlarged_four_times_at_most() -> None:
    free = Cost(0.0, 0.0, 0.0)
    assert choose_side(lambda _: free, 32, WORK, 60) == 128
    assert choose_side(lambda _: free, 8, WORK, 60) == 64
    assert choose_side(lambda _: free, 500, WORK, 60) == 224


def test_costs_are_measured_by_the_clock_an_image() -> None:
    ticks = iter(range(100))
    early, late = nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 3), nn.Flatten())
    clock = Clock(60.0, now=lambda: float(next(ticks)))
    measured = measure_cost(lambda: torch.rand(5, 3, 16, 16), early, late, clock, nullcontext)
    assert (measured.frozen, measured.tail, measured.step) == pytest.approx((2 / 5, 1 / 5, 1 / 5))
    assert all(parameter.grad is None for parameter in late.parameters())
