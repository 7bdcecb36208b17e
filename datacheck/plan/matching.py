"""Which sample of the plan each item of a dataset is: by its file or its sample id, never by its place alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import PlanError, did_you_mean
from datacheck.plan.record import PlanRecord
from datacheck.sources.dataset_lists import class_name, lists_of
from datacheck.sources.matching import KnownSamples, Matched, match_items
from datacheck.text import listed, plural


class Joined:
    """Several datasets one after the other, such as one for each split."""

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)
        self._ends = np.cumsum([len(part) for part in self.datasets])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, item: int) -> Any:
        part = int(np.searchsorted(self._ends, item, side="right"))
        return self.datasets[part][item - (int(self._ends[part - 1]) if part else 0)]


@dataclass(frozen=True)
class Located:
    """Samples of a plan and their places in a dataset.

    Attributes
    ----------
    dataset
        Where the samples are.
    rows, items
        For each sample its row in the plan and its place in the dataset; shape [R].
    labels
        The label of each sample.
    classes
        The class names in the order of the dataset's codes, where it names them.
    labels_checked
        Whether the labels of all items were compared.
    """

    dataset: Any
    rows: NDArray[np.int64]
    items: NDArray[np.int64]
    labels: list[str]
    classes: tuple[str, ...] | None
    labels_checked: bool


def locate(
    plan: PlanRecord, rows: NDArray[np.int64], dataset: Any, paths: Sequence[Any] | None, *, partial: bool = False
) -> Located:
    """Find rows of a plan in a dataset, or in a mapping of splits to datasets.

    Raises
    ------
    PlanError
        When the dataset does not fit (see `match_dataset`), or lacks rows and ``partial`` is not set.
    """
    dataset = Joined(list(dataset.values())) if isinstance(dataset, Mapping) else dataset
    matched = match_dataset(plan, dataset, paths)
    item_of = np.full(len(plan), -1, dtype=np.int64)
    item_of[matched.rows] = np.arange(len(matched.rows))
    missing = rows[item_of[rows] < 0]
    n_found = len(rows) - len(missing)
    if len(missing) and not (partial and n_found):
        rest = f", or go on with the other {n_found:,} (partial=True)" if n_found else ""
        raise PlanError(
            f"{len(missing):,} of the split's {plural(len(rows), 'sample')} are not in the dataset, such as "
            f"{_name(plan, missing[0])!r}: give the datasets of all splits, as a mapping such as "
            f"{{'train': ..., 'val': ...}} or as a ConcatDataset{rest}"
        )
    rows = rows[item_of[rows] >= 0]
    labels = plan.samples["label"].take(pa.array(rows)).to_pylist()
    if None in labels:
        raise PlanError(
            f"{plural(labels.count(None), 'sample')} of the split have no label, such as "
            f"{_name(plan, rows[labels.index(None)])!r}: they cannot be trained on; label them and make the plan "
            "again, or leave them out of the dataset (partial=True)"
        )
    return Located(dataset, rows, item_of[rows], labels, matched.classes, matched.labels_checked)


def match_dataset(plan: PlanRecord, dataset: Any, paths: Sequence[Any] | None = None) -> Matched:
    """Find each item of a map-style dataset among the samples of a plan; see `datacheck.sources.matching.match_items`.

    Raises
    ------
    PlanError
        When items cannot be identified, are unknown to the plan or occur twice, or when labels or file sizes differ.
    """
    known = KnownSamples(plan.samples, plan.classes, "plan", "was made", "make the plan again", PlanError)
    return match_items(known, dataset, paths)


def _name(plan: PlanRecord, row: np.integer[Any] | int) -> str:
    return str(plan.samples["sample_id"][int(row)])


def check_label(plan: PlanRecord, located: Located, position: int, found: Any) -> None:
    """Raise a `PlanError` where the label that comes with an item is not the plan's; other values pass."""
    found = found.item() if hasattr(found, "item") and getattr(found, "ndim", 0) == 0 else found
    known = located.classes or plan.classes
    label = class_name(found, known)
    if isinstance(label, str | int) and label != located.labels[position]:
        raise PlanError(
            f"sample {_name(plan, located.rows[position])!r} is {located.labels[position]!r} in the plan and {label!r} "
            "in the dataset: its order or its labels have changed since the plan was made"
        )


def class_order(plan: PlanRecord, dataset: Any) -> tuple[str, ...]:
    """Return the classes in the order of the dataset's codes.

    Raises
    ------
    PlanError
        When the dataset does not name its classes, or has one that the plan does not know.
    """
    names = lists_of(dataset).classes
    if names is None:
        raise PlanError(
            f"{type(dataset).__name__} does not name its classes (.classes, .class_to_idx), or its parts number them "
            "differently: use plan.subset(...) and plan.loss(), whose codes are those of plan.classes"
        )
    unknown = [name for name in names if name not in plan.classes]
    if unknown:
        raise PlanError(
            f"the plan knows no class {listed(unknown)}, expected among {list(plan.classes[:20])}"
            f"{did_you_mean(unknown[0], plan.classes)}"
        )
    return names
