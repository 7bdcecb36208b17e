"""Backend ``images``, the default without weights: classical descriptors first, a network beside them where it helps.

Descriptors are good after seconds, a network trained from scratch only after many passes over thousands of images. So
the descriptors always answer, a network is trained where samples and time suffice, and how much each counts is told by
how well it explains the held-out labels. Without torch the descriptors answer alone.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from datacheck.errors import install_command
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backends import descriptors
from datacheck.probing.budget import Clock
from datacheck.probing.ensemble import blend_weight

LEAST_SAMPLES = 3000
"""Fewer teach a network from scratch less than the descriptors know."""

CPU_SECONDS = 0.004
"""Seconds of a CPU that a useful training takes, a sample: some four passes of the narrowest network."""

GPU_ALONE = 10_000
"""With a GPU, beyond so many samples the network alone is better sooner than the descriptors are made."""


def heavier_backend(n_samples: int, device: str, seconds: float) -> str:
    """Return ``"scratch"`` where a network will be trained as well, else ``"descriptors"``: folds suit the heavier one.

    Examples
    --------
    >>> heavier_backend(1_680, "cpu", 60.0)
    'descriptors'
    """
    return "descriptors" if why_no_network(n_samples, device, seconds) else "scratch"


def why_no_network(n_samples: int, device: str, seconds: float) -> str | None:
    """Say why no network is trained, or return None where one is."""
    if n_samples < LEAST_SAMPLES:
        return f"trained no network: from {n_samples:,} samples it would learn less than the descriptors hold"
    if find_spec("torch") is None:
        return f"trained no network: torch is not installed ({install_command('probe')} allows more)"
    if _device_type(device) == "cpu" and seconds < CPU_SECONDS * n_samples:
        return (
            f"trained no network: on this CPU that takes about {CPU_SECONDS * n_samples:,.0f} s, and the budget is "
            f"{seconds:,.0f} s"
        )
    return None


def fit(
    problem: LearningTask, clock: Clock, device: str, *, epochs: int | None = None, flip: bool | None = None
) -> Fitted:
    """Fit descriptors, and a network where it helps.

    Parameters
    ----------
    problem
        With ``pixels``.
    clock
        A network is trained for what the descriptors leave of it.
    device
        Where a network is trained.
    epochs, flip
        Pins of the network; see `datacheck.probing.backends.scratch.fit`.
    """
    n_samples = int((problem.labelled & (problem.fold >= 0)).sum())
    reason = why_no_network(n_samples, device, clock.seconds)
    if reason is not None:
        plain = descriptors.fit(problem, clock)
        return replace(plain, choices=(*plain.choices, reason))
    from datacheck.probing.backends import scratch
    from datacheck.probing.networks.training import resolve_device

    where = resolve_device(device)
    if where.type != "cpu" and n_samples > GPU_ALONE:
        return scratch.fit(problem, clock, where, epochs=epochs, flip=flip)
    plain = descriptors.fit(problem, clock)
    network = scratch.fit(problem, clock, where, epochs=epochs, flip=flip)
    weight = blend_weight(plain.members[0], network.members[0], problem)
    stronger = network if weight > 0.5 else plain
    return Fitted(
        ((1 - weight) * plain.members[0] + weight * network.members[0]).astype(np.float32)[None],
        stronger.embeddings,
        "descriptors + scratch" if 0 < weight < 1 else stronger.backend,
        device=network.device,
        dynamics=network.dynamics,
        refit=stronger.refit,
        choices=(
            *plain.choices,
            *network.choices,
            f"the network counts {weight:.2f} beside the descriptors, as explains the held-out labels best",
        ),
    )


def _device_type(device: str) -> str:
    if device != "auto":
        return device.partition(":")[0]
    from datacheck.probing.networks.training import resolve_device

    return str(resolve_device("auto").type)
