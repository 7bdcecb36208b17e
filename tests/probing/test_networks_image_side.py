"""How large images are made for a pretrained network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from datacheck.probing.budget import Clock
from datacheck.probing.networks.image_side import ROUNDS, Cost, ImagePlan, Workload, choose_side, measure_cost

WORK = Workload(images=50_000, views=2, trained=50_000)
FROZEN = replace(WORK, tunes=False)


def cost(side: int) -> Cost:
    return Cost(side**2 * 5e-8, side**2 * 5e-8, side**2 * 2e-7)


@pytest.mark.parametrize("seconds", [200, 300, 600, 1800])
def test_a_larger_budget_buys_a_larger_side_and_the_plan_fits(seconds: int) -> None:
    plan = choose_side(cost, 32, WORK, seconds)
    assert plan.tunes
    assert 64 <= plan.side <= choose_side(cost, 32, WORK, 2 * seconds).side <= 128
    assert WORK.tuning_seconds(cost(plan.side)) < 0.75 * seconds


def test_where_no_fine_tuning_fits_a_frozen_pass_over_larger_images_does() -> None:
    least = WORK.tuning_seconds(cost(64), share=0.25) / 0.75
    assert choose_side(cost, 32, WORK, 1.01 * least) == ImagePlan(64, tunes=True)
    assert choose_side(cost, 120, WORK, 0.99 * least) == ImagePlan(64, tunes=False)


def test_small_images_are_shown_larger_rather_than_mirrored() -> None:
    assert choose_side(cost, 32, FROZEN, 80) == ImagePlan(96, tunes=False, mirrored=False)
    assert choose_side(cost, 32, FROZEN, 200) == ImagePlan(112, tunes=False)
    assert choose_side(cost, 120, FROZEN, 80) == ImagePlan(64, tunes=False)


def test_without_fine_tuning_the_frozen_pass_alone_decides() -> None:
    assert choose_side(cost, 64, FROZEN, 4000) == ImagePlan(224, tunes=False)
    assert choose_side(cost, 64, FROZEN, 200) == ImagePlan(112, tunes=False)
    assert choose_side(cost, 64, FROZEN, 1e-3) is None


def test_only_sides_that_may_fit_are_measured() -> None:
    measured = []

    def noted(side: int) -> Cost:
        measured.append(side)
        return cost(side)

    assert choose_side(noted, 64, FROZEN, 200) == ImagePlan(112, tunes=False)
    assert measured == [96, 112]
    measured.clear()
    assert choose_side(noted, 64, FROZEN, 1e-3) is None
    assert measured == [96]


def test_small_images_are_enlarged_four_times_at_most() -> None:
    free = Cost(0.0, 0.0, 0.0)
    assert choose_side(lambda _: free, 32, WORK, 60).side == 128
    assert choose_side(lambda _: free, 8, WORK, 60).side == 64
    assert choose_side(lambda _: free, 500, WORK, 60).side == 224


def test_costs_are_measured_by_the_clock_an_image() -> None:
    # The first round is slow, as on a real machine.
    times = np.cumsum([0] + [0, 40, 30] + (ROUNDS - 1) * [0, 2, 1])
    ticks = iter(times)
    early, late = nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 3), nn.Flatten())
    clock = Clock(60.0, now=lambda: float(next(ticks)))
    measured = measure_cost(lambda: torch.rand(5, 3, 16, 16), (early, late), clock, torch.device("cpu"))
    assert (measured.early, measured.late, measured.step) == pytest.approx((2 / 5, 1 / 5, 0))
