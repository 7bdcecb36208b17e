"""Backend ``scratch``: a small convolutional network, trained from random weights. Needs torch."""

from __future__ import annotations

from importlib.util import find_spec

from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import USUAL_FOLDS, Backend, FitOptions

MANY_SAMPLES, VERY_MANY_SAMPLES = 2_000, 10_000
FOLDS_ON_GPU, FOLDS_ON_CPU, LEAST_FOLDS = 4, 3, 2
"""From ``MANY_SAMPLES`` on a network is trained in 4 folds on a GPU and in 3 on a CPU, from ``VERY_MANY_SAMPLES`` on in
2 on both. Each fold costs a training of its own; with more samples a smaller share of them is enough to train on: an
H100 that tuned a network in 4 folds of 50,000 images did not get through them in what a minute left."""


def device_type(device: str) -> str:
    """Return ``"cpu"`` or ``"cuda"`` …: what a device's name, or ``"auto"``, stands for on this machine."""
    if device != "auto":
        return device.partition(":")[0]
    if find_spec("torch") is None:
        return "cpu"
    from datacheck.probing.networks.devices import resolve_device

    return str(resolve_device("auto").type)


def network_folds(n_samples: int, options: FitOptions) -> int:
    """Return the number of folds of a network, which is trained anew in each: fewer the more samples there are."""
    if n_samples < MANY_SAMPLES:
        return USUAL_FOLDS
    if n_samples >= VERY_MANY_SAMPLES:
        return LEAST_FOLDS
    return FOLDS_ON_CPU if device_type(options.device) == "cpu" else FOLDS_ON_GPU


def fit(problem: LearningTask, options: FitOptions, *, beside: bool = False) -> Fitted:
    """Train the widest network that fits into the budget, in each fold.

    ``beside`` another network, nothing but the predictions is made.
    """
    from datacheck.probing.networks.convnet import fit_convnet
    from datacheck.probing.networks.devices import fastest_threads, resolve_device

    with fastest_threads(resolve_device(options.device)):
        return fit_convnet(problem, options, beside=beside)


BACKEND = Backend("scratch", needs=frozenset({"pixels", "torch"}), fit=fit, folds=network_folds)
