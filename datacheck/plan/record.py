"""What a training plan stores: its items and a row for each sample; read and written without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.checked import checked
from datacheck.errors import PlanError, StorageError, did_you_mean
from datacheck.manifest.manifest import STANDARD_SPLITS
from datacheck.plan.items import PlanItem
from datacheck.scanning.working_copy import local_copy
from datacheck.storage import check_version, read_json, read_table, reading, write_json, write_table

SCHEMA = "datacheck.plan"
VERSION = 1
"""Version of ``plan.json`` and ``sample_weights.parquet``."""

SAMPLES_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("uri", pa.string()),
        pa.field("byte_size", pa.int64()),
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
"""Columns of ``sample_weights.parquet``, one row for each sample in the order of the manifest.

``uri`` is the sample's file and ``byte_size`` its size; null for samples in memory and for what was not scanned.
``split`` came with the data, ``planned_split`` is the repaired one. ``weight`` is how often the sampler draws the
sample relative to the others (1 everywhere where no sampling was recommended, 0 outside the training split). ``action``
is ``keep``, ``drop`` or ``relabel``, with the ``suggested`` label, its ``confidence`` and the ``reason``; nothing is
ever deleted. ``label_next`` ranks the unlabelled samples by how much labelling them is worth, from 0.
"""


def main_split(splits: Sequence[str], sizes: Sequence[int]) -> str:
    """Return the split to train on: ``train``, or the largest where none is called so.

    Examples
    --------
    >>> main_split(("a", "b"), (1, 2)), main_split(("test", "train"), (9, 1))
    ('b', 'train')
    """
    if "train" in splits or not splits:
        return "train"
    return max(zip(sizes, splits, strict=True), key=lambda pair: pair[0])[1]


@dataclass(frozen=True, eq=False)
class PlanRecord:
    """The stored part of a `TrainingPlan`, which has the same attributes."""

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
    thumbnails: Path | None = field(default=None, repr=False, compare=False)

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
    def rebalancing(self) -> PlanItem | None:
        """The recommended way of rebalancing, None where none helps."""
        return next((item for item in self.by_kind("rebalance") if item.verdict == "use"), None)

    @property
    def strategy(self) -> str:
        """The name of the recommended way of rebalancing, ``none`` where none helps."""
        used = self.rebalancing
        return "none" if used is None else used.name

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """The planned splits that occur: train, val, test, then the others by name."""
        found = {name for name in pc.unique(self.samples["planned_split"]).to_pylist() if name is not None}
        others = sorted(found - set(STANDARD_SPLITS))
        return (*(name for name in STANDARD_SPLITS if name in found), *others)

    @cached_property
    def train_split(self) -> str:
        """The split to train on: ``train``, or the largest where none is called so."""
        column = self.samples["planned_split"]
        return main_split(self.splits, [pc.sum(pc.equal(column, name)).as_py() for name in self.splits])

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

    def doubted(self) -> dict[str, str | None]:
        """Return the samples whose labels the plan wants checked, by id, and what the probe suggests, where it does."""
        table = self.samples.filter(pc.equal(self.samples["action"], "relabel"))
        return dict(zip(table["sample_id"].to_pylist(), table["suggested"].to_pylist(), strict=True))

    def answers(self, folder: str | Path) -> dict[str, str]:
        """Return the labels that people decided on, by sample id; from ``relabels.parquet`` of a run folder, if any.

        Raises
        ------
        StorageError
            When the file is damaged, or belongs to another dataset.
        """
        path = Path(folder) / "relabels.parquet"
        if not path.exists():
            return {}
        table, metadata = read_table(path, what="the decisions about labels")
        if (metadata.get("identity") or self.identity) != self.identity:
            raise StorageError(f"expected decisions about the dataset {self.identity} in {path}, found "
                               f"{metadata['identity']}: they are about another dataset")  # fmt: skip
        with reading(path, "decisions about labels", "apply them again with datacheck relabel apply"):
            decided = table.filter(pc.equal(table["decision"], "label"))
            return dict(zip(decided["sample_id"].to_pylist(), decided["new"].to_pylist(), strict=True))

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
    def load(cls, folder: str | Path) -> Self:
        """Read a plan from a run folder (or from its ``plan.json``); needs no audit, no source, no torch.

        Raises
        ------
        StorageError
            When a file is missing, damaged, of a newer version, or the two belong to different plans.
        """
        folder = Path(folder)
        folder = local_copy(folder.parent if folder.name == "plan.json" else folder)
        value = read_json(folder / "plan.json", schema=SCHEMA, version=VERSION)
        table, metadata = read_table(folder / "sample_weights.parquet", what="the samples of a plan")
        where = folder / "sample_weights.parquet"
        check_version(metadata.get("version"), VERSION, what="the samples of a plan", where=where)
        with reading(folder / "plan.json", "a plan", "make it again with datacheck plan"):
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
                thumbnails=folder,
            )
            n_samples = int(value["n_samples"])
            checked(plan, folder / "plan.json")
        if metadata.get("identity") != plan.identity or len(plan) != n_samples:
            raise StorageError(
                f"expected {where} for the dataset {plan.identity} ({n_samples} samples) as in plan.json, "
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
        text = files("datacheck.plan").joinpath("plan.schema.json").read_text(encoding="utf-8")
        return cast("dict[str, Any]", json.loads(text))
