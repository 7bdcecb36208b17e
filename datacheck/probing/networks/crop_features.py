"""What a frozen network sees in small pictures: pooled, and on a grid of 4 x 4 places. Needs torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from datacheck.probing.budget import Clock
from datacheck.probing.networks.devices import autocast, fastest_threads, resolve_device
from datacheck.probing.networks.stages import Stages
from datacheck.probing.weights import PretrainedWeights

GRID = 4
"""Places a side of the grid: what of a network of stride 16 is left of 64 pixels."""

CHUNK = 64
"""Pictures of 64 pixels a pass: they fit the caches of a CPU."""

CHUNKS_A_REPORT = 10
"""Passes between two reports of progress."""


@dataclass(frozen=True)
class CropFeatures:
    """Features of the first pictures of a list, as many as fitted into the time: pooled [n, D] and grid [n, G]."""

    pooled: NDArray[np.float32]
    grid: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pooled)


@torch.inference_mode()
def embed_crops(
    pictures: NDArray[np.uint8], weights: PretrainedWeights, device: str, clock: Clock, deadline: float
) -> CropFeatures:
    """Embed pictures [N, S, S, 3] in order, until the clock reaches the deadline in seconds."""
    network = Stages.load(weights, pictures, resolve_device(device))
    inputs = network.inputs(pictures.shape[1], network.dtype)
    pooled, grids = [], []
    with fastest_threads(network.device), autocast(network.device):
        for number, start in enumerate(range(0, len(pictures), CHUNK)):
            if clock.used > deadline:
                break
            x = inputs.views(np.arange(start, min(start + CHUNK, len(pictures))), flip=False)[0]
            grid = x
            for stage in (*network.passes[0], *network.passes[1]):
                x = stage(x)
                if x.ndim == 4 and min(x.shape[2:]) >= GRID:
                    grid = x
            small = torch.nn.functional.adaptive_avg_pool2d(grid, GRID)
            pooled.append(x.float().flatten(1).cpu().numpy())
            grids.append(small.float().flatten(1).cpu().numpy())
            if number % CHUNKS_A_REPORT == 0:
                clock.report()
    empty = np.empty((0, 1), dtype=np.float32)
    return CropFeatures(np.concatenate(pooled or [empty]), np.concatenate(grids or [empty]))
