"""The training plan as one value: loaded by the training run, without an audit, a source, or torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import PlanError, require
from datacheck.plan.matching import locate
from datacheck.plan.notebook import plan_html
from datacheck.plan.record import PlanRecord
from datacheck.plan.view import plan_text

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.data import Dataset, Sampler

    from datacheck.fingerprints import Fingerprint
    from datacheck.manifest import Manifest
    from datacheck.plan.augment.transforms import ClassConditional
    from datacheck.plan.torch import PlannedSubset


class TrainingPlan(PlanRecord):
    """What the main training run should do.

    Attributes
    ----------
    identity
        Identity of the dataset that the plan was made for, as in its fingerprint.
    task, classes
        As in the manifest; label k is ``classes[k]``.
    items
        Everything to do, to leave and to know, each with its measurements.
    samples
        Columns of `datacheck.plan.record.SAMPLES_SCHEMA`.
    seed, seconds, budget
        How the plan was made.
    version
        The datacheck that made it.
    notes
        What else the reader should know, a sentence each.
    thumbnails
        The run folder with the pictures that a notebook shows; not saved.

    Examples
    --------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.plan import make_plan
    >>> plan = make_plan(Manifest.from_columns({"label": ["cat"] * 30 + ["dog"] * 30}))
    >>> plan.verdict("rebalance"), len(plan.rows("train")) + len(plan.rows("val")) + len(plan.rows("test"))
    ('nothing to do', 60)
    """

    def check(self, dataset: Manifest | Fingerprint) -> None:
        """Raise a `PlanError` unless the plan was made for this dataset.

        A fingerprint is compared by its identity, a manifest by its sample ids and labels.
        """
        _check_dataset(self, dataset)

    def to_text(self, *, width: int = 100, verbose: bool = False) -> str:
        """Return the plan as plain text, what to do first, no line wider than ``width``."""
        return plan_text(self, width=width, verbose=verbose)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return plan_html(self, self.thumbnails)

    def subset(
        self,
        split: str,
        dataset: Dataset[Any] | Sequence[Any] | Mapping[str, Any],
        *,
        paths: Sequence[Any] | None = None,
        partial: bool = False,
        repaired: bool = True,
        drop: bool = True,
        augment: bool | None = None,
        size: int | None = None,
    ) -> PlannedSubset:
        """Return a split of a map-style dataset as the plan says: its samples, augmented, with the plan's class codes.

        Each sample is found by its file (or its sample id), whatever the order of the dataset and its class numbers.

        Parameters
        ----------
        split
            A planned split.
        dataset
            The ``ImageFolder`` of the split or of the whole, a ``Subset`` or ``ConcatDataset`` of such, or a mapping of
            splits to datasets where the plan moves samples between splits; or any map-style dataset of ``(image,
            label)`` with ``paths``. Its images must be untransformed: PIL images, arrays or uint8 tensors.
        paths
            The path of each item, or its sample id where samples are no files; for datasets that do not know them.
        partial
            Whether the dataset may lack samples of the split.
        repaired, drop
            Whether to follow the plan's split, and to leave out what it drops.
        augment
            Whether to augment; by default the training split.
        size
            Side of the images in pixels; by default the plan's.

        Raises
        ------
        PlanError
            When items cannot be identified or are unknown to the plan, labels differ, or samples of the split are
            missing.
        """
        torch_part = _torch()
        located = locate(self, self.rows(split, repaired=repaired, drop=drop), dataset, paths, partial=partial)
        augmented = split == self.train_split if augment is None else augment
        make_transform = torch_part.train_transform if augmented else torch_part.plain_transform
        return cast("PlannedSubset", torch_part.PlannedSubset(self, located, make_transform(self, size=size)))

    def sampler(
        self,
        dataset: Dataset[Any],
        *,
        paths: Sequence[Any] | None = None,
        seed: int | None = None,
        n_draws: int | None = None,
    ) -> Sampler[int]:
        """Return a torch sampler over the items of a dataset; plain shuffling where no sampling was recommended.

        Parameters
        ----------
        dataset
            What `subset` returns; or a dataset of your own, of which only what the plan trains on is drawn.
        paths
            As in `subset`.
        seed
            Of the draws; torch's own random state by default.
        n_draws
            Draws in an epoch; by default as many as there are samples to draw from.
        """
        return cast("Sampler[int]", _torch().make_sampler(self, dataset, paths=paths, seed=seed, n_draws=n_draws))

    def loss_weights(self, dataset: Any = None) -> Tensor:
        """Return the class weights for the loss, ones where none were recommended; shape [K].

        In the order of the plan's classes, which `subset` uses, or of a dataset of your own.
        """
        return cast("Tensor", _torch().loss_weights(self, dataset))

    def logit_adjustment(self, dataset: Any = None) -> Tensor:
        """Return what is added to the logits in the training loss, zeros where none was recommended; shape [K].

        In the order of the plan's classes, which `subset` uses, or of a dataset of your own.
        """
        return cast("Tensor", _torch().logit_adjustment(self, dataset))

    def loss(self, dataset: Any = None, *, label_smoothing: float = 0.0) -> nn.Module:
        """Return the cross-entropy with the plan's class weights and logit adjustment.

        For class codes of the plan, as `subset` returns them, or for those of a dataset of your own.
        """
        return cast("nn.Module", _torch().make_loss(self, dataset, label_smoothing=label_smoothing))

    def train_transform(self, *, size: int | None = None, harmless: bool = False) -> ClassConditional:
        """Return a transform ``(image, label) -> tensor``: what was measured to help, where it helps, normalised.

        Parameters
        ----------
        size
            Side in pixels of the output; by default the plan's.
        harmless
            Whether to add the augmentations that were measured to do neither good nor harm.
        """
        return cast("ClassConditional", _torch().train_transform(self, size=size, harmless=harmless))

    def eval_transform(self, *, size: int | None = None) -> Callable[[Any], Tensor]:
        """Return a transform ``image -> tensor`` without anything random."""
        return cast("Callable[[Any], Tensor]", _torch().eval_transform(self, size=size))


def _torch() -> Any:
    for module in ("torch", "torchvision"):
        require(module, extra="probe", purpose="a plan's torch objects")
    import datacheck.plan.torch

    return datacheck.plan.torch


def _check_dataset(plan: PlanRecord, dataset: Manifest | Fingerprint) -> None:
    """Raise a `PlanError` unless the plan was made for a dataset."""
    from datacheck.fingerprints import Fingerprint

    if isinstance(dataset, Fingerprint):
        found = f"{dataset.identity:032x}"
        if found != plan.identity:
            raise PlanError(
                f"the plan was made for the dataset {plan.identity} ({len(plan):,} samples), this one is {found} "
                f"({dataset.n_samples:,} samples): make the plan again for it"
            )
        return
    if tuple(dataset.classes) != plan.classes:
        raise PlanError(_class_difference(plan.classes, dataset.classes))
    ids = plan.samples["sample_id"]
    if not ids.equals(dataset.sample_ids):
        raise PlanError(_id_difference(ids, dataset.sample_ids))
    if "label" in dataset and not plan.samples["label"].equals(dataset.table["label"].cast(pa.string())):
        changed = pc.sum(pc.not_equal(plan.samples["label"], dataset.table["label"].cast(pa.string()))).as_py()
        raise PlanError(f"the plan was made for other labels: {changed or 'some'} differ; make the plan again")


def _class_difference(planned: Sequence[str], found: Sequence[str]) -> str:
    missing = [name for name in planned if name not in found]
    extra = [name for name in found if name not in planned]
    if missing or extra:
        what = f"it knows no {extra[:5]}, and misses {missing[:5]}" if extra else f"the dataset has no {missing[:5]}"
        return f"the plan was made for {len(planned)} classes, the dataset has {len(found)}: {what}"
    return f"the plan was made for the classes in the order {list(planned[:10])}, found {list(found[:10])}"


def _id_difference(planned: pa.ChunkedArray, found: pa.ChunkedArray) -> str:
    missing = planned.filter(pc.invert(pc.is_in(planned, found)))
    unknown = found.filter(pc.invert(pc.is_in(found, planned)))
    if not len(missing) and not len(unknown):
        return "the dataset has the plan's samples in another order: bring it into the order of the plan's sample_id"
    parts = []
    if len(missing):
        parts.append(f"{len(missing):,} samples of the plan are missing, such as {missing[0].as_py()!r}")
    if len(unknown):
        parts.append(f"{len(unknown):,} samples are unknown to the plan, such as {unknown[0].as_py()!r}")
    return f"the plan was made for another dataset: {'; '.join(parts)}; make the plan again"
