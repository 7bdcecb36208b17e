"""A pretrained network whose last stages are trained, for images as a plan normalises them. Needs torch."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from datacheck.errors import PlanError
from datacheck.plan.record import PlanRecord
from datacheck.probing.networks.backbone import load_backbone
from datacheck.probing.weights import DEFAULT_WEIGHTS, PretrainedWeights

TUNED = 5
"""Stages that are trained unless you say otherwise: of EfficientNet-lite0 two blocks, the last convolution and the
pooling. The earlier ones see edges and textures, and cost most of the time."""

DROPOUT = 0.2
"""Before the linear layer, as EfficientNet-lite0 was trained."""


class FineTuned(nn.Module):
    """A pretrained network with a new linear layer; its first stages stay as they are.

    Batch normalisation is folded into the convolutions, so training and evaluation compute the same.

    Parameters
    ----------
    plan
        Says how its images are normalised, and how many classes there are.
    weights
        The packaged ``"lite0"``, or what `datacheck.probing.PretrainedWeights` takes.
    tuned
        How many of the last stages are trained; 0 for the linear layer alone.

    Raises
    ------
    MissingExtraError
        When the packaged weights are not installed.
    PlanError
        When the plan has no normalisation.
    """

    def __init__(self, plan: PlanRecord, weights: Any = DEFAULT_WEIGHTS, *, tuned: int = TUNED) -> None:
        super().__init__()
        settings = plan.item("normalise").settings
        if "mean" not in settings:
            raise PlanError("the plan has no normalisation: make it again with measurements= or pixels=")
        known = weights if isinstance(weights, PretrainedWeights) else PretrainedWeights(weights)
        stages, width, _ = load_backbone(known)
        self.frozen, self.tuned = stages[: len(stages) - tuned], stages[len(stages) - tuned :]
        self.frozen.requires_grad_(False)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(width, len(plan.classes)))
        mean, deviation, own_mean, own_deviation = (
            torch.tensor(list(values), dtype=torch.float32).view(3, 1, 1)
            for values in (settings["mean"], settings["std"], known.mean, known.deviation)
        )
        self.register_buffer("scale", deviation / own_deviation)
        self.register_buffer("shift", (mean - own_mean) / own_deviation)

    def forward(self, x: Tensor) -> Tensor:
        """Map images as the plan's transforms return them, [N, 3, H, W], to logits [N, K]."""
        with torch.no_grad():
            early = self.frozen(x * cast("Tensor", self.scale) + cast("Tensor", self.shift))
        return cast("Tensor", self.head(self.tuned(early)))
