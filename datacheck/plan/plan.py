"""The training plan as one value: loaded by the training run, without an audit, a source, or torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import PlanError, StorageError, did_you_mean, require
from datacheck.plan.items import PlanItem
from datacheck.storage import check_version, read_json, read_table, write_json, write_table

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.utils.data import Dataset, Sampler

    from datacheck.fingerprints import Fingerprint
    from datacheck.manifest import Manifest
    from datacheck.plan.torch import PlannedSubset
    from datacheck.plan.transforms import ClassConditional

SCHEMA = "datacheck.plan"
VERSION = 1
"""Version of ``plan.json`` and ``sample_weights.parquet``."""

SAMPLES_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("split", pa.string()),
        pa.field("planned_split", pa.string()),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("suggested", pa.string()),
        pa.field("confidence", pa.float32()),
        pa.field("reason", pa.string()),
        pa.field("label_next", pa.int64()),
    ]
)
"""Columns of ``sample_weights.parquet``, a row a sample in the order of the manifest.

``split`` is the one that came with the data, ``planned_split`` the repaired one. ``weight`` is how often the sampler
draws the sample, relative to the others (1 everywhere where no sampling was recommended, 0 outside the training split).
``action`` is ``keep``, ``drop`` or ``relabel``, with ``suggested`` label, ``confidence`` and ``reason``; nothing is
ever deleted. ``label_next`` ranks the unlabelled samples by how much labelling them is worth, from 0.
"""


@dataclass(frozen=True, eq=False)
class TrainingPlan:
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
        Columns of `SAMPLES_SCHEMA`.
    seed, seconds, budget
        How the plan was made.
    version
        The datacheck that made it.

    Examples
    --------
    >>> from datacheck.manifest import Manifest
    >>> from datacheck.plan import make_plan
    >>> plan = make_plan(Manifest.from_columns({"label": ["cat"] * 30 + ["dog"] * 30}))
    >>> plan.verdict("rebalance"), len(plan.rows("train")) + len(plan.rows("val")) + len(plan.rows("test"))
    ('not measured', 60)
    """

    identity: str
    task: str
    classes: tuple[str, ...]
    items: tuple[PlanItem, ...]
    samples: pa.Table
    seed: int = 0
    seconds: float = 0.0
    budget: float = 0.0
    version: str = ""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.samples.schema.equals(SAMPLES_SCHEMA):
            raise PlanError(
                f"expected the samples of a plan with columns {SAMPLES_SCHEMA.names}, found {self.samples.schema.names}"
            )

    def __len__(self) -> int:
        return int(self.samples.num_rows)

    def by_kind(self, kind: str) -> tuple[PlanItem, ...]:
        """Return the items of one kind, in their order."""
        return tuple(item for item in self.items if item.kind == kind)

    def item(self, kind: str, name: str | None = None) -> PlanItem:
        """Return the first item of a kind, or the one of that name.

        Raises
        ------
        PlanError
            When the plan has none.
        """
        found = self.by_kind(kind)
        if name is not None:
            found = tuple(item for item in found if item.name == name)
        if not found:
            known = sorted({one.name for one in self.by_kind(kind)} if name else {one.kind for one in self.items})
            wanted = kind if name is None else name
            raise PlanError(
                f"the plan has no {kind} item{'' if name is None else f' {name!r}'}; it has {known}"
                f"{did_you_mean(wanted, known)}"
            )
        return found[0]

    def verdict(self, kind: str, name: str | None = None) -> str:
        """Return the verdict of the first item of a kind, or of the one of that name."""
        return self.item(kind, name).verdict

    @property
    def strategy(self) -> str:
        """The recommended rebalancing, ``none`` where none helps."""
        used = [item.name for item in self.by_kind("rebalance") if item.verdict == "use"]
        return used[0] if used else "none"

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The planned splits that occur."""
        from datacheck.fingerprints.states import ordered_splits

        return ordered_splits({name for name in self.samples["planned_split"].to_pylist() if name is not None})

    @property
    def train_split(self) -> str:
        """The split to train on: ``train``, or the largest where none is called so."""
        if "train" in self.splits or not self.splits:
            return "train"
        return max(self.splits, key=lambda name: int(pc.sum(pc.equal(self.samples["planned_split"], name)).as_py()))

    def rows(self, split: str, *, repaired: bool = True, drop: bool = True) -> NDArray[np.int64]:
        """Return the rows of a split in the order of the manifest, without those that the plan drops.

        Parameters
        ----------
        split
            A planned split; one that came with the data when ``repaired`` is False.
        repaired, drop
            Whether to follow the plan in these two points.

        Raises
        ------
        PlanError
            When there is no such split.
        """
        column = self.samples["planned_split" if repaired else "split"]
        inside = pc.fill_null(pc.equal(column, split), False).to_numpy(zero_copy_only=False)
        if not inside.any():
            known = sorted({name for name in column.to_pylist() if name is not None})
            raise PlanError(f"the plan has no split {split!r}, expected one of {known}{did_you_mean(split, known)}")
        if drop:
            inside &= pc.not_equal(self.samples["action"], "drop").to_numpy(zero_copy_only=False)
        return np.flatnonzero(inside)

    def weights(self, split: str | None = None) -> NDArray[np.float64]:
        """Return the sampling weight of each row of `rows`; shape [R]."""
        return np.asarray(self.samples["weight"].to_numpy())[self.rows(split or self.train_split)]

    def check(self, dataset: Manifest | Fingerprint) -> None:
        """Raise a `PlanError` unless the plan was made for this dataset.

        A fingerprint is compared by its identity, a manifest by its sample ids and labels.
        """
        from datacheck.plan.check import check_dataset

        check_dataset(self, dataset)

    def class_code(self, label: str | int) -> int:
        """Return the code of a class, given by its name or its code.

        Raises
        ------
        PlanError
            When the plan does not know it.
        """
        if isinstance(label, str):
            if label not in self.classes:
                raise PlanError(
                    f"the plan knows no class {label!r}, expected one of {list(self.classes[:20])}"
                    f"{did_you_mean(label, self.classes)}"
                )
            return self.classes.index(label)
        if not 0 <= int(label) < len(self.classes):
            raise PlanError(f"expected a class code from 0 to {len(self.classes) - 1}, found {int(label)}")
        return int(label)

    def save(self, folder: str | Path) -> None:
        """Write ``plan.json`` and ``sample_weights.parquet`` into a folder."""
        folder = Path(folder)
        write_table(
            folder / "sample_weights.parquet",
            self.samples,
            {"schema": f"{SCHEMA}.samples", "version": VERSION, "identity": self.identity},
        )
        write_json(folder / "plan.json", self.to_json())

    @classmethod
    def load(cls, folder: str | Path) -> TrainingPlan:
        """Read a plan from a run folder (or from its ``plan.json``); needs no audit, no source, no torch.

        Raises
        ------
        StorageError
            When a file is missing, damaged, of a newer version, or the two belong to different plans.
        """
        folder = Path(folder)
        folder = folder.parent if folder.name == "plan.json" else folder
        value = read_json(folder / "plan.json", schema=SCHEMA, version=VERSION)
        table, metadata = read_table(folder / "sample_weights.parquet", what="the samples of a plan")
        where = folder / "sample_weights.parquet"
        check_version(metadata.get("version"), VERSION, what="the samples of a plan", where=where)
        try:
            plan = cls(
                identity=value["identity"],
                task=value["task"],
                classes=tuple(value["classes"]),
                items=tuple(PlanItem.from_json(item) for item in value["items"]),
                samples=table.replace_schema_metadata(None).cast(SAMPLES_SCHEMA),
                seed=value["seed"],
                seconds=value["seconds"],
                budget=value["budget"],
                version=value["datacheck"],
                notes=tuple(value["notes"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise StorageError(f"{folder} holds no whole plan: {type(error).__name__}: {error}") from error
        if metadata.get("identity") != plan.identity or len(plan) != value["n_samples"]:
            raise StorageError(
                f"expected {where} for the dataset {plan.identity} ({value['n_samples']} samples) as in plan.json, "
                f"found {metadata.get('identity')} ({len(plan)} samples): the two files are of different plans"
            )
        return plan

    def to_json(self) -> dict[str, Any]:
        """Return ``plan.json``: everything but the table of samples."""
        return {
            "schema": SCHEMA,
            "version": VERSION,
            "datacheck": self.version,
            "identity": self.identity,
            "task": self.task,
            "n_samples": len(self),
            "classes": list(self.classes),
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "budget": self.budget,
            "notes": list(self.notes),
            "items": [item.to_json() for item in self.items],
        }

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the published JSON Schema of ``plan.json``."""
        import json

        text = files("datacheck.plan").joinpath("plan.schema.json").read_text(encoding="utf-8")
        return cast("dict[str, Any]", json.loads(text))

    def to_text(self, *, width: int = 100, verbose: bool = False) -> str:
        """Return the plan as plain text, what to do first, no line wider than ``width``."""
        from datacheck.plan.show import plan_text

        return plan_text(self, width=width, verbose=verbose)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from datacheck.plan.show import plan_html

        return plan_html(self)

    def sampler(self, split: str | None = None, *, seed: int | None = None, n_draws: int | None = None) -> Sampler[int]:
        """Return a torch sampler over positions in `rows` of a split; plain shuffling where none was recommended."""
        return cast("Sampler[int]", _torch().make_sampler(self, split, seed=seed, n_draws=n_draws))

    def loss_weights(self) -> Tensor:
        """Return the class weights for the loss as a torch tensor, ones where none was recommended; shape [K]."""
        return cast("Tensor", _torch().loss_weights(self))

    def logit_adjustment(self) -> Tensor:
        """Return what is added to the logits in the training loss, zeros where none was recommended; shape [K]."""
        return cast("Tensor", _torch().logit_adjustment(self))

    def loss(self, *, label_smoothing: float = 0.0) -> nn.Module:
        """Return the cross-entropy with the plan's class weights and logit adjustment."""
        return cast("nn.Module", _torch().make_loss(self, label_smoothing=label_smoothing))

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

    def subset(self, split: str, dataset: Dataset[Any] | Sequence[Any], **options: Any) -> PlannedSubset:
        """Return a split of a map-style dataset in the manifest's order, transformed as the plan says.

        Options are those of `datacheck.plan.torch.PlannedSubset`.
        """
        return cast("PlannedSubset", _torch().PlannedSubset(self, split, dataset, **options))


def _torch() -> Any:
    for module in ("torch", "torchvision"):
        require(module, extra="probe", purpose="a plan's torch objects")
    import datacheck.plan.torch

    return datacheck.plan.torch
