"""How large images should be for a pretrained network, by what each size costs on this machine. Needs torch.

Networks that were trained on large photos read enlarged small images better, and the size is worth more than further
passes: on CIFAR-10N one epoch at 128 pixels ranks label errors better than three at 96, and those better than eight at
48. So the largest side is taken at which the frozen pass and the least useful fine-tuning fit.
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

LEAST_SHOWN = 24_000
"""Images that a network should be shown in fine-tuning, all its epochs together."""

LEAST_TUNED = 64
"""At smaller sides a frozen network on larger images is worth more in the same time."""

TUNING_SHARE = 0.65
"""Share of the budget that the passes may fill: heads and loading take theirs, and a moment's measure errs."""

FROZEN_SHARE = 0.6
"""Share of the budget that the frozen pass may take where no fine-tuning fits."""


@dataclass(frozen=True)
class Workload:
    """How many images pass: frozen (each view counts), in training (all folds and epochs), and in prediction."""

    frozen: int
    trained: int
    predicted: int

    def seconds(self, cost: Cost) -> float:
        """Return what the whole costs."""
        return self.frozen * cost.frozen + self.trained * cost.step + self.predicted * cost.tail


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
        Passes of the frozen network and of the least useful fine-tuning.
    seconds
        Of the budget.
    tunes
        Whether the network may be fine-tuned at all.

    Examples
    --------
    >>> cost = lambda side: Cost(side**2 * 1e-7, side**2 * 5e-8, side**2 * 2e-7)
    >>> work = Workload(frozen=100_000, trained=50_000, predicted=50_000)
    >>> [choose_side(cost, 32, work, budget) for budget in (60, 300, 3600)]
    [48, 80, 128]
    """
    useful = max(64, min(ENLARGED * own_side, SIDES[0]))
    sides = [side for side in SIDES if side <= useful]
    costs: dict[int, Cost] = {}
    for side in sides if tunes else ():
        if side >= LEAST_TUNED:
            costs[side] = measure(side)
            if workload.seconds(costs[side]) < TUNING_SHARE * seconds:
                return side
    for side in sides:
        costs[side] = costs.get(side) or measure(side)
        if workload.frozen * costs[side].frozen < FROZEN_SHARE * seconds:
            return side
    return sides[-1]


def measure_cost(
    load: Callable[[], Tensor],
    early: nn.Module,
    late: nn.Module,
    clock: Clock,
    precision: Callable[[], AbstractContextManager[Any]],
) -> Cost:
    """Measure on the batch that ``load`` brings; the second of two goes counts, as the first one pays for memory."""
    body = deepcopy(late).train()
    optimizer = torch.optim.AdamW(body.parameters(), lr=0.0)
    for _ in range(2):
        started = clock.used
        with torch.inference_mode(), precision():
            images = load()
            kept = early(images)
            between = _now(clock, images)
            late(kept)
            done = _now(clock, images)
        inputs = kept.clone()
        begun = _now(clock, images)
        with precision():
            loss = body(inputs).float().square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        ended = _now(clock, images)
    n = len(images)
    return Cost((done - started) / n, (done - between) / n, (ended - begun) / n)


def _now(clock: Clock, at: Tensor) -> float:
    """Seconds of the clock once the device has done what it was given."""
    if at.device.type == "cuda":
        torch.cuda.synchronize(at.device)
    return clock.used
