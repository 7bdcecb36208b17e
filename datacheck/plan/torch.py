"""A plan as torch objects: sampler, loss, transforms, subsets. Needs torch and torchvision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, RandomSampler, Sampler, WeightedRandomSampler

from datacheck.errors import PlanError
from datacheck.plan.candidates import Candidate
from datacheck.plan.plan import TrainingPlan
from datacheck.plan.transforms import ClassConditional, Step, build_transform


def make_sampler(
    plan: TrainingPlan, split: str | None = None, *, seed: int | None = None, n_draws: int | None = None
) -> Sampler[int]:
    """Return a sampler over the positions of ``plan.rows(split)``, such as those of `PlannedSubset`.

    Parameters
    ----------
    plan
        Where it recommends a sampler, samples are drawn by their weights with replacement; else they are shuffled.
    split
        Which split; the one to train on by default.
    seed
        Of the draws; torch's own random state by default.
    n_draws
        Draws an epoch; by default as many as the samples.
    """
    weights = plan.weights(split)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    n_draws = len(weights) if n_draws is None else n_draws
    if len(weights) == 0 or np.ptp(weights) == 0:
        return RandomSampler(range(len(weights)), num_samples=n_draws, generator=generator)
    return WeightedRandomSampler(weights.tolist(), n_draws, replacement=True, generator=generator)


def loss_weights(plan: TrainingPlan) -> Tensor:
    """Return the weight of each class in the loss; shape [K]."""
    return _of_classes(plan, "loss_weights", 1.0)


def logit_adjustment(plan: TrainingPlan) -> Tensor:
    """Return what is added to each logit in the training loss, and left out in prediction; shape [K]."""
    return _of_classes(plan, "logit_adjustment", 0.0)


def _of_classes(plan: TrainingPlan, setting: str, default: float) -> Tensor:
    used = [item for item in plan.by_kind("rebalance") if item.verdict == "use"]
    values = used[0].settings.get(setting, {}) if used else {}
    return torch.tensor([float(values.get(name, default)) for name in plan.classes], dtype=torch.float32)


class PlannedLoss(nn.Module):
    """Cross-entropy with class weights and logits adjusted in the loss (Menon et al. 2021)."""

    weight: Tensor
    adjustment: Tensor

    def __init__(self, weight: Tensor, adjustment: Tensor, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("adjustment", adjustment)
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of logits [B, K] and class codes [B]."""
        return nn.functional.cross_entropy(
            logits + self.adjustment, labels, weight=self.weight, label_smoothing=self.label_smoothing
        )


def make_loss(plan: TrainingPlan, *, label_smoothing: float = 0.0) -> PlannedLoss:
    """Return the cross-entropy that the plan recommends."""
    return PlannedLoss(loss_weights(plan), logit_adjustment(plan), label_smoothing)


def train_transform(plan: TrainingPlan, *, size: int | None = None, harmless: bool = False) -> ClassConditional:
    """Return the augmentations that the plan uses, class by class."""
    side, mean, deviation = _inputs(plan, size)
    return ClassConditional(plan, steps_of(plan, side, harmless=harmless), side, mean, deviation)


def steps_of(plan: TrainingPlan, side: int, *, harmless: bool = False) -> list[Step]:
    """Return the steps of the items that are used."""
    steps = []
    for item in plan.by_kind("augment"):
        chosen = item.settings.get("applied", False) or (harmless and item.verdict == "harmless")
        if not chosen or "family" not in item.settings:
            continue
        spared = set(item.settings.get("avoid_classes", ()))
        candidate = Candidate.from_json(item.settings)
        allowed = tuple(name not in spared for name in plan.classes)
        steps.append(Step(candidate.name, build_transform(candidate, side), candidate.probability, allowed))
    return steps


def eval_transform(plan: TrainingPlan, *, size: int | None = None) -> Callable[[Any], Tensor]:
    """Return resize and normalisation alone."""
    side, mean, deviation = _inputs(plan, size)
    transform = ClassConditional(plan, (), side, mean, deviation)

    def evaluate(image: Any) -> Tensor:
        return transform.finish(transform.resize(image))

    return evaluate


def _inputs(plan: TrainingPlan, size: int | None) -> tuple[int, Sequence[float], Sequence[float]]:
    settings = plan.item("normalise").settings
    if "mean" not in settings:
        raise PlanError(
            "the plan has no normalisation (no pixels were read when it was made): "
            "make it again with measurements= or pixels="
        )
    return int(size or settings["size"]), settings["mean"], settings["std"]


class PlannedSubset(Dataset[tuple[Tensor, int]]):
    """A split of a map-style dataset, as the plan wants it: ``(tensor, class code)``.

    Parameters
    ----------
    plan, split
        Which rows; the training split is augmented.
    dataset
        Item n is ``(image, label)`` (or just the image) of row n of the manifest.
    repaired, drop, augment
        Whether to follow the plan's split, leave out what it drops, and augment the training split.
    size
        Side in pixels.

    Raises
    ------
    PlanError
        When the dataset has another number of samples, or a label differs from the plan's.
    """

    def __init__(
        self,
        plan: TrainingPlan,
        split: str,
        dataset: Dataset[Any] | Sequence[Any],
        *,
        repaired: bool = True,
        drop: bool = True,
        augment: bool | None = None,
        size: int | None = None,
    ) -> None:
        n_found = len(cast("Sequence[Any]", dataset))
        if n_found != len(plan):
            raise PlanError(
                f"the plan was made for {len(plan):,} samples, the dataset has {n_found:,}: "
                "give the dataset that the manifest was made from, in its order"
            )
        self.plan, self.dataset = plan, dataset
        self.rows = plan.rows(split, repaired=repaired, drop=drop)
        labels = plan.samples["label"].to_pylist()
        self.labels = [labels[row] for row in self.rows]
        if (augment is None and split == plan.train_split) or augment:
            self.transform: Callable[[Any, str], Tensor] = plan.train_transform(size=size)
        else:
            plain = plan.eval_transform(size=size)
            self.transform = lambda image, label: plain(image)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> tuple[Tensor, int]:
        row, label = int(self.rows[position]), self.labels[position]
        item = cast("Any", self.dataset)[row]
        image = item
        if isinstance(item, tuple):
            image = item[0]
            self._check(row, label, item[1])
        if label is None:
            raise PlanError(f"sample {row} has no label: it cannot be trained on")
        return self.transform(image, label), self.plan.class_code(label)

    def _check(self, row: int, planned: str | None, found: Any) -> None:
        if isinstance(found, Tensor):
            found = found.item()
        name = (
            self.plan.classes[self.plan.class_code(int(found))] if isinstance(found, int | np.integer) else str(found)
        )
        if name != planned:
            raise PlanError(
                f"sample {row} is {planned!r} in the plan and {name!r} in the dataset: "
                "its order or its labels have changed since the plan was made"
            )
