"""A network: a body that embeds images, dropout, and a linear head. Needs torch."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import torch
from torch import Tensor, nn

from datacheck.probing.networks.devices import generator_on, seeded_cpu

_SEEDING = Lock()
"""Held while torch's global random generator is seeded: threads of several folds share it."""


class Dropout(nn.Module):
    """Dropout with a random generator of its own where it has one: all threads share torch's."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return x
        keep = torch.empty_like(x).bernoulli_(1 - self.share, generator=self.generator)
        return x * keep / (1 - self.share)


class Network(nn.Module):
    """A body that embeds, and a linear head."""

    def __init__(self, body: nn.Module, width: int, outputs: int, *, dropout: float = 0.0, scale: float = 1.0) -> None:
        super().__init__()
        self.body = body
        self.drop = Dropout(dropout)
        self.head = nn.Linear(width, outputs)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape [B, K]."""
        logits: Tensor = self.head(self.drop(self.body(x))) * self.scale
        return logits


def seeded_network(build: Callable[[], Network], device: torch.device, seed: int) -> Network:
    """Build a network with random weights and dropout from a seed; torch's random state stays as it was."""
    with _SEEDING, seeded_cpu(seed):
        network = build()
    network.drop.generator = generator_on(device, seed)
    return network
