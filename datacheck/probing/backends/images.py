"""Backend ``images``, the default without weights: classical descriptors, and a network beside them where it helps.

Descriptors are good after seconds, a network trained from random weights only after many passes over thousands of
images. So descriptors are always fitted, and a network as well where samples and time suffice. The two are averaged
with the weight under which they explain the held-out labels best. Without torch the descriptors are used alone.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from datacheck.errors import install_command
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions, usual_folds
from datacheck.probing.backends import descriptors, scratch
from datacheck.probing.ensemble import ensemble_weight

MIN_SAMPLES = 3000
"""With fewer samples a network trained from random weights is less accurate than the descriptors."""

CPU_SECONDS = 0.004
"""Seconds of CPU time for each sample in the shortest useful training: four passes of the narrowest network."""

GPU_ALONE = 10_000
"""On a GPU, beyond so many samples, the network alone is more accurate before the descriptors are even computed."""


def why_no_network(n_samples: int, options: FitOptions) -> str | None:
    """Say why no network is trained, or return None where one is."""
    if n_samples < MIN_SAMPLES:
        return (
            f"trained no network: on {n_samples:,} samples it would be less accurate than the descriptors (from "
            f"{MIN_SAMPLES:,} samples on it can be better)"
        )
    if find_spec("torch") is None:
        return f"trained no network: torch is not installed ({install_command('probe')} adds it)"
    needed, budget = CPU_SECONDS * n_samples, options.clock.seconds
    if scratch.device_type(options.device) == "cpu" and budget < needed:
        return f"trained no network: on this CPU that takes about {needed:,.0f} s, and the budget is {budget:,.0f} s"
    return None


def folds(n_samples: int, options: FitOptions) -> int:
    """Return the number of folds that suits the slowest model that will be trained."""
    choose = usual_folds if why_no_network(n_samples, options) else scratch.network_folds
    return choose(n_samples, options)


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Fit descriptors, and a network where it helps."""
    n_samples = int((problem.labelled & (problem.fold >= 0)).sum())
    reason = why_no_network(n_samples, options)
    if reason is not None:
        plain = descriptors.fit(problem, options)
        return replace(plain, choices=(*plain.choices, reason))
    if scratch.device_type(options.device) != "cpu" and n_samples > GPU_ALONE:
        return scratch.fit(problem, options)
    plain = descriptors.fit(problem, options)
    network = scratch.fit(problem, options)
    weight = ensemble_weight(plain.members[0], network.members[0], problem)
    stronger = network if weight > 0.5 else plain
    return replace(
        stronger,
        members=((1 - weight) * plain.members[0] + weight * network.members[0]).astype(np.float32)[None],
        backend="descriptors + scratch" if 0 < weight < 1 else stronger.backend,
        device=network.device,
        dynamics=network.dynamics,
        choices=(
            *plain.choices,
            *network.choices,
            f"averaged both with weight {weight:.2f} for the network and {1 - weight:.2f} for the descriptors: this "
            "mixture predicts the held-out labels best",
        ),
    )


BACKEND = Backend(
    "images",
    needs=frozenset({"pixels"}),
    fit=fit,
    folds=folds,
    suits=lambda available: available.pixels,
)
