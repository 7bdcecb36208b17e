"""A plan as torch objects: sampler, loss, transforms, subsets. Needs torch and torchvision."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset, Sampler, SubsetRandomSampler, WeightedRandomSampler

from datacheck.errors import PlanError
from datacheck.plan.augment.candidates import Candidate
from datacheck.plan.augment.transforms import ClassConditional, Step, build_transform
from datacheck.plan.matching import Located, check_label, class_order, match_dataset
from datacheck.plan.record import PlanRecord


def make_sampler(
    plan: PlanRecord,
    dataset: Any,
    *,
    paths: Sequence[Any] | None = None,
    seed: int | None = None,
    n_draws: int | None = None,
) -> Sampler[int]:
    """Return a sampler over the items of a dataset; see `TrainingPlan.sampler`.

    Raises
    ------
    PlanError
        When items cannot be identified, or the plan trains on none of them.
    """
    is_planned = isinstance(dataset, PlannedSubset)
    rows = dataset.rows if is_planned else match_dataset(plan, dataset, paths).rows
    weights = np.asarray(plan.samples["weight"].to_numpy())[rows]
    if not is_planned:
        weights = weights * pc.not_equal(plan.samples["action"], "drop").to_numpy()[rows]
    items = np.flatnonzero(weights > 0)
    if not len(items) and not is_planned:
        raise PlanError(f"the plan trains on none of the dataset's {len(rows):,} items: give the training split")
    if is_planned and len(items) not in (0, len(rows)):
        raise PlanError(
            f"{len(rows) - len(items):,} of the subset's {len(rows):,} samples are not in the plan's training split: "
            "sample from a subset that follows the plan's split (repaired=True)"
        )
    items = items if len(items) else np.arange(len(rows))
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    if n_draws is None and np.ptp(weights[items]) == 0:
        return SubsetRandomSampler(items.tolist(), generator=generator)
    drawn = weights if weights.any() else np.ones(len(rows))
    return WeightedRandomSampler(drawn.tolist(), n_draws or len(items), replacement=True, generator=generator)


def loss_weights(plan: PlanRecord, dataset: Any = None) -> Tensor:
    """Return the weight of each class in the loss; shape [K]."""
    return _of_classes(plan, dataset, "loss_weights", 1.0)


def logit_adjustment(plan: PlanRecord, dataset: Any = None) -> Tensor:
    """Return what is added to each logit in the training loss, and left out in prediction; shape [K]."""
    return _of_classes(plan, dataset, "logit_adjustment", 0.0)


def _of_classes(plan: PlanRecord, dataset: Any, setting: str, default: float) -> Tensor:
    used = plan.rebalancing
    values = {} if used is None else used.settings.get(setting, {})
    is_own = dataset is not None and not isinstance(dataset, PlannedSubset)
    names = class_order(plan, dataset) if is_own else plan.classes
    return torch.tensor([float(values.get(name, default)) for name in names], dtype=torch.float32)


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


def make_loss(plan: PlanRecord, dataset: Any = None, *, label_smoothing: float = 0.0) -> PlannedLoss:
    """Return the cross-entropy that the plan recommends."""
    return PlannedLoss(loss_weights(plan, dataset), logit_adjustment(plan, dataset), label_smoothing)


def train_transform(plan: PlanRecord, *, size: int | None = None, harmless: bool = False) -> ClassConditional:
    """Return the augmentations that the plan uses, class by class."""
    side, mean, deviation = _inputs(plan, size)
    return ClassConditional(plan, steps_of(plan, side, harmless=harmless), side, mean, deviation)


def steps_of(plan: PlanRecord, side: int, *, harmless: bool = False) -> list[Step]:
    """Return the steps of the items that are used."""
    steps = []
    for item in plan.by_kind("augment"):
        chosen = item.settings.get("applied", False) or (harmless and item.verdict == "harmless")
        if not chosen or "family" not in item.settings:
            continue
        avoided = set(item.settings.get("avoid_classes", ()))
        candidate = Candidate.from_json(item.settings)
        allowed = tuple(name not in avoided for name in plan.classes)
        steps.append(Step(candidate.name, build_transform(candidate, side), candidate.probability, allowed))
    return steps


def eval_transform(plan: PlanRecord, *, size: int | None = None) -> Callable[[Any], Tensor]:
    """Return resize and normalisation alone."""
    return plain_transform(plan, size=size).evaluate


def plain_transform(plan: PlanRecord, *, size: int | None = None) -> ClassConditional:
    """Return a transform that takes the label and does nothing random."""
    side, mean, deviation = _inputs(plan, size)
    return ClassConditional(plan, (), side, mean, deviation)


def _inputs(plan: PlanRecord, size: int | None) -> tuple[int, Sequence[float], Sequence[float]]:
    settings = plan.item("normalise").settings
    if "mean" not in settings:
        raise PlanError(
            "the plan has no normalisation (no pixels were read when it was made): "
            "make it again with measurements= or pixels="
        )
    return int(size or settings["size"]), settings["mean"], settings["std"]


class PlannedSubset(Dataset[tuple[Tensor, int]]):
    """A split of a map-style dataset, as the plan wants it: ``(tensor, class code)``; made by `TrainingPlan.subset`.

    Parameters
    ----------
    plan
        The class codes are the plan's.
    located
        The samples. An item of their dataset is ``(image, label)``, or the image alone.
    transform
        ``(image, label) -> tensor``.
    relabelled
        Labels that replace those of the plan, by sample id.
    """

    def __init__(
        self,
        plan: PlanRecord,
        located: Located,
        transform: Callable[[Any, str], Tensor],
        relabelled: Mapping[str, str] | None = None,
    ) -> None:
        self.plan, self.located, self.transform = plan, located, transform
        self.relabelled = dict(relabelled or {})

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each sample in the plan; shape [R]."""
        return self.located.rows

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names; code k is ``classes[k]``."""
        return self.plan.classes

    @property
    def sample_ids(self) -> list[str]:
        """The id of each sample; length R."""
        return [str(one) for one in self.plan.samples["sample_id"].take(pa.array(self.rows)).to_pylist()]

    def with_labels(self, labels: Mapping[str, str]) -> PlannedSubset:
        """Return the same samples, some of them with other labels, by sample id; others' ids are passed over.

        Raises
        ------
        PlanError
            When the plan does not know a class.
        """
        for label in set(labels.values()):
            self.plan.class_code(label)
        known = set(self.sample_ids)
        own = self.relabelled | {name: label for name, label in labels.items() if name in known}
        return PlannedSubset(self.plan, self.located, self.transform, own)

    def with_transform(self, transform: Callable[[Any, str], Tensor]) -> PlannedSubset:
        """Return the same samples under another transform ``(image, label) -> tensor``."""
        return PlannedSubset(self.plan, self.located, transform, self.relabelled)

    def without(self, sample_ids: Container[str]) -> PlannedSubset:
        """Return the samples but some, by their ids."""
        kept = np.flatnonzero([name not in sample_ids for name in self.sample_ids])
        located = replace(
            self.located,
            rows=self.located.rows[kept],
            items=self.located.items[kept],
            labels=[self.located.labels[place] for place in kept],
        )
        return PlannedSubset(self.plan, located, self.transform, self.relabelled)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> tuple[Tensor, int]:
        label = self.located.labels[position]
        image = item = self.located.dataset[int(self.located.items[position])]
        if isinstance(item, tuple | list) and len(item) > 1:
            image = item[0]
            if not self.located.labels_checked:
                check_label(self.plan, self.located, position, item[1])
        if self.relabelled:
            label = self.relabelled.get(self.plan.samples["sample_id"][int(self.rows[position])].as_py(), label)
        return self.transform(image, label), self.plan.class_code(label)
