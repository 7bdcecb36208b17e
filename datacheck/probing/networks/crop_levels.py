"""What a frozen network sees in pictures at several depths, which tells classes apart that its last layer does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from datacheck.probing.budget import Clock
from datacheck.probing.networks.devices import autocast, fastest_threads, resolve_device
from datacheck.probing.networks.place_maps import MOST_CHANNELS
from datacheck.probing.networks.stages import Stages
from datacheck.probing.weights import PretrainedWeights

GRID = 3
"""Places a side on which the first map of the last resolution is kept: a corner of a card tells its rank."""

SIDES = (160, 128, 96, 64)
"""Sides in pixels that pictures may be given at, the largest that fits into the time. On six kinds of playing cards
160 pixels find exchanged classes as well as 224 do, at half the cost."""

CHUNK = 32
"""Pictures a pass."""

SPARE = 0.8
"""Share of the time that the passes may fill by their first measurement, which errs."""

CHUNKS_A_REPORT = 10
"""Passes between two reports of progress."""

Blocks = list[NDArray[np.float32]]


@dataclass(frozen=True)
class Levels:
    """What was seen, and how.

    Attributes
    ----------
    blocks
        Features, [N, D] each: of the first map of the last resolution a grid, the mean and the largest values, and the
        mean of the last map.
    side
        Of the pictures as they were seen, in pixels.
    network, device
        Its name, and where it ran.
    """

    blocks: Blocks
    side: int
    network: str
    device: str


@torch.inference_mode()
def embed_levels(
    pictures: NDArray[np.uint8], weights: PretrainedWeights, device: str, clock: Clock, deadline: float
) -> Levels | None:
    """Embed pictures [N, S, S, 3]; None where the time does not suffice at any side, or the network has no maps."""
    network = Stages.load(weights, pictures, resolve_device(device))
    with fastest_threads(network.device), autocast(network.device):
        side = _side(network, clock, deadline)
        if side is None:
            return None
        inputs = network.inputs(side, network.dtype)
        parts: list[Blocks] = []
        for number, start in enumerate(range(0, len(pictures), CHUNK)):
            if clock.used > deadline:
                return None
            rows = np.arange(start, min(start + CHUNK, len(pictures)))
            found = _blocks(network, inputs.views(rows, flip=False)[0])
            if found is None:
                return None
            parts.append(found)
            if number % CHUNKS_A_REPORT == 0:
                clock.report()
    blocks = [np.concatenate(block) for block in zip(*parts, strict=True)]
    return Levels(blocks, side, network.name, str(network.device))


def _side(network: Stages, clock: Clock, deadline: float) -> int | None:
    """Return the largest side at which all pictures fit into the time, by what the smallest costs."""
    own = network.pixels.shape[1]
    rows = np.arange(min(CHUNK, len(network.pixels)))
    inputs = network.inputs(SIDES[-1], network.dtype)
    seconds = np.inf
    for _ in range(2):  # the first pass prepares
        before = clock.used
        _blocks(network, inputs.views(rows, flip=False)[0])
        seconds = min(seconds, (clock.used - before) / len(rows))
    left = SPARE * (deadline - clock.used) / len(network.pixels)
    fits = (side for side in SIDES if side <= max(own, SIDES[-1]) and seconds * (side / SIDES[-1]) ** 2 <= left)
    return next(fits, None)


def _blocks(network: Stages, x: torch.Tensor) -> Blocks | None:
    maps = []
    for stage in (*network.passes[0], *network.passes[1]):
        x = stage(x)
        if x.ndim == 4 and x.shape[1] <= MOST_CHANNELS and x.shape[2] > 1:
            maps.append(x)
    if not maps:
        return None
    last = maps[-1].float()
    first = next(each for each in maps if each.shape[2:] == last.shape[2:]).float()
    found = (
        functional.adaptive_avg_pool2d(first, GRID).flatten(1),
        first.mean((2, 3)),
        first.amax((2, 3)),
        last.mean((2, 3)),
    )
    return [np.asarray(each.cpu().numpy(), dtype=np.float32) for each in found]
