"""Augmentations as transforms that take the label. Needs torch and torchvision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2

from datacheck.errors import PlanError
from datacheck.plan.augment.candidates import Candidate
from datacheck.plan.record import PlanRecord

Transform = Callable[[Tensor], Tensor]

TOLERANCE = 1e-3
"""Resizing may push values this far beyond 0 and 1; normalised images lie further out."""


def build_transform(candidate: Candidate, side: int) -> Transform:
    """Return an augmentation as a torchvision transform of uint8 images [..., 3, side, side], applied always."""
    bilinear = v2.InterpolationMode.BILINEAR
    strength = candidate.strength
    makers: dict[str, Callable[[], Any]] = {
        "horizontal_flip": lambda: v2.RandomHorizontalFlip(1.0),
        "vertical_flip": lambda: v2.RandomVerticalFlip(1.0),
        "rotate_180": lambda: v2.Compose([v2.RandomHorizontalFlip(1.0), v2.RandomVerticalFlip(1.0)]),
        "rotate_90": lambda: v2.RandomChoice([v2.RandomRotation((turn, turn)) for turn in (90, 270)]),
        "rotate": lambda: _bordered(v2.RandomRotation(strength, interpolation=bilinear), side),
        "translate": lambda: _bordered(v2.RandomCrop(side), side, reach=max(1, round(strength * side))),
        "crop": lambda: v2.RandomResizedCrop(side, scale=(strength, 1.0), antialias=True),
        "perspective": lambda: _bordered(v2.RandomPerspective(strength, p=1.0), side),
        "brightness": lambda: v2.ColorJitter(brightness=strength),
        "contrast": lambda: v2.ColorJitter(contrast=strength),
        "saturation": lambda: v2.ColorJitter(saturation=strength),
        "hue": lambda: v2.ColorJitter(hue=strength),
        "greyscale": lambda: v2.Grayscale(num_output_channels=3),
        "blur": lambda: v2.GaussianBlur(2 * max(1, round(2 * strength * side)) + 1, (max(strength * side, 0.3),) * 2),
        "noise": lambda: v2.Compose(
            [
                v2.ToDtype(torch.float32, scale=True),
                v2.GaussianNoise(sigma=strength),
                v2.ToDtype(torch.uint8, scale=True),
            ]
        ),
        "cutout": lambda: v2.RandomErasing(p=1.0, scale=(strength, strength), ratio=(1.0, 1.0), value=128),
        "resolution": lambda: v2.Compose(
            [v2.Resize(max(2, round(strength * side)), antialias=True), v2.Resize(side, antialias=True)]
        ),
    }
    if candidate.family not in makers:
        raise PlanError(
            f"the plan holds an augmentation {candidate.family!r} that this datacheck does not know; "
            f"it knows {sorted(makers)}: upgrade datacheck"
        )
    return cast("Transform", makers[candidate.family]())


def _bordered(transform: Any, side: int, reach: int | None = None) -> Any:
    """Mirror the border outwards first, so that moving an image brings no black in."""
    margin = max(1, side // 4) if reach is None else reach
    steps: list[Any] = [v2.Pad(min(margin, side - 1), padding_mode="reflect"), transform]
    return v2.Compose(steps if reach is not None else [*steps, v2.CenterCrop(side)])


@dataclass(frozen=True)
class Step:
    """One augmentation of a transform, and whether each class gets it; ``allowed`` has shape [K]."""

    name: str
    transform: Transform
    probability: float
    allowed: tuple[bool, ...]


class ClassConditional:
    """A transform ``(image, label) -> tensor`` that leaves out the classes whose labels an augmentation would change.

    Parameters
    ----------
    plan
        Knows the classes.
    steps
        Applied in order, each with its own probability, where the class allows it.
    size, mean, deviation
        Side in pixels, and what the channels are normalised by.
    """

    def __init__(
        self, plan: PlanRecord, steps: Sequence[Step], size: int, mean: Sequence[float], deviation: Sequence[float]
    ) -> None:
        self.plan, self.steps, self.size = plan, tuple(steps), size
        self._mean = 255 * torch.tensor(list(mean), dtype=torch.float32).view(3, 1, 1)
        self._scale = 1 / (255 * torch.tensor(list(deviation), dtype=torch.float32).view(3, 1, 1))

    def resize(self, image: Any) -> Tensor:
        """Return an image as a uint8 tensor [3, size, size]."""
        x = to_image(image)
        if tuple(x.shape[1:]) == (self.size, self.size):
            return x
        return cast("Tensor", v2.functional.resize(x, [self.size, self.size], antialias=True))

    def finish(self, x: Tensor) -> Tensor:
        """Return a uint8 tensor normalised, as float32."""
        return (x.float() - self._mean) * self._scale

    def __call__(self, image: Any, label: str | int) -> Tensor:
        """Return a float tensor [3, size, size]; ``image`` is a PIL image, an array [H, W, 3] or a tensor [3, H, W].

        Raises
        ------
        PlanError
            When the plan does not know the label.
        """
        return self.finish(self.augment(image, label))

    def evaluate(self, image: Any) -> Tensor:
        """Return a float tensor [3, size, size] without anything random."""
        return self.finish(self.resize(image))

    def augment(self, image: Any, label: str | int) -> Tensor:
        """Return a uint8 tensor [3, size, size], augmented as its class allows and not yet normalised."""
        code = self.plan.class_code(label)
        x = self.resize(image)
        for step in self.steps:
            if step.allowed[code] and float(torch.rand(())) < step.probability:
                x = step.transform(x)
        return x

    def __repr__(self) -> str:
        parts = [
            f"{step.name} p={step.probability:g}"
            + (
                ""
                if all(step.allowed)
                else f" not for {[n for n, a in zip(self.plan.classes, step.allowed, strict=True) if not a]}"
            )
            for step in self.steps
        ]
        return f"ClassConditional({', '.join([f'resize {self.size}', *parts, 'normalise'])})"


def to_image(image: Any) -> Tensor:
    """Return an image as a uint8 tensor [3, H, W].

    Raises
    ------
    PlanError
        When it is no image.
    """
    if isinstance(image, np.ndarray):
        image = torch.from_numpy(np.ascontiguousarray(image))
        image = image[..., None] if image.ndim == 2 else image
        image = image.permute(2, 0, 1) if image.ndim == 3 else image
    elif not isinstance(image, Tensor):
        if not hasattr(image, "convert"):
            raise PlanError(f"expected a PIL image, an array or a tensor, found {type(image).__name__}")
        image = v2.functional.pil_to_tensor(image.convert("RGB"))
    if image.ndim != 3 or image.shape[0] not in {1, 3, 4}:
        raise PlanError(f"expected an image with 1, 3 or 4 channels, found shape {list(image.shape)}")
    if image.is_floating_point():
        low, high = float(image.min()), float(image.max())
        if low < -TOLERANCE or high > 1 + TOLERANCE:
            raise PlanError(
                f"expected an image of uint8, or of floats from 0 to 1, found floats from {low:.3g} to {high:.3g}: "
                "give images that are not normalised, the plan's transform does that"
            )
        image = image.clamp(0, 1)
    elif image.dtype not in {torch.uint8, torch.uint16}:
        raise PlanError(f"expected an image of uint8, uint16 or floats from 0 to 1, found {image.dtype}")
    image = image[:3].expand(3, -1, -1) if image.shape[0] != 1 else image.expand(3, -1, -1)
    return cast("Tensor", v2.functional.to_dtype(image, torch.uint8, scale=True))
