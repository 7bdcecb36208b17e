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

from datacheck.manifest import Task
from datacheck.models.heads import HeadRecipe, fit_heads
from datacheck.models.learning_task import Fitted, LearningTask, Refit
from datacheck.probing.backends.scratch import in_colour
from datacheck.probing.budget import CUT_SHORT, Clock
from datacheck.probing.ensemble import blend_weight
from datacheck.probing.networks.backbone import load_backbone
from datacheck.probing.networks.batches import Inputs, PixelInputs
from datacheck.probing.networks.image_side import LEAST_SHOWN, Cost, ImagePlan, Workload, choose_side, measure_cost
from datacheck.probing.networks.training import Dynamics, Network, Recipe, Trainer, autocast, multiplies_bfloat16
from datacheck.probing.weights import PretrainedWeights
from datacheck.text import plural

KEPT_STAGES = 0.37
"""Share of the stages that stay frozen in fine-tuning."""

CHUNK = 32
"""Images a pass on a CPU, where a larger chunk leaves the caches and is two to three times slower an image."""

LARGE_CHUNK = 512
"""Images of 96 pixels a pass on a GPU; fewer of larger ones, by their area."""

PREDICTION_SHARE = 0.4
"""What predicting an image in both its views costs, of a training step."""

MAX_EPOCHS = 4
"""More passes over wrong labels learn them by heart; time that is left trains further networks instead."""

LEAST_EPOCHS_EACH = 2.5
MAX_NETWORKS = 3
"""Networks a fold."""

LEAST_EPOCH = 0.4
"""Share of an epoch below which fine-tuning is not begun."""

SCHEDULE_SHARE = 0.85
LATEST_SHARE = 0.95
"""Shares of the time left that fine-tuning is planned to fill, and may fill; what follows takes the rest."""

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
        index = torch.from_numpy(rows).to(self.views_[0].device, non_blocking=True)
        x = self.views_[0][index]
        if flip is not None and len(self.views_) > 1:
            x = torch.where(flip.to(x.device).view(-1, *[1] * (x.ndim - 1)), self.views_[1][index], x)
        return _ready(x, self.device)

    def views(self, rows: NDArray[np.intp], *, flip: bool) -> list[Tensor]:
        """Return the plain and the mirrored batch."""
        index = torch.from_numpy(rows).to(self.views_[0].device, non_blocking=True)
        return [_ready(view[index], self.device) for view in (self.views_ if flip else self.views_[:1])]


def _ready(x: Tensor, device: torch.device) -> Tensor:
    x = x.to(device).float()
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def fit(
    problem: LearningTask,
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
    network = _Backbone.of(stages, width, problem.pixels, weights, device)
    plan = _plan(network, problem, clock, rows, flip=flip) if side is None else ImagePlan(side, tunes=epochs != 0)
    # Few images are planned as under a frozen network, and tuned in the time that is left all the same.
    tunes = epochs != 0 and (plan.tunes or len(rows) < WORTH_TUNING)
    features, kept = _embed_all(network, plan, rows, len(problem.fold), clock, flip=flip, keep=tunes)
    recipe = HeadRecipe()
    answer = fit_heads(
        features[0], problem, recipe, seed=problem.seed, mirrored=features[1] if len(features) > 1 else None
    )
    half = ", in bfloat16, which this processor multiplies in hardware" if network.dtype is torch.bfloat16 else ""
    choices = [
        f"embedded {len(rows)} images by {name} at {plan.side} pixels{half}, and solved heads for "
        f"{problem.n_folds} folds at once"
    ]
    inputs: Inputs = network.inputs(plan.side, torch.float32) if kept is None else kept
    trainer = network.trainer(inputs, problem, clock, flip=flip, whole=kept is None)
    schedule = _Schedule(0, 0)
    if epochs is not None:
        schedule = _Schedule(epochs, 1)
    elif tunes:
        schedule = _schedule(trainer, clock)
    tuned = schedule.epochs > 0
    watch = Dynamics(len(problem.fold), device) if problem.task is Task.CLASSIFICATION and tuned else None
    if tuned:
        outputs, cut = _tune(trainer, schedule, watch)
        weight = blend_weight(answer, outputs, problem)
        answer = ((1 - weight) * answer + weight * outputs).astype(np.float32)
        each = f", {schedule.n_networks} networks in each fold" if schedule.n_networks > 1 else " in each fold"
        choices.append(
            f"fine-tuned the last {len(network.late)} of its {len(stages)} stages for {_epochs_named(schedule.epochs)}"
            f"{each}; they count {weight:.2f} beside the frozen heads, as explains the held-out labels best"
        )
        choices += [CUT_SHORT] if cut else []
    else:
        choices.append("left the network frozen: the budget does not reach for useful fine-tuning in each fold")
    return Fitted(
        answer[None],
        features[0],
        f"pretrained ({name})",
        device=str(device),
        dynamics={} if watch is None else watch.result(),
        refit=_refit(features, problem, recipe) if not tuned else None,
        choices=tuple(choices),
    )


@dataclass(frozen=True)
class _Backbone:
    """A network cut into stages that stay frozen and stages that may be fine-tuned, and how it is fed.

    ``passes`` are both once more, in ``dtype``, for passes without gradients: where a processor multiplies bfloat16
    they are two to three times as fast in it, while a training step is not.
    """

    early: nn.Sequential
    late: nn.Sequential
    passes: tuple[nn.Sequential, nn.Sequential]
    width: int
    pixels: NDArray[np.uint8]
    weights: PretrainedWeights
    device: torch.device
    dtype: torch.dtype

    @classmethod
    def of(
        cls,
        stages: nn.Sequential,
        width: int,
        pixels: NDArray[np.uint8],
        weights: PretrainedWeights,
        device: torch.device,
    ) -> _Backbone:
        split = max(1, round(KEPT_STAGES * len(stages))) if len(stages) > 2 else 0
        early, late = stages[:split], stages[split:]
        dtype = torch.bfloat16 if multiplies_bfloat16(device) else torch.float32
        passes = (early, late) if dtype is torch.float32 else (deepcopy(early).to(dtype), deepcopy(late).to(dtype))
        return cls(early, late, passes, width, pixels, weights, device, dtype)

    def chunk(self, side: int) -> int:
        """Return the images a pass."""
        if self.device.type == "cpu":
            return CHUNK
        return int(np.clip(LARGE_CHUNK * 96**2 // side**2, CHUNK, LARGE_CHUNK))

    @property
    def batch(self) -> int:
        """Images a training step."""
        return 128 if self.device.type == "cuda" else 32

    def inputs(self, side: int, dtype: torch.dtype) -> PixelInputs:
        """Return the images at a side."""
        mean, deviation = np.array(self.weights.mean), np.array(self.weights.deviation)
        return PixelInputs(self.pixels, self.device, mean, deviation, side=side, dtype=dtype)

    def trainer(
        self, inputs: Inputs, problem: LearningTask, clock: Clock, *, flip: bool, whole: bool = False
    ) -> Trainer:
        """Return the trainer of the late stages, which the inputs feed; where ``whole``, of both on pixels."""

        def build(fold: int) -> Network:
            early = deepcopy(self.early) if whole else nn.Sequential()
            for parameter in early.parameters():
                parameter.requires_grad_(False)
            return Network(_Steady(nn.Sequential(*early, *deepcopy(self.late))), self.width, problem.width, dropout=0.2)

        rate = 6e-4 if self.device.type == "cuda" else 3e-4
        recipe = Recipe(epochs=1, batch=self.batch, learning_rate=rate, flip=flip)
        half = self.dtype is torch.bfloat16
        return Trainer(build, inputs, problem, recipe, self.device, clock, half_prediction=half)


@dataclass(frozen=True)
class _OneBatch:
    """The same activations whatever rows are asked for, to measure what a step costs."""

    x: Tensor

    def train(self, rows: NDArray[np.intp], flip: Tensor | None, shift: Tensor | None) -> Tensor:
        return self.x[: len(rows)]

    def views(self, rows: NDArray[np.intp], *, flip: bool) -> list[Tensor]:
        return [self.x[: len(rows)]]


def _plan(network: _Backbone, problem: LearningTask, clock: Clock, rows: NDArray[np.intp], *, flip: bool) -> ImagePlan:
    """Return the largest useful side that the budget allows, and whether it reaches for fine-tuning."""
    tunes = len(rows) >= WORTH_TUNING
    some = rows[: max(network.batch, network.chunk(96))]
    trial, some = replace(network, pixels=network.pixels[some]), np.arange(len(some))

    def measure(side: int) -> Cost:
        inputs = trial.inputs(side, network.dtype)
        early, late = network.passes

        def step_seconds() -> float:
            if not tunes:
                return 0.0
            with torch.inference_mode(), autocast(network.device):
                kept = early(inputs.views(some[: network.batch], flip=False)[0]).float()
            trainer = network.trainer(_OneBatch(kept.clone()), problem, clock, flip=flip)
            return trainer.step_seconds() / min(network.batch, len(problem.training_rows(0)))

        return measure_cost(
            lambda: inputs.views(some[: network.chunk(side)], flip=False)[0],
            early,
            late,
            clock,
            lambda: autocast(network.device),
            step_seconds,
        )

    an_epoch = sum(len(problem.training_rows(fold)) for fold in range(problem.n_folds))
    epochs = float(np.clip(LEAST_SHOWN * problem.n_folds / max(1, an_epoch), 0.0, MAX_EPOCHS))
    workload = Workload(len(rows), views=1 + flip, trained=round(epochs * an_epoch), tunes=tunes)
    return choose_side(measure, network.pixels.shape[1], workload, clock.seconds)


@torch.inference_mode()
def _embed_all(
    network: _Backbone, plan: ImagePlan, rows: NDArray[np.intp], n_rows: int, clock: Clock, *, flip: bool, keep: bool
) -> tuple[list[NDArray[np.float32]], KeptActivations | None]:
    """Return the features of each view that heads see, and where they are to be kept and fit, the activations."""
    early, late = network.passes
    pixels = network.inputs(plan.side, network.dtype)
    views = 1 + flip
    # Heads count little beside a fine-tuned network, and do with the plain images.
    n_seen = 1 if plan.tunes else views
    features = [np.full((n_rows, network.width), np.nan, dtype=np.float32) for _ in range(n_seen)]
    kept: list[Tensor] | None = None
    chunk = network.chunk(plan.side)
    for number, start in enumerate(range(0, len(rows), chunk)):
        clock.check()
        part = rows[start : start + chunk]
        for view, x in enumerate(pixels.views(part, flip=flip)):
            with autocast(network.device):
                early_x = early(x)
                if view < n_seen:
                    features[view][part] = late(early_x).float().flatten(1).cpu().numpy()
            if start == 0 and view == 0 and keep and len(early):
                kept = _room(early_x, n_rows, views)
            if kept is not None:
                kept[view][torch.from_numpy(part).to(x.device)] = early_x.to(torch.float16)
        if number % 20 == 0:
            clock.tell()
    return features, None if kept is None else KeptActivations(tuple(kept), network.device)


def _room(x: Tensor, n_rows: int, views: int) -> list[Tensor] | None:
    """Return room for the activations of all rows in each view, or nothing where that would be too much."""
    limit = LARGEST_CACHE
    if x.device.type == "cuda":
        limit = min(limit, torch.cuda.mem_get_info(x.device)[0] // 2)
    if x[0].numel() * n_rows * 2 * views >= limit:
        return None
    layout = torch.channels_last if x.ndim == 4 else torch.contiguous_format
    shape = (n_rows, *x.shape[1:])
    return [torch.empty(shape, dtype=torch.float16, device=x.device, memory_format=layout) for _ in range(views)]


@dataclass(frozen=True)
class _Schedule:
    """Epochs of fine-tuning, networks a fold, and the seconds that predicting by one of them takes, all folds."""

    epochs: float
    n_networks: int
    prediction_seconds: float = 0.0


def _schedule(trainer: Trainer, clock: Clock) -> _Schedule:
    """Return how many epochs of every fold fit into what is left of the clock, and how many networks a fold."""
    problem = trainer.problem
    steps = sum(-(-len(problem.training_rows(fold)) // trainer.recipe.batch) for fold in range(problem.n_folds))
    if 0.02 * steps / 10 > clock.left:
        return _Schedule(0, 0)
    each = trainer.step_seconds()
    seconds = SCHEDULE_SHARE * clock.left
    prediction = PREDICTION_SHARE * each * int((problem.fold >= 0).sum()) / trainer.recipe.batch

    def fits(n_networks: int) -> float:
        return (seconds / n_networks - prediction) / (each * steps)

    if fits(1) < LEAST_EPOCH:
        return _Schedule(0, 0)
    n_networks = max([n for n in range(1, MAX_NETWORKS + 1) if fits(n) >= LEAST_EPOCHS_EACH], default=1)
    epochs = min(float(np.floor(10 * fits(n_networks))) / 10, MAX_EPOCHS)
    return _Schedule(epochs, n_networks, prediction)


def _epochs_named(epochs: float) -> str:
    return plural(int(epochs), "epoch") if epochs == int(epochs) else f"{epochs:.1f} epochs"


def _tune(trainer: Trainer, schedule: _Schedule, watch: Dynamics | None) -> tuple[NDArray[np.float32], bool]:
    """Train the networks of each fold, each from its own seed, and return their mean out-of-sample outputs."""
    trainer = replace(trainer, recipe=replace(trainer.recipe, epochs=schedule.epochs))
    members, cut = [], False
    for number in range(schedule.n_networks):
        problem = replace(trainer.problem, seed=trainer.problem.seed + number)
        seconds = LATEST_SHARE * trainer.clock.left / (schedule.n_networks - number) - schedule.prediction_seconds
        outputs, was_cut = replace(trainer, problem=problem).run(seconds=max(1.0, seconds), dynamics=watch)
        members.append(outputs)
        cut |= was_cut
    return np.mean(members, axis=0), cut


def _refit(features: list[NDArray[np.float32]], problem: LearningTask, recipe: HeadRecipe) -> Refit | None:
    if problem.task is not Task.CLASSIFICATION:
        return None

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        return fit_heads(features[0], problem.with_labels(labels, seed), recipe, seed=seed)

    return refit
