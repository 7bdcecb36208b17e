"""Drawn photos in class folders, and loaders of several styles over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.datasets import ImageFolder

CLASSES = ("box", "cone", "ring")
SIDE = 48
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def photo(number: int, kind: int) -> Image.Image:
    """Draw a coloured scene that no other number has."""
    rng = np.random.default_rng([11, number])
    coarse = rng.integers(20, 235, (5, 6, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((96, 80), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    x, y = int(rng.integers(20, 50)), int(rng.integers(20, 40))
    colour = tuple(int(each) for each in rng.integers(0, 255, 3))
    if kind == 0:
        pen.rectangle((x, y, x + 30, y + 24), fill=colour)
    elif kind == 1:
        pen.polygon([(x, y + 28), (x + 15, y), (x + 30, y + 28)], fill=colour)
    else:
        pen.ellipse((x, y, x + 30, y + 30), outline=colour, width=6)
    return image


def write_photos(root: Path, n_train: int = 96, n_val: int = 36) -> Path:
    """Write ``train`` and ``val`` with a folder a class."""
    for split, count, first in (("train", n_train, 0), ("val", n_val, 10_000)):
        for number in range(count):
            folder = root / split / CLASSES[number % 3]
            folder.mkdir(parents=True, exist_ok=True)
            photo(first + number, number % 3).save(folder / f"{number:03d}.jpg", quality=92)
    return root


def plain(*more: Any) -> transforms.Compose:
    """Return the usual transform without random parts."""
    return transforms.Compose([transforms.Resize((SIDE, SIDE)), transforms.ToTensor(), *more])


NORMALISE = transforms.Normalize(MEAN, STD)


def folders(root: Path, transform: Any = None, val_transform: Any = None) -> tuple[ImageFolder, ImageFolder]:
    """Return the two datasets."""
    transform = transform or plain(NORMALISE)
    return ImageFolder(str(root / "train"), transform), ImageFolder(str(root / "val"), val_transform or transform)


def loaders(train: Any, val: Any, **options: Any) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """Return the two loaders, the first shuffled by a seeded generator."""
    generator = torch.Generator().manual_seed(0)
    options = {"batch_size": 16, **options}
    shuffle = options.pop("shuffle", True)
    return DataLoader(train, shuffle=shuffle, generator=generator, **options), DataLoader(val, **options)


class Pairs(Dataset[Any]):
    """Images and labels in two lists, read by OpenCV, as people write it."""

    def __init__(self, files: list[Path], labels: list[int], convert: bool = True, scale: float = 255.0) -> None:
        self.names, self.numbers, self.convert, self.scale = files, labels, convert, scale

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, item: int) -> tuple[torch.Tensor, int]:
        image = cv2.resize(cv2.imread(str(self.names[item])), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        if self.convert:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return torch.from_numpy(image).permute(2, 0, 1).float() / self.scale, self.numbers[item]


def pairs(root: Path, split: str, **options: Any) -> Pairs:
    """Return a dataset of two lists."""
    files = sorted((root / split).rglob("*.jpg"))
    return Pairs(files, [CLASSES.index(path.parent.name) for path in files], **options)


class AsMapping(Dataset[Any]):
    """Items as Hugging Face's Trainer takes them."""

    def __init__(self, inner: Dataset[Any]) -> None:
        self.inner = inner

    def __len__(self) -> int:
        return len(self.inner)  # type: ignore[arg-type]

    def __getitem__(self, item: int) -> dict[str, Any]:
        image, label = self.inner[item]
        return {"pixel_values": image, "labels": label}


def network(outputs: int = 3) -> nn.Sequential:
    """Return a small network."""
    torch.manual_seed(0)
    body = [nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*body, nn.Linear(8, outputs))
