"""Sets, models and the training of the benchmarks of a plan; see bench_plan_pays.py and bench_plan_splits.py."""

from __future__ import annotations

import io
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from datacheck.manifest import Manifest
from datacheck.plan.encoders import BackboneEncoder, PatchEncoder, shrink
from datacheck.plan.networks import DROPOUT, TUNED
from datacheck.testing import make_imbalanced
from tests.benchmarks.bench_plan import DATA, photos

SMALL_SIDE = 32
EPOCHS = {"small": 25, "lite0": 40, "tuned": 12}
RATES = {"small": 3e-3, "lite0": 1e-3, "tuned": 2e-3}
"""That of ``tuned`` is the best of three in trainings without a plan, on one draw of TrashNet and of ants and bees."""


@dataclass(frozen=True)
class Draw:
    """One draw of a set: ``given`` labels of the training samples, ``clean`` ones of all, class codes [N]."""

    name: str
    pixels: NDArray[np.uint8]
    given: NDArray[np.int64]
    clean: NDArray[np.int64]
    classes: tuple[str, ...]
    test: NDArray[np.bool_]
    seed: int

    @cached_property
    def encoder(self) -> Any:
        if self.pixels.shape[1] < 16:
            return PatchEncoder.fit(self.pixels, seed=0)
        return BackboneEncoder.load("lite0", 96 if self.pixels.shape[1] > 48 else 64)

    @cached_property
    def features(self) -> NDArray[np.float32]:
        return self.encoder.encode(self.pixels)

    @cached_property
    def early(self) -> BackboneEncoder:
        """The stages of the packaged network that stay as they are; their maps come out flat."""
        return replace(self.encoder, stages=self.encoder.stages[:-TUNED])

    @property
    def manifest(self) -> Manifest:
        """The training samples with the given labels."""
        names = np.array(self.classes)[self.given[~self.test]]
        ids = np.flatnonzero(~self.test).astype(str)
        return Manifest.from_columns({"sample_id": ids, "label": names, "split": ["train"] * len(ids)})


def draw_of(name: str, seed: int, n_images: int = 4500) -> Draw:
    """A third of every class of the clean labels is the test set; the rest is thinned out where the name says so."""
    pixels, given, clean, factor = _source(name, seed, n_images)
    classes, codes = np.unique(clean, return_inverse=True)
    codes_given = np.searchsorted(classes, given)
    rng = np.random.default_rng([seed, 1])
    test = np.zeros(len(codes), dtype=bool)
    for code in range(len(classes)):
        rows = rng.permutation(np.flatnonzero(codes == code))
        test[rows[: len(rows) // 3]] = True
    keep = np.ones(len(codes), dtype=bool)
    if factor:
        whole = Manifest.from_columns({"sample_id": np.flatnonzero(~test).astype(str), "label": clean[~test]})
        thinned, _ = make_imbalanced(whole, factor, seed=seed)
        keep = test.copy()
        keep[thinned.sample_ids.to_numpy(zero_copy_only=False).astype(int)] = True
    return Draw(name, pixels[keep], codes_given[keep], codes[keep], tuple(classes.tolist()), test[keep], seed)


def _source(name: str, seed: int, n_images: int) -> tuple[NDArray[np.uint8], NDArray[Any], NDArray[Any], float]:
    if name == "digits":
        from sklearn.datasets import load_digits

        found = load_digits()
        pixels = np.repeat((found.images * 15.9375).astype(np.uint8)[..., None], 3, axis=-1)
        return pixels, found.target.astype(str), found.target.astype(str), 20.0
    if name.startswith("trashnet"):
        pixels, names = photos(96)
        return pixels, names, names, 10.0 if name.endswith("tail") else 0.0
    if Path(name).is_dir():
        files = sorted(path for path in Path(name).rglob("*.jpg"))
        read = [Image.open(path).convert("RGB").resize((96, 96), Image.Resampling.BOX) for path in files]
        names = np.array([path.parent.name for path in files])
        return np.stack([np.asarray(one) for one in read]), names, names, 10.0
    table = pq.read_table(DATA / "cifar10n-train.parquet")
    table = table.take(np.random.default_rng([seed, 99]).permutation(len(table))[:n_images])
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in table["jpeg"].to_pylist()])
    given, clean = (np.array(table[column].to_pylist()) for column in (name.removeprefix("cifar-"), "clean"))
    return pixels, given, clean, 10.0


def small_network(n_classes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, n_classes))


def tuned_network(draw: Draw) -> nn.Module:
    """The last stages of the packaged network and a new linear layer, on the flat maps of `Draw.early`."""
    stages, side = draw.encoder.stages, draw.encoder.inputs[2]
    with torch.inference_mode():
        early = stages[:-TUNED](torch.zeros(1, 3, side, side))
        width = stages[-TUNED:](early).flatten(1).shape[1]
    late = deepcopy(stages[-TUNED:]).requires_grad_(True)
    head = (nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(width, len(draw.classes)))
    return nn.Sequential(nn.Unflatten(1, early.shape[1:]), late, *head)


@dataclass
class Arm:
    """How to train: ``codes`` and ``keep`` [T], the loss, draw weights [T] or None, and views [V, N, S, S, 3]."""

    codes: NDArray[np.int64]
    keep: NDArray[np.bool_]
    loss: nn.Module
    weight: NDArray[np.float64] | None = None
    views: NDArray[np.uint8] | None = None


def inputs_of(draw: Draw, model: str, pixels: NDArray[np.uint8]) -> torch.Tensor:
    if model in {"lite0", "tuned"}:
        return torch.from_numpy((draw.encoder if model == "lite0" else draw.early).encode(pixels))
    small = shrink(pixels, min(SMALL_SIDE, pixels.shape[1]))
    return torch.from_numpy(np.ascontiguousarray(small.transpose(0, 3, 1, 2)))


def train(draw: Draw, model: str, plain: torch.Tensor, arm: Arm) -> float:
    """Return the balanced accuracy on the clean test labels."""
    return balanced_accuracy(predictions(draw, model, plain, arm), draw.clean[draw.test])


def balanced_accuracy(predicted: NDArray[np.int64], codes: NDArray[np.int64]) -> float:
    """Return the mean recall of the classes that occur."""
    return float(np.mean([(predicted[codes == code] == code).mean() for code in np.unique(codes)]))


def predictions(draw: Draw, model: str, plain: torch.Tensor, arm: Arm) -> NDArray[np.int64]:
    """Train, and return the class codes that are predicted for the test samples."""
    torch.manual_seed(draw.seed)
    rows = np.flatnonzero(~draw.test)
    x = [plain[rows]] if arm.views is None else [inputs_of(draw, model, view) for view in arm.views]
    mean, deviation = torch.tensor(0.0), torch.tensor(1.0)
    if model != "tuned":  # which takes what its own first stages make
        axes = (0,) if model == "lite0" else (0, 2, 3)
        mean, deviation = (f(plain[rows], dim=axes, keepdim=True) for f in (torch.mean, torch.std))
        deviation = deviation + 1e-3
    x = torch.stack([(view - mean) / deviation for view in x])
    y = torch.from_numpy(arm.codes)
    n_classes = len(draw.classes)
    makers = {"lite0": lambda: nn.Linear(plain.shape[1], n_classes), "tuned": lambda: tuned_network(draw)}
    network = makers.get(model, lambda: small_network(n_classes))()
    optimizer = torch.optim.AdamW(network.parameters(), RATES[model], weight_decay=0.05)
    kept, rng = np.flatnonzero(arm.keep), np.random.default_rng([draw.seed, 2])
    steps = EPOCHS[model] * -(-len(kept) // 32)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATES[model], total_steps=steps)
    for _ in range(EPOCHS[model]):
        chances = None if arm.weight is None else arm.weight[kept] / arm.weight[kept].sum()
        order = rng.permutation(kept) if chances is None else rng.choice(kept, len(kept), p=chances)
        for start in range(0, len(order), 32):
            at = torch.from_numpy(order[start : start + 32])
            optimizer.zero_grad()
            arm.loss(network(x[torch.randint(len(x), (len(at),)), at]), y[at]).backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        tested = (plain[np.flatnonzero(draw.test)] - mean) / deviation
        found: NDArray[np.int64] = network(tested).argmax(1).numpy()
    return found
