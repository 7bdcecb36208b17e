"""Linear heads on the feature maps of a frozen network, which give classes to the places of an image. Needs torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from datacheck.probing.budget import Clock
from datacheck.probing.networks.devices import (
    autocast,
    fastest_threads,
    generator_on,
    repeatable,
    resolve_device,
    seeded_cpu,
)
from datacheck.probing.networks.stages import Stages
from datacheck.probing.weights import PretrainedWeights

GRID = 96
"""Places a side on which pixels are judged: what a network of stride 4 sees of 384 pixels."""

TRAINED = 48
"""Places a side on which heads are trained: a quarter of the work, and the same heads."""

N_MAPS = 4
"""Maps that are kept of an image: the last one at each of the strides 4, 8, 16 and 32."""

CHUNK = 8
"""Images of 384 pixels a pass."""

EPOCHS, BATCH, RATE, DECAY = 12, 8, 4e-3, 1e-4
"""Passes over the images, images a step, and the peak rate and weight decay of Adam. More passes change the pixel
accuracy on street scenes by less than half a percentage point."""


LEAST_STEPS = 240
"""Steps that few images are given: 50 leave the heads below the most frequent class."""


@dataclass(frozen=True)
class FeatureMaps:
    """Maps of the first images of a list, as many as fitted into the time: one tensor [n, C, h, h] a stride."""

    maps: list[Tensor]

    def __len__(self) -> int:
        return len(self.maps[0]) if self.maps else 0


@torch.inference_mode()
def embed_maps(
    read: Callable[[int], NDArray[np.uint8]],
    n: int,
    weights: PretrainedWeights,
    device: str,
    clock: Clock,
    until: float,
) -> FeatureMaps:
    """Embed images in order until the clock reaches ``until`` seconds.

    Parameters
    ----------
    read
        Returns an image by its number, red-green-blue uint8 [S, S, 3].
    n
        Number of images.
    weights, device, clock, until
        The network, where it runs, and how long it may take.
    """
    stages = Stages.load(weights, np.empty((0, 4 * GRID, 4 * GRID, 3), dtype=np.uint8), resolve_device(device))
    kept: list[list[Tensor]] = []
    with fastest_threads(stages.device), autocast(stages.device):
        for start in range(0, n, CHUNK):
            if clock.used > until and kept:
                break
            pixels = np.stack([read(k) for k in range(start, min(start + CHUNK, n))])
            inputs = Stages.inputs(_of(stages, pixels), pixels.shape[1], stages.dtype)
            x = inputs.views(np.arange(len(pixels)), flip=False)[0]
            kept.append([each.half().cpu() for each in _maps(stages, x)])
            clock.report()
    return FeatureMaps([torch.cat(each) for each in zip(*kept, strict=True)])


def _of(stages: Stages, pixels: NDArray[np.uint8]) -> Stages:
    from dataclasses import replace

    return replace(stages, pixels=pixels)


def _maps(stages: Stages, x: Tensor) -> list[Tensor]:
    """Return the last map at each size, the largest first, of those that are at most `GRID` wide."""
    last: dict[int, Tensor] = {}
    for stage in (*stages.passes[0], *stages.passes[1]):
        x = stage(x)
        if x.ndim != 4 or x.shape[1] > 1000 or x.shape[2] < 2:
            break
        if x.shape[2] <= GRID:
            last[x.shape[2]] = x
    return [last[size] for size in sorted(last, reverse=True)][:N_MAPS]


class PixelHeads(nn.Module):
    """A linear head for each fold on maps of several sizes; outputs logits [n, folds, K, side, side]."""

    def __init__(self, widths: list[int], n_folds: int, n_classes: int) -> None:
        super().__init__()
        self.shape = n_folds, n_classes
        self.heads = nn.ModuleList(nn.Conv2d(width, n_folds * n_classes, 1) for width in widths)
        for head in self.heads:
            nn.init.zeros_(head.weight)  # type: ignore[arg-type]
            nn.init.zeros_(head.bias)  # type: ignore[arg-type]

    def forward(self, maps: list[Tensor], side: int) -> Tensor:
        """Add the logits of all maps, each resized to ``side``; a linear head commutes with that."""
        logits = sum(
            functional.interpolate(head(_at_most(x, side)), size=(side, side), mode="bilinear", align_corners=False)
            for head, x in zip(self.heads, maps, strict=True)
        )
        assert isinstance(logits, Tensor)
        return logits.view(len(logits), *self.shape, side, side)


def _at_most(x: Tensor, side: int) -> Tensor:
    return functional.adaptive_avg_pool2d(x, side) if x.shape[2] > side else x


@dataclass(frozen=True)
class Training:
    """Where heads are trained, until which second of a clock, and the seed of the order of the images."""

    device: str
    clock: Clock
    until: float
    seed: int


def fit_pixel_heads(
    features: FeatureMaps, labels: NDArray[np.int16], fold: NDArray[np.int64], n_classes: int, training: Training
) -> NDArray[np.float16]:
    """Return out-of-fold class probabilities of each place, [n, GRID, GRID, K].

    Parameters
    ----------
    features
        Of n images.
    labels
        Class of each place, -1 where it does not count; [n, GRID, GRID].
    fold
        The fold that holds each image out, [n].
    n_classes
        K.
    training
        Where, and how long.
    """
    on = resolve_device(training.device)
    scales = [_scale(x) for x in features.maps]
    n_folds = int(fold.max()) + 1
    with fastest_threads(on), repeatable(on), seeded_cpu(training.seed):
        heads = PixelHeads([x.shape[1] for x in features.maps], n_folds, n_classes).to(on)

        def maps(rows: Tensor) -> list[Tensor]:
            return [
                (x[rows].float().to(on) - m.to(on)) / s.to(on) for x, (m, s) in zip(features.maps, scales, strict=True)
            ]

        _train(heads, maps, torch.from_numpy(labels.astype(np.int64)), torch.from_numpy(fold), training)
        return _predict(heads, maps, fold)


def _scale(x: Tensor) -> tuple[Tensor, Tensor]:
    some = x[:: max(1, len(x) // 64)].float()
    return some.mean(dim=(0, 2, 3), keepdim=True), some.std(dim=(0, 2, 3), keepdim=True) + 1e-3


def _train(
    heads: PixelHeads,
    maps: Callable[[Tensor], list[Tensor]],
    labels: Tensor,
    fold: Tensor,
    training: Training,
) -> None:
    clock, until = training.clock, training.until
    n, n_folds = len(labels), heads.shape[0]
    total = max(LEAST_STEPS, EPOCHS * -(-n // BATCH))
    optimiser = torch.optim.Adam(heads.parameters(), lr=RATE, weight_decay=DECAY)
    rng = generator_on(torch.device("cpu"), training.seed)
    began, step, progress = clock.used, 0, 0.0
    coarser = GRID // TRAINED
    device = next(heads.parameters()).device
    while progress < 1:
        order = torch.randperm(n, generator=rng)
        for rows in torch.split(order, BATCH):
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1.0, 10 * (progress + 0.02)) * (1 - progress)
            logits = heads(maps(rows), TRAINED)
            target = labels[rows, ::coarser, ::coarser].to(device)
            losses = functional.cross_entropy(
                logits.flatten(0, 1), target.repeat_interleave(n_folds, dim=0), ignore_index=-1, reduction="none"
            ).mean(dim=(1, 2))
            trains = (fold[rows][:, None] != torch.arange(n_folds)).flatten().to(device)
            optimiser.zero_grad()
            torch.autograd.backward((losses * trains).sum() / len(rows))
            optimiser.step()
            step += 1
            progress = max(step / total, (clock.used - began) / max(until - began, 1e-9))
            if progress >= 1:
                break
        clock.report()


@torch.inference_mode()
def _predict(heads: PixelHeads, maps: Callable[[Tensor], list[Tensor]], fold: NDArray[np.int64]) -> NDArray[np.float16]:
    found = np.empty((len(fold), GRID, GRID, heads.shape[1]), dtype=np.float16)
    for rows in torch.split(torch.arange(len(fold)), BATCH):
        logits = heads(maps(rows), GRID)
        own = logits[torch.arange(len(rows)), torch.from_numpy(fold[rows.numpy()]).to(logits.device)]
        found[rows.numpy()] = own.softmax(dim=1).permute(0, 2, 3, 1).half().cpu().numpy()
    return found
