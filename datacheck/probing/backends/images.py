"""Backend ``images``, the default without weights: classical descriptors, and a network beside them where it helps.

Descriptors are accurate after seconds on drawings, textures and small images. For photos the packaged ImageNet weights
are far better; where these are not installed or the images are small, a network trained from random weights helps from
thousands of images on. So descriptors are always fitted, and one of the networks where images, samples and time allow.
The two are averaged with the weight under which they predict the held-out labels best. Without torch the descriptors
are used alone.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from datacheck.errors import install_command
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions, usual_folds
from datacheck.probing.backends import descriptors, pretrained, scratch
from datacheck.probing.ensemble import ensemble_weight
from datacheck.probing.weights import DEFAULT_WEIGHTS, NO_WEIGHTS, PretrainedWeights, default_weights_installed

MIN_SAMPLES = 3000
"""With fewer samples a network trained from random weights is less accurate than the descriptors."""

CPU_SECONDS = 0.004
"""Seconds of CPU time for each sample in the shortest useful training: four passes of the narrowest network."""

GPU_ALONE = 10_000
"""On a GPU, beyond so many samples, the network alone is more accurate before the descriptors are even computed."""


MIN_PHOTO_SIDE = 96
"""Smaller images have too little detail for a network that was trained on photos of 224 pixels."""

PHOTO_SECONDS = 0.012
"""Seconds of CPU time to embed an image by the default weights, plain and mirrored, at the smallest useful side."""

PHOTO_SHARE = 0.65
"""Share of the budget that embedding may take."""

MANY_PHOTOS = 5_000
"""From so many photos on the default weights are fine-tuned where the budget allows: fewer gain too little."""


def why_not_pretrained(n_samples: int, options: FitOptions) -> str | None:
    """Say why the packaged weights are not used, or return None where they are."""
    if not options.packaged:
        return f"used no pretrained network, as you asked (weights={NO_WEIGHTS!r})"
    if options.pixel_side < MIN_PHOTO_SIDE:
        return f"used no pretrained network: images of {options.pixel_side} pixels are too small for it"
    if not default_weights_installed():
        return f"used no pretrained network: its weights are not installed ({install_command('probe')} adds them)"
    needed, budget = PHOTO_SECONDS * n_samples / PHOTO_SHARE, options.clock.seconds
    if scratch.device_type(options.device) == "cpu" and budget < needed:
        return (
            f"used no pretrained network: on this CPU it needs a budget of about {needed:,.0f} s, and the budget is "
            f"{budget:,.0f} s"
        )
    return None


def why_no_network(n_samples: int, options: FitOptions) -> str | None:
    """Say why no network is trained from random weights, or return None where one is."""
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
    if why_not_pretrained(n_samples, options) is None:
        trains = n_samples >= MANY_PHOTOS
    else:
        trains = why_no_network(n_samples, options) is None
    return (scratch.network_folds if trains else usual_folds)(n_samples, options)


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Fit descriptors, and a network where it helps."""
    n_samples = int((problem.labelled & (problem.fold >= 0)).sum())
    not_pretrained = why_not_pretrained(n_samples, options)
    if not_pretrained is None:
        return _averaged(descriptors.fit(problem, options), _pretrained(problem, options, n_samples), problem)
    no_network = why_no_network(n_samples, options)
    if no_network is not None:
        plain = descriptors.fit(problem, options)
        return replace(plain, choices=(*plain.choices, not_pretrained, no_network))
    if scratch.device_type(options.device) != "cpu" and n_samples > GPU_ALONE:
        network = scratch.fit(problem, options)
        return replace(network, choices=(*network.choices, not_pretrained))
    averaged = _averaged(descriptors.fit(problem, options), scratch.fit(problem, options), problem)
    return replace(averaged, choices=(*averaged.choices, not_pretrained))


def _pretrained(problem: LearningTask, options: FitOptions, n_samples: int) -> Fitted:
    epochs = 0 if options.epochs is None and n_samples < MANY_PHOTOS else options.epochs
    weights = PretrainedWeights(DEFAULT_WEIGHTS)
    return pretrained.fit(problem, replace(options, weights=weights, epochs=epochs))


def _averaged(plain: Fitted, network: Fitted, problem: LearningTask) -> Fitted:
    """Return the weighted mean of both; embeddings and refit are those of the one with the larger weight."""
    weight = ensemble_weight(plain.members[0], network.members[0], problem)
    stronger = network if weight > 0.5 else plain
    return replace(
        stronger,
        members=((1 - weight) * plain.members[0] + weight * network.members[0]).astype(np.float32)[None],
        backend=f"{plain.backend} + {network.backend}" if 0 < weight < 1 else stronger.backend,
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
