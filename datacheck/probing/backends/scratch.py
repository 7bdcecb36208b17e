"""Backend ``scratch``: a small convolutional network, trained from nothing on small images. Needs torch.

The network is that of Keller Jordan's airbench (*94% on CIFAR-10 in 3.29 seconds on a single A100*, 2024): a frozen
2 x 2 first layer that whitens patches of the user's own images, then groups of two convolutions, as many as the images
have halvings, and a linear head on the largest activations. The widest network that the budget can train is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from datacheck.manifest import Task
from datacheck.models.components import Components
from datacheck.models.learning_task import Fitted, LearningTask, Refit
from datacheck.probing.budget import CUT_SHORT, Clock
from datacheck.probing.networks.batches import PixelInputs
from datacheck.probing.networks.training import Dynamics, Network, Recipe, Trainer, multiplies_bfloat16

WIDTHS = ((64, 256, 256), (64, 128, 256), (32, 64, 128), (16, 32, 64))
"""Channels of the groups, from the widest network to the narrowest."""

ENOUGH_EPOCHS = 12
MAX_EPOCHS = 40
LARGEST_SIDE = 48
"""Larger images are resized to this side: a small network trained for seconds gains nothing from more."""

REFIT_SHARE = 0.2


class _Group(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.gelu(self.norm1(functional.max_pool2d(self.conv1(x), 2)))
        return functional.gelu(self.norm2(self.conv2(x)))


class _Body(nn.Module):
    def __init__(self, filters: Tensor, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, len(filters), 2, bias=True)
        self.whiten.weight.data = filters.clone()
        self.whiten.weight.requires_grad_(False)
        nn.init.zeros_(self.whiten.bias)  # type: ignore[arg-type]
        channels = (len(filters), *widths)
        self.groups = nn.Sequential(*(_Group(a, b) for a, b in pairwise(channels)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.groups(functional.gelu(self.whiten(x)))
        return x.amax(dim=(2, 3))


def whitening_filters(pixels: NDArray[np.floating], *, smallest: float = 5e-4) -> Tensor:
    """Return 2 x 2 filters, and their negatives, that make patches of the images uncorrelated; shape [24, 3, 2, 2].

    Parameters
    ----------
    pixels
        Normalised images, shape [N, S, S, 3].
    smallest
        Added to each eigenvalue, so that directions without variance are not blown up.
    """
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (2, 2), axis=(1, 2))
    patches = windows.reshape(-1, 12).astype(np.float64)
    filters = Components.fit(patches, least=0).whitening(added=smallest).T.reshape(12, 3, 2, 2)
    both = np.concatenate([filters, -filters]).astype(np.float32)
    return torch.from_numpy(both)


def fit(
    problem: LearningTask, clock: Clock, device: torch.device, *, epochs: int | None = None, flip: bool | None = None
) -> Fitted:
    """Train the widest network that fits, a fold after the other.

    Parameters
    ----------
    problem
        With ``pixels``.
    clock
        What is left of it is used up to four fifths; the rest is for a refit under planted labels.
    device
        Where to train.
    epochs
        Pins the plan (with the widths that the clock allows); by default as many as fit.
    flip
        Whether images may be mirrored; by default where they are in colour.
    """
    pixels = problem.pixels
    if pixels is None:
        raise ValueError("the scratch backend needs pixels")
    used = problem.fold >= 0
    sample = pixels[np.flatnonzero(used)[:: max(1, int(used.sum()) // 2000)]].astype(np.float64) / 255
    mean, deviation = sample.mean(axis=(0, 1, 2)), np.maximum(sample.std(axis=(0, 1, 2)), 1e-3)
    flip = in_colour(sample) if flip is None else flip
    side = min(pixels.shape[1], LARGEST_SIDE)
    inputs = PixelInputs(pixels, device, mean, deviation, side=side, translate=_reach(pixels.shape[1]))
    filters = whitening_filters((sample - mean) / deviation)
    recipe = Recipe(
        epochs=1,
        batch=_batch(int((used & problem.labelled).sum())),
        learning_rate=5e-3,
        flip=flip,
        translate=_reach(pixels.shape[1]),
        label_smoothing=0.1,
    )
    seconds = clock.left * (1 - REFIT_SHARE)
    trainer, widths = _widest(problem, inputs, filters, recipe, device, clock, seconds, side, epochs)
    dynamics = Dynamics(len(problem.fold), device) if problem.task is Task.CLASSIFICATION else None
    outputs, cut = trainer.run(seconds=seconds - clock.used if seconds > clock.used else 1.0, dynamics=dynamics)
    embeddings = _embeddings(trainer, problem)
    choices = (
        f"trained a convolutional network from scratch at {side} pixels, widths {list(widths)}, "
        f"{trainer.recipe.epochs} epochs in each of {problem.n_folds} folds: the widest that the budget allows",
        "mirrored half of the images" if flip else "did not mirror images: they are grey, and may be text or scans",
        *(("computed in bfloat16, which this processor multiplies in hardware",) if trainer.half else ()),
        *((CUT_SHORT,) if cut else ()),
    )
    return Fitted(
        outputs[None],
        embeddings,
        "scratch",
        device=str(device),
        dynamics={} if dynamics is None else dynamics.result(),
        refit=_refit(trainer, clock),
        choices=choices,
    )


def in_colour(pixels: NDArray[np.floating]) -> bool:
    """Whether images [N, S, S, 3] in [0, 1] differ between their channels."""
    return bool((pixels.max(axis=-1) - pixels.min(axis=-1)).mean() > 0.01)


def _reach(side: int) -> int:
    return side // 16


def _batch(n_rows: int) -> int:
    return int(np.clip(2 ** int(np.log2(max(n_rows // 40, 1))), 16, 256))


def _widest(
    problem: LearningTask,
    inputs: PixelInputs,
    filters: Tensor,
    recipe: Recipe,
    device: torch.device,
    clock: Clock,
    seconds: float,
    side: int,
    epochs: int | None,
) -> tuple[Trainer, tuple[int, ...]]:
    """Return the trainer of the widest network that gets enough epochs, with its epochs set."""
    n_train = sum(len(problem.training_rows(fold)) // recipe.batch or 1 for fold in range(problem.n_folds))
    half = multiplies_bfloat16(device)
    halvings = max(1, min(3, int(np.log2(side)) - 2))
    for number, candidate in enumerate(WIDTHS):
        widths = candidate[:halvings] if halvings < 3 else candidate
        trainer = Trainer(_builder(filters, widths, problem.width), inputs, problem, recipe, device, clock, half)
        each = trainer.step_seconds()
        fits = int(0.85 * (seconds - clock.used) / max(each * n_train, 1e-9))
        if fits >= ENOUGH_EPOCHS or number == len(WIDTHS) - 1:
            break
    planned = max(1, min(fits, MAX_EPOCHS)) if epochs is None else epochs
    return replace(trainer, recipe=replace(recipe, epochs=planned)), widths


def _builder(filters: Tensor, widths: tuple[int, ...], outputs: int) -> Callable[[int], Network]:
    def build(fold: int) -> Network:
        return Network(_Body(filters, widths), widths[-1], outputs, scale=1 / 3)

    return build


def _embeddings(trainer: Trainer, problem: LearningTask) -> NDArray[np.float32]:
    """Embed all rows by one network, so that they lie in one space; it is trained for half of the epochs.

    The network is the last fold's recipe on fold 0: it has seen the labels of the other folds.
    """
    network, _ = replace(trainer, recipe=replace(trainer.recipe, epochs=max(1, trainer.recipe.epochs // 4))).train_fold(
        0, trainer.clock.used + max(1.0, 0.05 * trainer.clock.seconds)
    )
    rows = np.flatnonzero(problem.fold >= 0)
    found = trainer.embed(network, rows)
    embeddings = np.full((len(problem.fold), found.shape[1]), np.nan, dtype=np.float32)
    embeddings[rows] = found
    return embeddings


def _refit(trainer: Trainer, clock: Clock) -> Refit | None:
    """Refit under other labels in a shorter training, where the clock leaves time for one."""
    epochs = max(1, trainer.recipe.epochs // 4)

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        other = replace(
            trainer,
            problem=trainer.problem.with_labels(labels, seed),
            recipe=replace(trainer.recipe, epochs=epochs),
        )
        return other.run(seconds=max(clock.left, 0.05 * clock.seconds))[0]

    return refit if trainer.problem.task is Task.CLASSIFICATION else None
