"""Loaders and models as the look at them would describe them, built by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.before_training.evidence import (
    Batch,
    FoundFiles,
    Layer,
    LoaderEvidence,
    Mode,
    ModelEvidence,
    PreflightContext,
)
from datacheck.manifest import Manifest

CLASSES = ("box", "cone", "ring")


def batches(n_batches: int = 4, size: int = 16, seed: int = 0, **changes: Any) -> tuple[Batch, ...]:
    """Return batches of noise with class numbers in a random order; ``images`` and ``labels`` replace their own."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(n_batches * size)
    found = []
    for number in range(n_batches):
        items = order[number * size : (number + 1) * size]
        images: NDArray[Any] = rng.normal(size=(size, 3, 8, 8)).astype(np.float32)
        labels: NDArray[Any] = (items % 3).astype(np.int64)
        found.append(Batch(changes.get("images", images), changes.get("labels", labels), items.astype(np.int64)))
    return tuple(found)


def loader(name: str = "train", **changes: Any) -> LoaderEvidence:
    """Return a clean loader."""
    own = changes.pop("batches", None) or batches(seed=1 if name == "val" else 0)
    return LoaderEvidence(name, own, **{"n_items": 64, "varies": False, "classes": CLASSES, **changes})


def found(name: str = "train", **changes: Any) -> LoaderEvidence:
    """Return a clean loader whose images were found again, row k for item k."""
    own = loader(name)
    items = np.concatenate([batch.items for batch in own.batches if batch.items is not None])
    values: dict[str, Any] = {
        "row": items,
        "expected": items,
        "std": np.array([0.229, 0.224, 0.225]),
        "mean": np.array([0.485, 0.456, 0.406]),
        "fit": 0.9998,
        "swapped": 0.01,
    }
    return loader(name, batches=own.batches, found=FoundFiles(**{**values, **changes}))


def manifest(shift: int = 0, shuffled: bool = False) -> Manifest:
    """Return the audited files, item k of class k modulo 3, its number shifted by some, or the labels shuffled."""
    names = [f"{item:03d}.jpg" for item in range(64)]
    order = np.random.default_rng(0).permutation(64) if shuffled else np.arange(64)
    labels = [CLASSES[(item + shift) % 3] for item in order.tolist()]
    return Manifest.from_columns({"uri": names, "label": labels}, classes=CLASSES)


def model(**changes: Any) -> ModelEvidence:
    """Return a clean model with cross-entropy over three classes."""
    values: dict[str, Any] = {
        "output_shape": (16, 3),
        "loss_name": "CrossEntropyLoss",
        "train": Mode(1.12),
        "evaluation": Mode(1.1),
        "n_parameters": 8,
        "batch_dependence": 1e-7,
        "layers": (Layer("0", 2.0, 0.5, 0.0), Layer("1", 1.0, 0.4, 0.5)),
        "step_seconds": 0.1,
    }
    return ModelEvidence(**{**values, **changes})


def context(train: LoaderEvidence | None = None, **changes: Any) -> PreflightContext:
    """Return a clean look; ``train``, ``val``, ``model`` and so on replace its parts."""
    return PreflightContext(
        train or found(), **{"val": found("val"), "model": model(), "manifest": manifest(), **changes}
    )
