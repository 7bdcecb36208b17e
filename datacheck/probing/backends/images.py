"""Backend ``images``, the default without weights: classical descriptors, and a network beside them where it helps.

Descriptors are accurate after seconds on drawings, digits and textures. For photos, small ones too, the packaged
ImageNet weights are far better; where these are not installed, a network trained from random weights helps from
thousands of images on. So descriptors are fitted, and one of the networks where images, samples and time allow; of many
small images a GPU trains both networks instead. The two are averaged with the weight under which they predict the
held-out labels best. Without torch the descriptors are used alone.
"""

from __future__ import annotations

from dataclasses import replace

from datacheck.errors import install_command
from datacheck.manifest import Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions, usual_folds
from datacheck.probing.backends import descriptors, scratch
from datacheck.probing.backends.without_weights import (
    GPU_ALONE,
    averaged,
    fit_without_weights,
    predicted_right,
    why_no_network,
)
from datacheck.probing.budget import OutOfTimeError
from datacheck.probing.weights import (
    DEFAULT_WEIGHTS,
    NO_WEIGHTS,
    PACKAGED,
    SMALL_SIDE,
    PretrainedWeights,
    default_weights_installed,
)
from datacheck.text import percent

MIN_SIDE = 24
"""Smaller images have too little detail for a network that was trained on photos of 224 pixels, even enlarged."""

PHOTO_SECONDS, SMALL_SECONDS = 0.012, 0.0015
"""Seconds of CPU time to embed an image by the default weights at the smallest useful side: a photo plain and mirrored
at 96 pixels, a small image plain at 48."""

PHOTO_SHARE = 0.65
"""Share of the budget that embedding may take."""

PRETRAINED_SHARE = 0.65
"""Share of the time left that goes to the pretrained network where a GPU trains one from random weights as well. On
CIFAR-10N (`aggre`) six passes of the first rank label errors with an average precision of .743 in 15 s, 24 passes of
the second .690 in 14 s, and the mean of both .790."""

MANY_PHOTOS = 5_000
"""From so many photos on the default weights are fine-tuned where the budget allows: fewer gain too little."""

ENOUGH_AGREEMENT = 0.85
"""Share of the labels that the descriptors predict, held out, from which small images get no pretrained network: these
are drawings or digits, not photos."""

LARGER_WEIGHTS, LARGER_SIDE, LARGER_SECONDS = "lite2", 160, 0.15
"""Packaged weights of a larger network, the least side in pixels of the images at which it is better, and the seconds
of budget that a photo needs for it: embedding takes about half of that on two CPU cores."""


def why_not_pretrained(n_samples: int, options: FitOptions) -> str | None:
    """Say why the packaged weights are not used, or return None where they are."""
    if not options.packaged:
        return f"used no pretrained network, as you asked (weights={NO_WEIGHTS!r})"
    if options.pixel_side < MIN_SIDE:
        return f"used no pretrained network: images of {options.pixel_side} pixels are too small for it"
    on_cpu = scratch.device_type(options.device) == "cpu"
    if not default_weights_installed():
        return f"used no pretrained network: its weights are not installed ({install_command('probe')} adds them)"
    each = SMALL_SECONDS if options.pixel_side < SMALL_SIDE else PHOTO_SECONDS
    needed, budget = each * n_samples / PHOTO_SHARE, options.clock.seconds
    if on_cpu and budget < needed:
        return (
            f"used no pretrained network: on this CPU it needs a budget of about {needed:,.0f} s, and the budget is "
            f"{budget:,.0f} s"
        )
    return None


def packaged_weights(n_samples: int, options: FitOptions) -> str:
    """Return the name of the packaged weights to use: the larger network's where photos are few enough for it."""
    path = PACKAGED[LARGER_WEIGHTS].path()
    few = n_samples < MANY_PHOTOS and LARGER_SECONDS * n_samples <= options.clock.seconds
    return LARGER_WEIGHTS if few and options.pixel_side >= LARGER_SIDE and path is not None else DEFAULT_WEIGHTS


def folds(n_samples: int, options: FitOptions) -> int:
    """Return the number of folds that suits the slowest model that will be trained."""
    if why_not_pretrained(n_samples, options) is None:
        trains = n_samples >= MANY_PHOTOS
    else:
        trains = why_no_network(n_samples, options) is None
    return (scratch.network_folds if trains else usual_folds)(n_samples, options)


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Fit descriptors, and a network where it helps."""
    n_samples = int(problem.used.sum())
    not_pretrained = why_not_pretrained(n_samples, options)
    if not_pretrained is not None:
        return fit_without_weights(problem, options, not_pretrained)
    if options.pixel_side < SMALL_SIDE and n_samples > GPU_ALONE and scratch.device_type(options.device) != "cpu":
        return _two_networks(problem, options)
    plain = descriptors.fit(problem, options)
    if options.pixel_side < SMALL_SIDE and problem.task is Task.CLASSIFICATION:
        agreement = float(predicted_right(plain, problem).mean())
        if agreement >= ENOUGH_AGREEMENT:
            reason = (
                f"used no pretrained network: the descriptors predict {percent(agreement)} of the labels of these "
                f"images of {options.pixel_side} pixels"
            )
            return fit_without_weights(problem, options, reason, plain)
    try:
        network = _pretrained(problem, options, n_samples)
    except OutOfTimeError as error:
        return fit_without_weights(problem, options, f"used no pretrained network: {error}", plain)
    return averaged(plain, network, problem)


def _two_networks(problem: LearningTask, options: FitOptions) -> Fitted:
    """Fine-tune the packaged weights on a GPU, train a network from random weights, and average the two."""
    from datacheck.probing.networks.pretrained import fit_pretrained

    part = replace(options, clock=options.clock.part(PRETRAINED_SHARE), weights=PretrainedWeights(DEFAULT_WEIGHTS))
    try:
        pretrained = fit_pretrained(problem, part)
    except OutOfTimeError as error:
        return fit_without_weights(problem, options, f"used no pretrained network: {error}")
    names = "the network from random weights", "the pretrained network"
    mixed = averaged(pretrained, scratch.fit(problem, options, beside=True), problem, names)
    return replace(mixed, embeddings=pretrained.embeddings, embeddings_label_free=pretrained.embeddings_label_free)


def _pretrained(problem: LearningTask, options: FitOptions, n_samples: int) -> Fitted:
    from datacheck.probing.networks.pretrained import fit_pretrained

    epochs = 0 if options.epochs is None and n_samples < MANY_PHOTOS else options.epochs
    given = replace(options, epochs=epochs, weights=PretrainedWeights(DEFAULT_WEIGHTS))
    name = packaged_weights(n_samples, options)
    if name == DEFAULT_WEIGHTS:
        return fit_pretrained(problem, given)
    try:
        return fit_pretrained(problem, replace(given, weights=PretrainedWeights(name), least_side=LARGER_SIDE))
    except OutOfTimeError as error:
        network = fit_pretrained(problem, given)
        return replace(network, choices=(*network.choices, f"used no larger network: {error}"))


BACKEND = Backend(
    "images",
    needs=frozenset({"pixels"}),
    fit=fit,
    folds=folds,
    suits=lambda available: available.pixels,
)
