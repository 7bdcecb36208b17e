"""How large images should be for a pretrained network, by what each size costs on this machine. Needs torch.

Networks that were trained on large photos read enlarged small images better, and the size is worth more than further
passes: on CIFAR-10N one epoch at 128 pixels ranks label errors better than three at 96, and those better than eight at
48. So the largest side is taken at which the frozen pass and the least useful fine-tuning fit. Where none fits, heads
on the frozen network see each image mirrored as well, which is worth more than a larger side.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from datacheck.probing.budget import Clock
from datacheck.probing.networks.training import finish_work

SIDES = (224, 192, 160, 128, 112, 96, 80, 64, 48, 32)
"""Sides in pixels that images may be resized to."""

ENLARGED = 4
"""Beyond so many times its own side an image gains nothing."""

LEAST_SHOWN = 24_000
"""Images that a network should be shown in fine-tuning, all its epochs together."""

LEAST_AT_ALL = 0.25
"""Share of those that still beats a frozen network, at the least side that is tuned."""

LEAST_TUNED = 64
"""At smaller sides a frozen network on larger images is worth more in the same time."""

TUNING_SHARE = 0.75
"""Share of the budget that the passes may fill: heads and loading take theirs, and a moment's measure errs."""

FROZEN_SHARE = 0.65
"""Share of the budget that the frozen pass may take where no fine-tuning fits."""

GOES = 4
"""Times that a cost is measured; the least counts, as anything else on the machine only adds."""


@dataclass(frozen=True)
class ImagePlan:
    """Side in pixels, and whether the late stages are fine-tuned."""

    side: int
    tunes: bool


@dataclass(frozen=True)
class Workload:
    """Images, views of each, passes over them in training (all folds, in images), and whether tuning is open at all."""

    images: int
    views: int
    trained: int
    tunes: bool = True

    def tuning_seconds(self, cost: Cost, *, share: float = 1.0) -> float:
        """Return what fine-tuning with a share of the training costs, the frozen pass before it included."""
        frozen = self.images * (self.views * cost.early + cost.late)
        return frozen + share * self.trained * cost.step + self.images * self.views * cost.late

    def frozen_seconds(self, cost: Cost) -> float:
        """Return what the frozen network alone costs."""
        return self.images * self.views * (cost.early + cost.late)


@dataclass(frozen=True)
class Cost:
    """Seconds an image: through the early and the late stages, and in a training step of the late ones."""

    early: float
    late: float
    step: float


def choose_side(measure: Callable[[int], Cost], own_side: int, workload: Workload, seconds: float) -> ImagePlan:
    """Return the largest useful side that the seconds allow, and what is done at it.

    Parameters
    ----------
    measure
        Seconds an image at a side.
    own_side
        Side of the images as they are.
    workload
        How many images pass.
    seconds
        Of the budget.

    Examples
    --------
    >>> cost = lambda side: Cost(side**2 * 5e-8, side**2 * 5e-8, side**2 * 2e-7)
    >>> work = Workload(images=50_000, views=2, trained=50_000)
    >>> for budget in (40, 120, 300, 3600):
    ...     print(choose_side(cost, 32, work, budget))
    ImagePlan(side=48, tunes=False)
    ImagePlan(side=64, tunes=True)
    ImagePlan(side=96, tunes=True)
    ImagePlan(side=128, tunes=True)
    """
    useful = max(64, min(ENLARGED * own_side, SIDES[0]))
    costs: dict[int, Cost] = {}

    def cost(side: int) -> Cost:
        if side not in costs:
            costs[side] = measure(side)
        return costs[side]

    sides = [side for side in SIDES if side <= useful]
    for side in sides if workload.tunes else ():
        if side < LEAST_TUNED:
            break
        share = LEAST_AT_ALL if side == LEAST_TUNED else 1.0
        if workload.tuning_seconds(cost(side), share=share) < TUNING_SHARE * seconds:
            return ImagePlan(side, tunes=True)
    for side in sides:
        if workload.frozen_seconds(cost(side)) < FROZEN_SHARE * seconds:
            return ImagePlan(side, tunes=False)
    return ImagePlan(sides[-1], tunes=False)


def measure_cost(
    load: Callable[[], Tensor],
    early: nn.Module,
    late: nn.Module,
    clock: Clock,
    precision: Callable[[], AbstractContextManager[Any]],
    step_seconds: Callable[[], float],
) -> Cost:
    """Measure on the batch that ``load`` brings; ``step_seconds`` measures a training step's cost an image."""
    passes = []
    with torch.inference_mode(), precision():
        for _ in range(GOES):
            started = clock.used
            images = load()
            kept = early(images)
            finish_work(images.device)
            between = clock.used
            late(kept)
            finish_work(images.device)
            passes.append((between - started, clock.used - between))
    n = len(images)
    early_seconds, late_seconds = np.min(passes, axis=0) / n
    return Cost(float(early_seconds), float(late_seconds), step_seconds())
