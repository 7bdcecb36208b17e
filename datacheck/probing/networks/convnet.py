"""A small convolutional network, trained from random weights on small images. Needs torch.

The network is that of Keller Jordan's airbench (*94% on CIFAR-10 in 3.29 seconds on a single A100*, 2024): a frozen
2 x 2 first layer that whitens patches of the user's own images, then groups of two convolutions, each of which halves
the side, and a linear head on the largest activations. The widest network that the budget can train is taken.
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
from datacheck.models.in_sample import InSample
from datacheck.models.learning_task import Fitted, LearningTask, Refit
from datacheck.probing.backend import FitOptions, pixels_of
from datacheck.probing.budget import CUT_SHORT, LEAST_STEP_SECONDS
from datacheck.probing.images import in_colour
from datacheck.probing.networks.batches import SIDES_A_SHIFT, PixelInputs, batch_of
from datacheck.probing.networks.devices import multiplies_bfloat16, resolve_device
from datacheck.probing.networks.dynamics import Dynamics
from datacheck.probing.networks.network import Network
from datacheck.probing.networks.trainer import Recipe, Trainer

WIDTHS = ((64, 256, 256), (64, 128, 256), (32, 64, 128), (16, 32, 64))
"""Channels of the groups, from airbench's own network to one that a CPU trains in a minute."""

ENOUGH_EPOCHS = 12
"""When fewer epochs fit into the budget, a narrower network is trained instead."""

MAX_EPOCHS = 40
"""Limits how far a network memorises wrong labels."""

LARGEST_SIDE = 48
"""Larger images are resized to this side: a small network trained for seconds gains nothing from more pixels."""

STATISTICS_ROWS = 2_000
"""Images that normalisation and whitening are computed from: more do not change them."""

LEAST_DEVIATION = 1e-3
"""Least standard deviation of a channel that is divided by, so that a constant channel stays finite."""

LEARNING_RATE = 5e-3
"""Peak learning rate of AdamW, a usual value for small convolutional networks."""

HEAD_SCALE = 1 / 3
"""Factor on the logits: airbench scales them down, so that the loss starts near log K."""

REFIT_SHARE = 0.2
"""Share of the time left that is kept for embeddings and for the refit under planted errors."""

PLANNED_SHARE = 0.85
"""Share of its time that a training is planned to fill: the measured cost of a step errs."""

SHORTER = 4
"""The networks for embeddings and for the refit train for a quarter of the epochs."""

EXTRA_SHARE = 0.05
"""Share of the budget that the embedding network may take, and that a refit gets when nothing is left."""

LEAST_BATCH, LARGEST_BATCH, LARGEST_ON_GPU = 16, 256, 512
"""Bounds of the images a training step, see `batch_of`."""

PATCH_VALUES = 12
"""Numbers in a patch of 2 x 2 pixels of three channels."""


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
        Added to each eigenvalue, so that directions without variance are not amplified; airbench's value.
    """
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (2, 2), axis=(1, 2))
    patches = windows.reshape(-1, PATCH_VALUES).astype(np.float64)
    filters = Components.fit(patches, least=0).whitening(added=smallest).T.reshape(PATCH_VALUES, 3, 2, 2)
    both = np.concatenate([filters, -filters]).astype(np.float32)
    return torch.from_numpy(both)


def fit_convnet(problem: LearningTask, options: FitOptions, *, beside: bool = False) -> Fitted:
    """Train the widest network that fits into the budget, in each fold.

    ``beside`` another network whose embeddings are used, all the time goes to the predictions: embeddings are empty,
    and nothing is fitted again.
    """
    pixels, clock, device = pixels_of(problem), options.clock, resolve_device(options.device)
    used = np.flatnonzero(problem.fold >= 0)
    sample = pixels[used[:: max(1, len(used) // STATISTICS_ROWS)]].astype(np.float64) / 255
    mean, deviation = sample.mean(axis=(0, 1, 2)), np.maximum(sample.std(axis=(0, 1, 2)), LEAST_DEVIATION)
    flip = in_colour(sample) if options.flip is None else options.flip
    side, reach = min(pixels.shape[1], LARGEST_SIDE), pixels.shape[1] // SIDES_A_SHIFT
    inputs = PixelInputs(pixels, device, (mean, deviation), side=side, translate=reach)
    filters = whitening_filters((sample - mean) / deviation)
    largest = LARGEST_BATCH if device.type == "cpu" else LARGEST_ON_GPU
    batch = batch_of(int(problem.used.sum()), LEAST_BATCH, largest)
    recipe = Recipe(epochs=1, batch=batch, learning_rate=LEARNING_RATE, flip=flip, translate=reach, early_learning=True)
    end = clock.used + clock.left * (1 - (0 if beside else REFIT_SHARE))
    trainer, widths, fits = _widest(problem, inputs, filters, recipe, options, end)
    epochs = max(1, min(fits, MAX_EPOCHS)) if options.epochs is None else options.epochs
    trainer = replace(trainer, recipe=replace(recipe, epochs=epochs))
    dynamics = Dynamics(len(problem.fold), device) if problem.task is Task.CLASSIFICATION else None
    seen = InSample.of(problem)
    outputs, cut = trainer.run(seconds=max(1.0, end - clock.used), dynamics=dynamics, seen=seen)
    chosen = "the widest that fits into the budget" if options.epochs is None else "epochs as you set them"
    choices = (
        f"trained a convolutional network from random weights at {side} pixels, widths {list(widths)}, {epochs} epochs "
        f"in each of {problem.n_folds} folds: {chosen}",
        "mirrored half of the images in training"
        if flip
        else "did not mirror images: they are grey, and may be text or scans",
        *(("computed in bfloat16, which this processor multiplies in hardware",) if trainer.half else ()),
        *((CUT_SHORT,) if cut else ()),
    )
    return Fitted(
        outputs[None],
        np.empty((len(problem.fold), 0), np.float32) if beside else _embeddings(trainer),
        "scratch",
        embeddings_label_free=False,
        device=str(device),
        dynamics={} if dynamics is None else dynamics.result(),
        refit=None if beside else _refit(trainer),
        choices=choices,
        in_sample=seen.outputs,
    )


def _widest(
    problem: LearningTask, inputs: PixelInputs, filters: Tensor, recipe: Recipe, options: FitOptions, end: float
) -> tuple[Trainer, tuple[int, ...], int]:
    """Return the trainer of the widest network that gets enough epochs, its widths, and the epochs that fit.

    ``end`` is in seconds of the clock.
    """
    device, clock = inputs.device, options.clock
    n_steps = sum(len(problem.training_rows(fold)) // recipe.batch or 1 for fold in range(problem.n_folds))
    halvings = max(1, min(3, int(np.log2(min(pixels_of(problem).shape[1], LARGEST_SIDE))) - 2))
    for number, candidate in enumerate(WIDTHS):
        widths = candidate[:halvings]
        build = _builder(filters, widths, problem.width)
        trainer = Trainer(build, inputs, problem, recipe, device, clock, half=multiplies_bfloat16(device))
        each = trainer.step_seconds()
        fits = int(PLANNED_SHARE * (end - clock.used) / max(each * n_steps, LEAST_STEP_SECONDS))
        if fits >= ENOUGH_EPOCHS or number == len(WIDTHS) - 1:
            break
    return trainer, widths, fits


def _builder(filters: Tensor, widths: tuple[int, ...], outputs: int) -> Callable[[int], Network]:
    def build(fold: int) -> Network:
        return Network(_Body(filters, widths), widths[-1], outputs, scale=HEAD_SCALE)

    return build


def _shorter(trainer: Trainer) -> Trainer:
    return replace(trainer, recipe=replace(trainer.recipe, epochs=max(1, int(trainer.recipe.epochs) // SHORTER)))


def _embeddings(trainer: Trainer) -> NDArray[np.float32]:
    """Embed all rows by one network, so that they lie in one space; it was trained on the labels outside fold 0."""
    clock, problem = trainer.clock, trainer.problem
    network, _ = _shorter(trainer).train_fold(0, clock.used + max(1.0, EXTRA_SHARE * clock.seconds))
    rows = np.flatnonzero(problem.fold >= 0)
    found = trainer.embed(network, rows)
    embeddings = np.full((len(problem.fold), found.shape[1]), np.nan, dtype=np.float32)
    embeddings[rows] = found
    return embeddings


def _refit(trainer: Trainer) -> Refit | None:
    """Return a refit under other labels, in a shorter training."""
    clock, shorter = trainer.clock, _shorter(trainer)

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        other = replace(shorter, problem=trainer.problem.with_labels(labels, seed))
        return other.run(seconds=max(clock.left, EXTRA_SHARE * clock.seconds))[0]

    return refit if trainer.problem.task is Task.CLASSIFICATION else None
