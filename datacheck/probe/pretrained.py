"""Backend ``pretrained``: torchvision weights, frozen under heads, and fine-tuned when the budget allows. Needs torch.

The early stages see general things (edges, colours) and stay as they are: each image passes through them once, plain
and mirrored, and their activations are kept in half precision. Heads on the frozen features are solved for all folds at
once; what is left of the budget fine-tunes the late stages, a network a fold, from the kept activations.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from datacheck.findings import plural
from datacheck.manifest import Task
from datacheck.probe.backbone import load_backbone
from datacheck.probe.blend import blend_weight
from datacheck.probe.budget import CUT_SHORT, Clock
from datacheck.probe.heads import HeadRecipe, fit_heads
from datacheck.probe.image_side import LEAST_SHOWN, Cost, Workload, choose_side, measure_cost
from datacheck.probe.inputs import Inputs, PixelInputs
from datacheck.probe.problem import Fitted, Problem, Refit
from datacheck.probe.scratch import in_colour
from datacheck.probe.training import Dynamics, Network, Recipe, Trainer, autocast
from datacheck.probe.weights import PretrainedWeights

KEPT_STAGES = 0.37
"""Share of the stages that stay frozen in fine-tuning."""

CHUNK = 32
"""Images a pass on a CPU, where a larger chunk leaves the caches and is two to three times slower an image."""

LARGE_CHUNK = 512
"""Images a pass on a GPU."""

PREDICTION_SHARE = 0.5
"""What predicting an image in both its views costs, of a training step."""

MAX_EPOCHS = 4
"""More passes over wrong labels learn them by heart; time that is left trains further networks instead."""

LEAST_EPOCHS_EACH = 3
MAX_NETWORKS = 3
"""Networks a fold."""

WORTH_TUNING = 5_000
"""From fewer images larger ones under a frozen network teach more than fine-tuning on smaller ones."""

LARGEST_CACHE = 4 << 30


class _Steady(nn.Module):
    """Stages whose normalisation statistics stay as the weights brought them."""

    def __init__(self, stages: nn.Module) -> None:
        super().__init__()
        self.stages = stages

    def train(self, mode: bool = True) -> _Steady:
        return super().train(False)

    def forward(self, x: Tensor) -> Tensor:
        embedded: Tensor = self.stages(x)
        return embedded


@dataclass(frozen=True)
class KeptActivations:
    """What the frozen stages made of each image: half precision, plain and mirrored, each [N, C, H, W]."""

    views_: tuple[Tensor, ...]
    device: torch.device

    def train(self, rows: NDArray[np.intp], flip: Tensor | None, shift: Tensor | None) -> Tensor:
        """Return a batch, some of it from mirrored images."""
        index = torch.from_numpy(rows).to(self.views_[0].device)
        x = self.views_[0][index]
        if flip is not None and len(self.views_) > 1:
            x = torch.where(flip.to(x.device).view(-1, *[1] * (x.ndim - 1)), self.views_[1][index], x)
        return _ready(x, self.device)

    def views(self, rows: NDArray[np.intp], *, flip: bool) -> list[Tensor]:
        """Return the plain and the mirrored batch."""
        index = torch.from_numpy(rows).to(self.views_[0].device)
        return [_ready(view[index], self.device) for view in (self.views_ if flip else self.views_[:1])]


def _ready(x: Tensor, device: torch.device) -> Tensor:
    x = x.to(device).float()
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def fit(
    problem: Problem,
    clock: Clock,
    device: torch.device,
    weights: PretrainedWeights,
    *,
    epochs: int | None = None,
    flip: bool | None = None,
    side: int | None = None,
) -> Fitted:
    """Embed all images, solve heads, and fine-tune as far as the budget reaches.

    Parameters
    ----------
    problem
        With ``pixels``.
    clock
        Its budget is used up to about nine tenths.
    device
        Where to run.
    weights
        Which network.
    epochs
        Pins the epochs of fine-tuning (0: none); by default as many as fit.
    flip
        Whether images may be mirrored; by default where they are in colour.
    side
        Pins the side in pixels that images are resized to.
    """
    if problem.pixels is None:
        raise ValueError("the pretrained backend needs pixels")
    stages, width, name = load_backbone(weights)
    stages = stages.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = np.flatnonzero(problem.fold >= 0)
    flip = in_colour(problem.pixels[rows[:500]].astype(np.float32) / 255) if flip is None else flip
    chosen = _side(stages, problem, weights, clock, device, rows, flip=flip) if side is None else side
    pixels = PixelInputs(problem.pixels, device, np.array(weights.mean), np.array(weights.deviation), side=chosen)
    features, kept, split = _embed_all(stages, width, pixels, rows, len(problem.fold), clock, flip=flip)
    recipe = HeadRecipe()
    answer = fit_heads(features[0], problem, recipe, seed=problem.seed, mirrored=features[1] if flip else None)
    choices = [
        f"embedded {len(rows)} images once by {name} at {chosen} pixels and solved heads for "
        f"{problem.n_folds} folds at once"
    ]
    inputs: Inputs = pixels if kept is None else kept
    tail = deepcopy(stages if kept is None else stages[split:])
    trainer = _trainer(tail, 0 if kept else split, width, inputs, problem, device, clock, flip=flip)
    planned, n_networks = _epochs(trainer, clock) if epochs is None else (epochs, 1)
    watch = Dynamics(len(problem.fold), device) if problem.task is Task.CLASSIFICATION and planned >= 1 else None
    if planned >= 1:
        trainer = replace(trainer, recipe=replace(trainer.recipe, epochs=planned))
        outputs, cut = _tune(trainer, n_networks, watch)
        weight = blend_weight(answer, outputs, problem)
        answer = ((1 - weight) * answer + weight * outputs).astype(np.float32)
        each = f", {n_networks} networks in each fold" if n_networks > 1 else " in each fold"
        choices.append(
            f"fine-tuned the last {len(stages) - split} of its {len(stages)} stages for {plural(planned, 'epoch')}"
            f"{each}; they count {weight:.2f} beside the frozen heads, as explains the held-out labels best"
        )
        choices += [CUT_SHORT] if cut else []
    else:
        choices.append("left the network frozen: the budget does not reach for one epoch of fine-tuning in each fold")
    return Fitted(
        answer[None],
        features[0],
        f"pretrained ({name})",
        device=str(device),
        dynamics={} if watch is None else watch.result(),
        refit=_refit(features, problem, recipe) if planned < 1 else None,
        choices=tuple(choices),
    )


def _side(
    stages: nn.Sequential,
    problem: Problem,
    weights: PretrainedWeights,
    clock: Clock,
    device: torch.device,
    rows: NDArray[np.intp],
    *,
    flip: bool,
) -> int:
    """Return the largest useful side that the budget allows."""
    assert problem.pixels is not None
    pixels = problem.pixels
    split = _split(stages)
    trial = rows[: CHUNK if device.type == "cpu" else LARGE_CHUNK]

    def measure(side: int) -> Cost:
        inputs = PixelInputs(pixels, device, np.array(weights.mean), np.array(weights.deviation), side=side)
        late = _Steady(stages[split:])
        return measure_cost(
            lambda: inputs.views(trial, flip=False)[0], stages[:split], late, clock, lambda: autocast(device)
        )

    views = 1 + flip
    an_epoch = sum(len(problem.training_rows(fold)) for fold in range(problem.n_folds))
    epochs = int(np.clip(np.ceil(LEAST_SHOWN * problem.n_folds / max(1, an_epoch)), 1, MAX_EPOCHS))
    workload = Workload(frozen=views * len(rows), trained=epochs * an_epoch, predicted=views * len(rows))
    tunes = len(rows) >= WORTH_TUNING
    return choose_side(measure, pixels.shape[1], workload, clock.seconds, tunes=tunes)


def _split(stages: nn.Sequential) -> int:
    """Return how many stages stay frozen."""
    return max(1, round(KEPT_STAGES * len(stages))) if len(stages) > 2 else 0


@torch.inference_mode()
def _embed_all(
    stages: nn.Sequential,
    width: int,
    pixels: PixelInputs,
    rows: NDArray[np.intp],
    n_rows: int,
    clock: Clock,
    *,
    flip: bool,
) -> tuple[list[NDArray[np.float32]], KeptActivations | None, int]:
    """Return the features of each view, the activations of the frozen stages where they fit, and their number."""
    split = _split(stages)
    early, late = stages[:split], stages[split:]
    features = [np.full((n_rows, width), np.nan, dtype=np.float32) for _ in range(1 + flip)]
    kept: list[Tensor] | None = None
    chunk = CHUNK if pixels.device.type == "cpu" else LARGE_CHUNK
    for number, start in enumerate(range(0, len(rows), chunk)):
        part = rows[start : start + chunk]
        for view, x in enumerate(pixels.views(part, flip=flip)):
            with autocast(pixels.device):
                early_x = early(x)
                features[view][part] = late(early_x).float().flatten(1).cpu().numpy()
            if start == 0 and view == 0 and split and early_x[0].numel() * n_rows * 2 * len(features) < LARGEST_CACHE:
                shape = (n_rows, *early_x.shape[1:])
                kept = [torch.zeros(shape, dtype=torch.float16, device=x.device) for _ in features]
                if len(shape) == 4:
                    kept = [one.contiguous(memory_format=torch.channels_last) for one in kept]
            if kept is not None:
                kept[view][torch.from_numpy(part).to(x.device)] = early_x.to(torch.float16)
        if number % 20 == 0:
            clock.tell()
    return features, None if kept is None else KeptActivations(tuple(kept), pixels.device), split


def _trainer(
    tail: nn.Sequential,
    frozen: int,
    width: int,
    inputs: Inputs,
    problem: Problem,
    device: torch.device,
    clock: Clock,
    *,
    flip: bool,
) -> Trainer:
    """Return the trainer of the late stages; ``frozen`` stages at the front of the tail do not learn."""

    def build(fold: int) -> Network:
        body = deepcopy(tail)
        for parameter in body[:frozen].parameters():
            parameter.requires_grad_(False)
        return Network(_Steady(body), width, problem.width, dropout=0.2)

    large = device.type == "cuda"
    recipe = Recipe(epochs=1, batch=128 if large else 32, learning_rate=6e-4 if large else 3e-4, flip=flip)
    return Trainer(build, inputs, problem, recipe, device, clock)


def _epochs(trainer: Trainer, clock: Clock) -> tuple[int, int]:
    """Return how many epochs of every fold fit into what is left of the clock, and how many networks a fold."""
    problem = trainer.problem
    steps = sum(-(-len(problem.training_rows(fold)) // trainer.recipe.batch) for fold in range(problem.n_folds))
    if 0.02 * steps / 10 > clock.left:
        return 0, 0
    each = trainer.step_seconds()
    prediction = PREDICTION_SHARE * each * int((problem.fold >= 0).sum()) / trainer.recipe.batch
    fits = max(0, int((0.85 * clock.left - prediction) / (each * steps)))
    n_networks = int(np.clip(fits // LEAST_EPOCHS_EACH, 1, MAX_NETWORKS))
    return min(fits // n_networks, MAX_EPOCHS), n_networks


def _tune(trainer: Trainer, n_networks: int, watch: Dynamics | None) -> tuple[NDArray[np.float32], bool]:
    """Train so many networks a fold, each from its own seed, and return their mean out-of-sample outputs."""
    members, cut = [], False
    for number in range(n_networks):
        problem = replace(trainer.problem, seed=trainer.problem.seed + number)
        seconds = 0.95 * trainer.clock.left / (n_networks - number)
        outputs, was_cut = replace(trainer, problem=problem).run(seconds=seconds, dynamics=watch)
        members.append(outputs)
        cut |= was_cut
    return np.mean(members, axis=0), cut


def _refit(features: list[NDArray[np.float32]], problem: Problem, recipe: HeadRecipe) -> Refit | None:
    if problem.task is not Task.CLASSIFICATION:
        return None

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        return fit_heads(features[0], problem.with_answers(labels, seed), recipe, seed=seed)

    return refit
