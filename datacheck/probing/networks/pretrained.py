"""Pretrained weights: frozen under small heads, and fine-tuned when the budget allows. Needs torch.

The early stages stay frozen: each image passes through them once, plain and mirrored, and their activations are kept
in half precision. Heads on the frozen features are trained for all folds at once; what is left of the budget fine-tunes
the late stages, one network or more a fold, from the kept activations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from datacheck.manifest import Task
from datacheck.models.heads import AllSteps, HeadRecipe, fit_heads, steps_of
from datacheck.models.in_sample import InSample
from datacheck.models.kernel_head import KernelHead, direction_components, few_threads
from datacheck.models.learning_task import Fitted, LearningTask, Refit
from datacheck.probing.backend import FitOptions, pixels_of
from datacheck.probing.budget import CUT_SHORT, Clock, OutOfTimeError, Pace
from datacheck.probing.ensemble import ensemble_weight, mixed
from datacheck.probing.images import in_colour
from datacheck.probing.networks.activations import KeptActivations, OneBatch, embed_all
from datacheck.probing.networks.batches import BatchSource, Rows
from datacheck.probing.networks.devices import autocast, choose_threads, fastest_threads, resolve_device
from datacheck.probing.networks.dynamics import Dynamics
from datacheck.probing.networks.fine_tuning import (
    MAX_EPOCHS,
    NONE,
    Schedule,
    epochs_in_words,
    fine_tune,
    plan_schedule,
)
from datacheck.probing.networks.image_side import MIN_SHOWN, SIDES, Cost, ImagePlan, Workload, choose_side, measure_cost
from datacheck.probing.networks.stages import CHUNK_SIDE, Stages
from datacheck.probing.weights import PretrainedWeights

WORTH_TUNING = 5_000
"""With fewer images a larger side under a frozen network is worth more than fine-tuning at a smaller side, and a kernel
ridge regression on its features more than a two-layer network."""

COLOUR_ROWS = 500
"""Images that decide whether the set is in colour."""

HEADS_SHARE = 0.1
"""Share of the time left that a GPU's fine-tuning leaves to the heads: they train on the CPU, and count less than the
tuned network beside them."""


def fit_pretrained(problem: LearningTask, options: FitOptions) -> Fitted:
    """Embed all images, train heads, and fine-tune as far as the budget allows.

    Raises
    ------
    OutOfTimeError
        When the budget does not suffice to embed the images at a side at which the network sees anything.
    """
    if options.weights is None:
        raise ValueError("the pretrained backend needs weights")
    device = resolve_device(options.device)
    with fastest_threads(device):
        return _fit(problem, options, options.weights, device)


def _fit(problem: LearningTask, options: FitOptions, weights: PretrainedWeights, device: torch.device) -> Fitted:
    pixels, clock = pixels_of(problem), options.clock
    rows = np.flatnonzero(problem.fold >= 0)
    flip = in_colour(pixels[rows[:COLOUR_ROWS]].astype(np.float32) / 255) if options.flip is None else options.flip
    network = Stages.load(weights, pixels, device)
    plan, features, kept = _embedded(network, problem, options, rows, flip=flip)
    tunes = _tunes(plan, options, rows)
    tuned = None
    if tunes and not network.keeps:
        sooner = replace(options, clock=clock.part(1 - HEADS_SHARE))
        tuned = _fine_tuned(network, problem, sooner, plan, kept, flip=flip)
    heads = _heads(features, problem, rows, clock)
    outputs = heads.outputs
    if tunes and network.keeps:
        tuned = _fine_tuned(network, problem, options, plan, kept, flip=flip)
    choices = [_embedded_note(network, plan, len(rows), problem.n_folds), *heads.notes]
    if tuned is None:
        choices.append("left the network frozen: fine-tuning in each fold does not fit into the budget")
    else:
        weight = ensemble_weight(outputs, tuned.outputs, problem)
        outputs = ((1 - weight) * outputs + weight * tuned.outputs).astype(np.float32)
        choices += _tuned_notes(network, tuned, weight)
    return Fitted(
        outputs[None],
        features[0][:, -network.width :],
        f"pretrained ({network.name})",
        embeddings_label_free=True,
        device=str(device),
        dynamics={} if tuned is None or tuned.dynamics is None else tuned.dynamics.result(),
        refit=heads.refit if tuned is None and problem.task is Task.CLASSIFICATION else None,
        choices=tuple(choices),
        in_sample=heads.in_sample if tuned is None else None,
    )


def _tunes(plan: ImagePlan, options: FitOptions, rows: Rows) -> bool:
    # Fewer images are planned as for a frozen network, and then tuned in whatever time is left.
    return plan.tunes or len(rows) < WORTH_TUNING if options.epochs is None else options.epochs > 0


def _embedded(
    network: Stages, problem: LearningTask, options: FitOptions, rows: Rows, *, flip: bool
) -> tuple[ImagePlan, list[NDArray[np.float32]], KeptActivations | None]:
    """Embed all images at a side that fits the budget; where the machine slows down, begin anew at a smaller one."""
    plan = _plan(network, problem, options, rows, flip=flip)
    while True:
        try:
            features, kept = embed_all(
                network, plan, rows, options.clock, flip=flip, keep=network.keeps and _tunes(plan, options, rows),
                hurried=options.side is None,
            )  # fmt: skip
            return plan, features, kept
        except OutOfTimeError:
            n_threads = torch.get_num_threads()
            choose_threads(n_threads, network.device)
            if options.side is not None or plan.side <= max(options.least_side, SIDES[-1]):
                if torch.get_num_threads() == n_threads:
                    raise
                continue
            smaller = _plan(network, problem, options, rows, flip=flip)
            # What a few quick rounds promise, a pass over all images does not always keep.
            next_side = next(side for side in SIDES if side < plan.side)
            plan = smaller if smaller.side < plan.side else ImagePlan(next_side, tunes=False, mirrored=False)


@dataclass(frozen=True)
class _Heads:
    """Outputs of the heads on the frozen features, how they are fitted again, and what is to be said of them."""

    outputs: NDArray[np.float32]
    in_sample: NDArray[np.float32]
    refit: Refit
    notes: tuple[str, ...] = ()


def _heads(features: list[NDArray[np.float32]], problem: LearningTask, rows: Rows, clock: Clock) -> _Heads:
    """Fit a two-layer network and, for few images, a kernel ridge regression; average them by held-out likelihood.

    The two-layer network is left out where the time is over and the regression is there already.
    """
    recipe, seen, seen_by_kernel = HeadRecipe(), InSample.of(problem), InSample.of(problem)
    if len(rows) >= WORTH_TUNING:
        outputs, made = _two_layers(features, problem, recipe, clock, seen)
        return _Heads(outputs, seen.outputs, partial(_refitted, features[0], problem, recipe, made))
    with few_threads(len(rows)):
        head = KernelHead(direction_components(np.mean([view[rows] for view in features], axis=0)), problem, rows)
        by_kernel, penalty = head.fit(problem, seen=seen_by_kernel)

    def refit_kernel(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        with few_threads(len(rows)):
            return head.fit(problem.with_labels(labels, seed), penalties=(penalty,))[0]

    if not clock.left:
        note = "a kernel ridge regression, as no time was left for the network"
        return _Heads(by_kernel, seen_by_kernel.outputs, refit_kernel, (note,))
    outputs, made = _two_layers(features, problem, recipe, clock, seen)
    weight = ensemble_weight(outputs, by_kernel, problem)
    outputs = mixed(outputs, by_kernel, weight)
    note = (
        f"averaged that with weight {1 - weight:.2f}, and a kernel ridge regression on the embeddings with weight "
        f"{weight:.2f}: this mixture predicts the held-out labels best"
    )
    refit = refit_kernel if weight > 0.5 else partial(_refitted, features[0], problem, recipe, made)
    return _Heads(outputs, mixed(seen.outputs, seen_by_kernel.outputs, weight), refit, (note,))


def _two_layers(
    features: list[NDArray[np.float32]], problem: LearningTask, recipe: HeadRecipe, clock: Clock, seen: InSample
) -> tuple[NDArray[np.float32], int]:
    """Return the outputs of two-layer networks that are trained in the time that is left, and the steps of each."""
    pace = Pace(steps_of(problem, recipe), clock, clock.seconds)
    mirrored = features[1] if len(features) > 1 else None
    outputs = fit_heads(features[0], problem, recipe, seed=problem.seed, mirrored=mirrored, pace=pace, seen=seen)
    return outputs, pace.made


def _refitted(
    features: NDArray[np.float32],
    problem: LearningTask,
    recipe: HeadRecipe,
    steps: int,
    labels: NDArray[np.int64],
    seed: int,
) -> NDArray[np.float32]:
    return fit_heads(features, problem.with_labels(labels, seed), recipe, seed=seed, pace=AllSteps(steps))


@dataclass(frozen=True)
class _Tuned:
    """Outputs of the fine-tuned networks, and how they came about."""

    outputs: NDArray[np.float32]
    schedule: Schedule
    cut: bool
    dynamics: Dynamics | None


def _fine_tuned(
    network: Stages,
    problem: LearningTask,
    options: FitOptions,
    plan: ImagePlan,
    kept: KeptActivations | None,
    *,
    flip: bool,
) -> _Tuned | None:
    """Fine-tune in the time that is left; None where it does not suffice."""
    inputs: BatchSource = network.inputs(plan.side, torch.float32) if kept is None else kept
    trainer = network.trainer(inputs, problem, options.clock, flip=flip, whole=kept is None)
    schedule = plan_schedule(trainer) if options.epochs is None else Schedule(options.epochs, 1)
    if schedule == NONE:
        return None
    dynamics = Dynamics(len(problem.fold), network.device) if problem.task is Task.CLASSIFICATION else None
    outputs, cut = fine_tune(trainer, schedule, dynamics)
    return _Tuned(outputs, schedule, cut, dynamics)


def _embedded_note(network: Stages, plan: ImagePlan, n_rows: int, n_folds: int) -> str:
    half = ", in bfloat16, which this processor multiplies in hardware" if network.dtype is torch.bfloat16 else ""
    return (
        f"embedded {n_rows:,} images with {network.name} at {plan.side} pixels{half}, and trained a two-layer network "
        f"on the embeddings in each of {n_folds} folds"
    )


def _tuned_notes(network: Stages, tuned: _Tuned, weight: float) -> list[str]:
    n_networks = tuned.schedule.n_networks
    each = f", {n_networks} networks in each fold" if n_networks > 1 else " in each fold"
    note = (
        f"fine-tuned the last {len(network.late)} of its {len(network)} stages for "
        f"{epochs_in_words(tuned.schedule.epochs)}{each}; averaged with weight {weight:.2f} for them and "
        f"{1 - weight:.2f} for the frozen network: this mixture predicts the held-out labels best"
    )
    return [note, CUT_SHORT] if tuned.cut else [note]


def _plan(network: Stages, problem: LearningTask, options: FitOptions, rows: Rows, *, flip: bool) -> ImagePlan:
    """Return the largest useful side that the budget allows, and whether it allows fine-tuning."""
    if options.side is not None:
        return ImagePlan(options.side, tunes=options.epochs != 0)
    tunes = len(rows) >= WORTH_TUNING
    an_epoch = sum(len(problem.training_rows(fold)) for fold in range(problem.n_folds))
    epochs = float(np.clip(MIN_SHOWN * problem.n_folds / max(1, an_epoch), 0.0, MAX_EPOCHS))
    workload = Workload(len(rows), views=1 + flip, trained=round(epochs * an_epoch), tunes=tunes)
    trial = _Trial(network, problem, options.clock, rows, flip=flip, tunes=tunes)
    plan = choose_side(trial.cost, network.pixels.shape[1], workload, options.clock.left)
    if plan is None or plan.side < options.least_side:
        least = (
            f"{options.least_side} pixels"
            if options.least_side
            else f"{SIDES[-1]} pixels, the least at which it sees anything,"
        )
        raise OutOfTimeError(
            f"embedding {len(rows):,} images with {network.name} at {least} does not fit into the budget of "
            f"{options.clock.seconds:,.0f} s on this machine"
        )
    return plan


class _Trial:
    """Measures what an image costs at a side, on a few of the images."""

    def __init__(
        self, network: Stages, problem: LearningTask, clock: Clock, rows: Rows, *, flip: bool, tunes: bool
    ) -> None:
        self.batch = min(network.batch(len(problem.training_rows(0))), len(problem.training_rows(0)))
        some = rows[: max(self.batch, network.chunk(CHUNK_SIDE))]
        self.network = replace(network, pixels=network.pixels[some])
        self.rows = np.arange(len(some))
        self.problem, self.clock, self.flip, self.tunes = problem, clock, flip, tunes

    def cost(self, side: int) -> Cost:
        """Return the seconds an image at a side."""
        network = self.network
        inputs = network.inputs(side, network.dtype)
        chunk = self.rows[: network.chunk(side)]
        passes = measure_cost(lambda: inputs.views(chunk, flip=False)[0], network.passes, self.clock, network.device)
        return replace(passes, step=self._step(side)) if self.tunes else passes

    def _step(self, side: int) -> float:
        network = self.network
        x = network.inputs(side, network.dtype).views(self.rows[: self.batch], flip=False)[0]
        with torch.inference_mode(), autocast(network.device):
            kept = network.passes[0](x).float()
        trainer = network.trainer(OneBatch(kept.clone()), self.problem, self.clock, flip=self.flip)
        return trainer.step_seconds() / self.batch
