"""Training dynamics: how each sample's prediction changes while networks train. Needs torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LEAST_PROBABILITY = 1e-7
"""Least probability whose logarithm is taken: the resolution of float32, so that a loss stays finite."""


class Dynamics:
    """Margin, loss and forgetting of each training sample, collected while networks train; kept on the device."""

    def __init__(self, n_rows: int, device: torch.device) -> None:
        self.margin = torch.zeros(n_rows, device=device)
        self.loss = torch.zeros(n_rows, device=device)
        self.seen = torch.zeros(n_rows, device=device)
        self.forgotten = torch.zeros(n_rows, device=device)
        self.right = torch.zeros(n_rows, dtype=torch.bool, device=device)

    def add(self, other: Dynamics) -> None:
        """Add the dynamics of another network."""
        self.margin += other.margin
        self.loss += other.loss
        self.seen += other.seen
        self.forgotten += other.forgotten

    @torch.no_grad()
    def update(self, rows: Tensor, logits: Tensor, targets: Tensor) -> None:
        """Add one batch of distinct rows; ``targets`` are one-hot."""
        probs = logits.softmax(-1)
        own = (probs * targets).sum(-1)
        other = probs.masked_fill(targets > 0, -1.0).amax(-1)
        right = own >= other
        self.margin[rows] += own - other
        self.loss[rows] -= own.clamp_min(LEAST_PROBABILITY).log()
        self.seen[rows] += 1
        self.forgotten[rows] += (self.right[rows] & ~right).float()
        self.right[rows] = right

    def result(self) -> dict[str, NDArray[np.float32]]:
        """Return the means over all epochs and networks; NaN for rows that were never trained on."""
        seen = torch.where(self.seen > 0, self.seen, torch.full_like(self.seen, torch.nan))
        named = {"margin": self.margin / seen, "loss": self.loss / seen, "forgetting": self.forgotten + 0 * seen}
        return {name: values.cpu().numpy() for name, values in named.items()}
