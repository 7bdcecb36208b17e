"""Which side in pixels to give a pretrained network, by what each side costs on this machine. Needs torch.

Networks that were trained on large photos read enlarged small images better, and a larger side is worth more than
further epochs: on CIFAR-10N one epoch at 128 pixels ranks label errors better than three at 96, and those better than
eight at 48. So the largest side is taken at which the frozen pass and the least useful fine-tuning fit. Where none
fits, heads on the frozen network are given each image mirrored as well, which is worth more than a larger side, except
for small images: there the next larger side is worth more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from datacheck.probing.budget import Clock
from datacheck.probing.networks.devices import autocast, finish_work
from datacheck.probing.weights import SMALL_SIDE

SIDES = (224, 192, 160, 128, 112, 96, 80, 64, 48)
"""Sides in pixels that images may be resized to. At 32 a network that halves its input five times sees one pixel."""

TRIED_FIRST = 96
"""The side whose cost is measured first: it tells about that of the others, which are then measured where they fit."""

ENLARGED = 4
"""Beyond so many times its own side an image gains nothing."""

MIN_USEFUL_SIDE = 64
"""However small the images are, this side is tried: networks for large photos need a few pixels in their last stage."""

MIN_SHOWN = 24_000
"""Images that fine-tuning should process, all its epochs together."""

MIN_SHARE_SHOWN = 0.25
"""Share of those that is still better than a frozen network, at the smallest side that is tuned."""

SMALLEST_TUNED = 64
"""At smaller sides a frozen network on larger images is better in the same time."""

TUNING_SHARE = 0.75
"""Share of the budget that the passes may fill: heads and reading take theirs, and a short measurement errs."""

FROZEN_SHARE = 0.65
"""Share of the budget that the frozen pass may take where no fine-tuning fits."""

ROUNDS = 4
"""How often a cost is measured; the fastest counts, as anything else on the machine only adds."""


@dataclass(frozen=True)
class ImagePlan:
    """Side in pixels, whether the late stages are fine-tuned, and whether a frozen network sees mirrored images too."""

    side: int
    tunes: bool
    mirrored: bool = True


@dataclass(frozen=True)
class Workload:
    """Images, views of each, images that training processes (folds and epochs), and whether tuning is considered."""

    images: int
    views: int
    trained: int
    tunes: bool = True

    def tuning_seconds(self, cost: Cost, *, share: float = 1.0) -> float:
        """Return the seconds of fine-tuning with a share of the training, the frozen pass before it included."""
        frozen = self.images * (self.views * cost.early + cost.late)
        return frozen + share * self.trained * cost.step + self.images * self.views * cost.late

    def frozen_seconds(self, cost: Cost) -> float:
        """Return the seconds of the frozen network alone."""
        return self.images * self.views * (cost.early + cost.late)


@dataclass(frozen=True)
class Cost:
    """Seconds an image: through the early and the late stages, and in a training step of the late ones."""

    early: float
    late: float
    step: float = 0.0

    def scaled(self, factor: float) -> Cost:
        """Return the cost of images with so many times the pixels."""
        return Cost(factor * self.early, factor * self.late, factor * self.step)


def choose_side(measure: Callable[[int], Cost], own_side: int, workload: Workload, seconds: float) -> ImagePlan | None:
    """Return the largest useful side that the budget allows, and whether it allows fine-tuning; None where none fits.

    The cost of a side that was not measured is taken to grow with the number of pixels; a side is measured before it is
    chosen.

    Parameters
    ----------
    measure
        Returns the seconds an image at a side.
    own_side
        Side of the images as they are.
    workload
        How many images are processed.
    seconds
        The budget.

    Examples
    --------
    >>> cost = lambda side: Cost(side**2 * 5e-8, side**2 * 5e-8, side**2 * 2e-7)
    >>> work = Workload(images=50_000, views=2, trained=50_000)
    >>> for budget in (40, 120, 300, 3600):
    ...     print(choose_side(cost, 32, work, budget))
    ImagePlan(side=64, tunes=False, mirrored=False)
    ImagePlan(side=64, tunes=True, mirrored=True)
    ImagePlan(side=96, tunes=True, mirrored=True)
    ImagePlan(side=128, tunes=True, mirrored=True)
    """
    useful = max(MIN_USEFUL_SIDE, min(ENLARGED * own_side, SIDES[0]))
    sides = [side for side in SIDES if side <= useful]
    first = min(sides, key=lambda side: abs(side - TRIED_FIRST))
    costs = {first: measure(first)}

    def fits(side: int, time_of: Callable[[Cost], float], limit: float) -> bool:
        near = min(costs, key=lambda known: abs(known - side))
        if time_of(costs[near].scaled((side / near) ** 2)) >= limit:
            return False
        if side not in costs:
            costs[side] = measure(side)
        return time_of(costs[side]) < limit

    for side in sides if workload.tunes else ():
        if side < SMALLEST_TUNED:
            break
        share = MIN_SHARE_SHOWN if side == SMALLEST_TUNED else 1.0
        if fits(side, partial(workload.tuning_seconds, share=share), TUNING_SHARE * seconds):
            return ImagePlan(side, tunes=True)
    plain = replace(workload, views=1)
    for side in sides:
        if fits(side, workload.frozen_seconds, FROZEN_SHARE * seconds):
            return ImagePlan(side, tunes=False)
        if own_side < SMALL_SIDE and side <= SMALL_SIDE and fits(side, plain.frozen_seconds, FROZEN_SHARE * seconds):
            return ImagePlan(side, tunes=False, mirrored=False)
    return None


def measure_cost(
    load: Callable[[], Tensor], passes: tuple[nn.Module, nn.Module], clock: Clock, device: torch.device
) -> Cost:
    """Measure the passes through the early and the late stages on the batch that ``load`` returns; ``step`` stays 0."""
    seconds = []
    with torch.inference_mode(), autocast(device):
        for _ in range(ROUNDS):
            started = clock.used
            images = load()
            kept = passes[0](images)
            finish_work(device)
            between = clock.used
            passes[1](kept)
            finish_work(device)
            seconds.append((between - started, clock.used - between))
    early, late = np.min(seconds, axis=0) / len(images)
    return Cost(float(early), float(late))
