"""How large images should be for a pretrained network, by what each size costs on this machine. Needs torch.

Networks that were trained on large photos read enlarged small images better, and the size is worth more than more
passes: on CIFAR-10N three epochs at 96 pixels rank label errors better than eight at 48. So the largest side is taken
at which the frozen pass and a few epochs of fine-tuning fit.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from datacheck.probe.budget import Clock

SIDES = (224, 192, 160, 128, 112, 96, 80, 64, 48, 32)
"""Sides in pixels that images may be resized to."""

ENLARGED = 4
"""Beyond so many times its own side an image gains nothing."""

WANTED_EPOCHS = (3, 2, 1)
LEAST_TUNED = 48
"""On smaller images fine-tuning is not planned for."""

TUNING_SHARE = 0.75
"""Share of the budget that a plan may fill; what is measured in a moment is not what an hour brings."""

FROZEN_SHARE = 0.2
"""Share of the budget that the frozen pass may take where no fine-tuning fits."""


@dataclass(frozen=True)
class Workload:
    """How many images pass: frozen (each view counts), in one epoch of all folds, and in prediction."""

    frozen: int
    trained: int
    predicted: int

    def seconds(self, cost: Cost, epochs: int) -> float:
        """Return what the whole costs."""
        passes = self.frozen * cost.frozen + self.predicted * cost.tail
        return passes + epochs * self.trained * cost.step


@dataclass(frozen=True)
class Cost:
    """Seconds an image: through the frozen network, through its late stages alone, and in a training step of those."""

    frozen: float
    tail: float
    step: float


def choose_side(
    measure: Callable[[int], Cost], own_side: int, workload: Workload, seconds: float, *, tunes: bool = True
) -> int:
    """Return the largest useful side that the seconds allow.

    Parameters
    ----------
    measure
        Seconds an image at a side.
    own_side
        Side of the images as they are.
    workload
        Passes of the frozen network and of one epoch.
    seconds
        Of the budget.
    tunes
        Whether the network may be fine-tuned at all.

    Examples
    --------
    >>> cost = lambda side: Cost(side**2 * 1e-7, side**2 * 5e-8, side**2 * 2e-7)
    >>> work = Workload(frozen=100_000, trained=50_000, predicted=50_000)
    >>> [choose_side(cost, 32, work, budget) for budget in (60, 600, 3600)]
    [32, 96, 128]
    """
    useful = max(64, min(ENLARGED * own_side, SIDES[0]))
    sides = [side for side in SIDES if side <= useful]
    costs: dict[int, Cost] = {}
    for epochs in WANTED_EPOCHS if tunes else ():
        for side in sides:
            if side >= LEAST_TUNED:
                costs[side] = costs.get(side) or measure(side)
                if workload.seconds(costs[side], epochs) < TUNING_SHARE * seconds:
                    return side
    for side in sides:
        costs[side] = costs.get(side) or measure(side)
        if workload.frozen * costs[side].frozen < FROZEN_SHARE * seconds:
            return side
    return sides[-1]


def measure_cost(
    early: nn.Module,
    late: nn.Module,
    images: Tensor,
    clock: Clock,
    precision: Callable[[], AbstractContextManager[Any]],
) -> Cost:
    """Measure on a batch of images; the second of two goes counts, as the first one pays for memory."""
    body = deepcopy(late).train()
    for _ in range(2):
        started = _now(clock, images)
        with torch.inference_mode(), precision():
            kept = early(images)
            between = _now(clock, images)
            late(kept)
            done = _now(clock, images)
        inputs = kept.clone()
        begun = _now(clock, images)
        with precision():
            loss = body(inputs).float().square().mean()
        loss.backward()
        ended = _now(clock, images)
    n = len(images)
    return Cost((done - started) / n, (done - between) / n, (ended - begun) / n)


def _now(clock: Clock, at: Tensor) -> float:
    """Seconds of the clock once the device has done what it was given."""
    if at.device.type == "cuda":
        torch.cuda.synchronize(at.device)
    return clock.used
