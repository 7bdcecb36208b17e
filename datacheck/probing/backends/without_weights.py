"""Images without pretrained weights: descriptors, and a network from random weights beside them where it helps."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import install_command
from datacheck.manifest import Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import FitOptions
from datacheck.probing.backends import descriptors, scratch
from datacheck.probing.ensemble import ensemble_weight, mixed
from datacheck.stats import paired_difference
from datacheck.text import percent

MIN_SAMPLES = 3000
"""With fewer samples a network trained from random weights is less accurate than the descriptors."""

CPU_SECONDS = 0.004
"""Seconds of CPU time for each sample in the shortest useful training: four passes of the narrowest network."""

GPU_ALONE = 10_000
"""On a GPU, beyond so many samples, the network alone is more accurate before the descriptors are even computed."""


def why_no_network(n_samples: int, options: FitOptions) -> str | None:
    """Say why no network is trained from random weights, or return None where one is."""
    if n_samples < MIN_SAMPLES:
        return (
            f"trained no network: on {n_samples:,} samples it would be less accurate than the descriptors (from "
            f"{MIN_SAMPLES:,} samples on it can be better)"
        )
    if find_spec("torch") is None:
        return f"trained no network: torch is not installed ({install_command('probe')} adds it)"
    needed, budget = CPU_SECONDS * n_samples, options.clock.left
    if scratch.device_type(options.device) == "cpu" and budget < needed:
        return f"trained no network: on this CPU that takes about {needed:,.0f} s, and {budget:,.0f} s are left"
    return None


def fit_without_weights(problem: LearningTask, options: FitOptions, reason: str, plain: Fitted | None = None) -> Fitted:
    """Fit descriptors, and a network from random weights where it helps.

    Parameters
    ----------
    problem, options
        What to fit.
    reason
        Why no pretrained network is used; it becomes one of the choices.
    plain
        The descriptors, where they are fitted already.
    """
    n_samples = int(problem.used.sum())
    no_network = why_no_network(n_samples, options)
    if no_network is not None:
        plain = plain or descriptors.fit(problem, options)
        return replace(plain, choices=(*plain.choices, reason, no_network))
    if scratch.device_type(options.device) != "cpu" and n_samples > GPU_ALONE:
        network = scratch.fit(problem, options)
        return replace(network, choices=(*network.choices, reason))
    mixed = averaged(plain or descriptors.fit(problem, options), scratch.fit(problem, options), problem)
    return replace(mixed, choices=(*mixed.choices, reason))


def predicted_right(fitted: Fitted, problem: LearningTask) -> NDArray[np.bool_]:
    """Return for each labelled sample that was predicted whether its class is predicted, held out."""
    rows = np.flatnonzero(problem.used & ~left_out(fitted, problem))
    return np.asarray(fitted.members[0][rows].argmax(axis=1) == problem.y[rows])


def left_out(fitted: Fitted, problem: LearningTask) -> NDArray[np.bool_]:
    """Return which samples take part and were not predicted, as the time was over."""
    predicted = np.isfinite(fitted.members[0].reshape(len(problem.fold), -1).sum(axis=1))
    return np.asarray((problem.fold >= 0) & ~predicted)


NAMES = "the network", "the descriptors"
"""How the two models that are averaged are called, the stronger one first."""


def compared(plain: Fitted, network: Fitted, problem: LearningTask, names: tuple[str, str] = NAMES) -> tuple[str, ...]:
    """Say how accurate each model is alone, on the same held-out samples; nothing where the labels are no classes."""
    if problem.task is not Task.CLASSIFICATION:
        return ()
    first, second = predicted_right(network, problem), predicted_right(plain, problem)
    gain = paired_difference(first, second)
    return (
        f"alone, {names[0]} ({network.backend}) is {percent(float(first.mean()))} accurate and {names[1]} "
        f"{percent(float(second.mean()))}: a difference of {100 * gain.low:.1f} to {100 * gain.high:.1f} points (95 % "
        "interval)",
    )


def averaged(plain: Fitted, network: Fitted, problem: LearningTask, names: tuple[str, str] = NAMES) -> Fitted:
    """Return the weighted mean of both; embeddings and refit are those of the one with the larger weight.

    Descriptors that do not cover all images are not used.
    """
    if left_out(plain, problem).any():
        note = "used the network alone: there was no time to describe all images for the descriptors"
        return replace(network, choices=(*network.choices, note))
    weight = ensemble_weight(plain.members[0], network.members[0], problem)
    stronger = network if weight > 0.5 else plain
    return replace(
        stronger,
        members=mixed(plain.members[:1], network.members[:1], weight),
        in_sample=_in_sample(plain, network, weight),
        backend=f"{plain.backend} + {network.backend}" if 0 < weight < 1 else stronger.backend,
        device=network.device,
        dynamics=network.dynamics,
        choices=(
            *plain.choices,
            *network.choices,
            *compared(plain, network, problem, names),
            f"averaged both with weight {weight:.2f} for {names[0]} and {1 - weight:.2f} for {names[1]}: this mixture "
            "predicts the held-out labels best",
        ),
    )


def _in_sample(plain: Fitted, network: Fitted, weight: float) -> NDArray[np.float32] | None:
    """Return the mean for rows that were trained on; one model alone decides where the other has no weight."""
    if weight in {0.0, 1.0}:
        return (network if weight else plain).in_sample
    return mixed(plain.in_sample, network.in_sample, weight)
