"""A pretrained network cut into stages that stay frozen and stages that may be fine-tuned. Needs torch."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from datacheck.models.learning_task import LearningTask
from datacheck.probing.budget import Clock
from datacheck.probing.networks.backbone import load_backbone
from datacheck.probing.networks.batches import SIDES_A_SHIFT, BatchSource, PixelInputs, batch_of
from datacheck.probing.networks.devices import multiplies_bfloat16
from datacheck.probing.networks.network import Network
from datacheck.probing.networks.trainer import Recipe, Trainer
from datacheck.probing.weights import PretrainedWeights

KEPT_STAGES, KEPT_ON_GPU = 0.37, 0.05
"""Share of the stages that stay frozen in fine-tuning: they see edges and colours, which all images have. A GPU tunes
all but the first: on CIFAR-10N (`aggre`, 6 epochs, one H100) average precision .743 instead of .721, in 15 s instead of
11, and it augments the pixels, which is worth another .015."""

DETAIL_STAGES = (0.45, 0.7)
"""Shares of the stages after which enlarged small images are pooled as well: at 48 to 64 pixels the last stage sees
four positions. On 12,000 images of CIFAR-10N this is worth as much as 80 pixels instead of 48, at no further pass."""

CHUNK = 32
"""Images a pass on a CPU, where a larger chunk leaves the caches and is two to three times slower an image."""

LARGE_CHUNK, CHUNK_SIDE = 512, 96
"""Images of 96 pixels a pass on a GPU; fewer of larger ones, by their area."""

BATCH_ON_CPU, BATCH_ON_GPU = 32, 512
"""Images a training step, on a GPU fewer where an epoch would have few steps (`batch_of`). An H100 trains 25,000
images a second in batches of 512 at 128 pixels, and 6,500 in batches of 128, which are too small to fill it."""

RATE = 3e-4
"""Peak learning rate for the batch on a CPU; four times the batch gets twice the rate (its square root)."""

HEAD_DROPOUT = 0.2
"""Dropout before the head, torchvision's value for its mobile networks."""


class FixedStatistics(nn.Module):
    """Stages whose normalisation statistics stay as they are in the weights."""

    def __init__(self, stages: nn.Module) -> None:
        super().__init__()
        self.stages = stages

    def train(self, mode: bool = True) -> FixedStatistics:
        return super().train(False)

    def forward(self, x: Tensor) -> Tensor:
        embedded: Tensor = self.stages(x)
        return embedded


@dataclass(frozen=True)
class Stages:
    """The network, and the images that it is given.

    ``passes`` are early and late stages once more, in ``dtype``, for passes without gradients: where a processor
    multiplies bfloat16 they are two to three times as fast in it, while a training step is not.
    """

    name: str
    early: nn.Sequential
    late: nn.Sequential
    passes: tuple[nn.Sequential, nn.Sequential]
    width: int
    pixels: NDArray[np.uint8]
    weights: PretrainedWeights
    device: torch.device
    dtype: torch.dtype

    @classmethod
    def load(cls, weights: PretrainedWeights, pixels: NDArray[np.uint8], device: torch.device) -> Stages:
        """Load weights, and put the network on a device."""
        stages, width, name = load_backbone(weights)
        stages = stages.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        share = KEPT_ON_GPU if device.type == "cuda" else KEPT_STAGES
        split = max(1, round(share * len(stages))) if len(stages) > 2 else 0
        early, late = stages[:split], stages[split:]
        dtype = torch.bfloat16 if multiplies_bfloat16(device) else torch.float32
        passes = (early, late) if dtype is torch.float32 else (deepcopy(early).to(dtype), deepcopy(late).to(dtype))
        return cls(name, early, late, passes, width, pixels, weights, device, dtype)

    def __len__(self) -> int:
        return len(self.early) + len(self.late)

    def chunk(self, side: int) -> int:
        """Return the images a pass."""
        if self.device.type == "cpu":
            return CHUNK
        return int(np.clip(LARGE_CHUNK * CHUNK_SIDE**2 // side**2, CHUNK, LARGE_CHUNK))

    def embed(self, early: Tensor, *, detail: bool = False) -> Tensor:
        """Map the activations of the early stages to embeddings [N, D]; the last `width` columns are the last stage's.

        Where ``detail``, the mean and the maximum of two earlier stages come before them.
        """
        after = {round(share * len(self)) - len(self.early) - 1 for share in DETAIL_STAGES} if detail else set()
        x, pooled = early, []
        for number, stage in enumerate(self.passes[1]):
            x = stage(x)
            if number in after and x.ndim == 4:
                pooled += [x.mean(dim=(2, 3)), x.amax(dim=(2, 3))]
        return torch.cat([*pooled, x.flatten(1)], dim=1)

    def batch(self, n_rows: int) -> int:
        """Return the images a training step, where an epoch has so many."""
        if self.device.type != "cuda":
            return BATCH_ON_CPU
        return batch_of(n_rows, BATCH_ON_CPU, BATCH_ON_GPU)

    @property
    def keeps(self) -> bool:
        """Whether fine-tuning begins with kept activations: on a GPU it begins with the pixels, which it augments."""
        return self.device.type == "cpu"

    @property
    def reach(self) -> int:
        """Pixels by which training may shift an image, where it begins with the pixels."""
        return int(self.pixels.shape[1]) // SIDES_A_SHIFT

    def inputs(self, side: int, dtype: torch.dtype) -> PixelInputs:
        """Return the images at a side."""
        normalisation = np.array(self.weights.mean), np.array(self.weights.deviation)
        return PixelInputs(self.pixels, self.device, normalisation, side=side, dtype=dtype, translate=self.reach)

    def trainer(
        self, inputs: BatchSource, problem: LearningTask, clock: Clock, *, flip: bool, whole: bool = False
    ) -> Trainer:
        """Return the trainer of the late stages on kept activations; where ``whole``, of these on shifted pixels."""

        def build(fold: int) -> Network:
            early = deepcopy(self.early) if whole else nn.Sequential()
            for parameter in early.parameters():
                parameter.requires_grad_(False)
            body = FixedStatistics(nn.Sequential(*early, *deepcopy(self.late)))
            return Network(body, self.width, problem.width, dropout=HEAD_DROPOUT)

        batch = self.batch(len(problem.training_rows(0)))
        recipe = Recipe(
            epochs=1,
            batch=batch,
            learning_rate=RATE * float(np.sqrt(batch / BATCH_ON_CPU)),
            flip=flip,
            translate=self.reach if whole else 0,
            early_learning=True,
        )
        half = self.dtype is torch.bfloat16
        return Trainer(build, inputs, problem, recipe, self.device, clock, half_prediction=half)
