"""Which sample of the plan each item of a dataset is: by its file or its sample id, never by its place alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import PlanError, did_you_mean
from datacheck.plan.record import PlanRecord
from datacheck.sources.dataset_lists import class_name, lists_of
from datacheck.text import listed, plural

SIZES_CHECKED = 64
"""Files whose size is compared with the plan's: another dataset of the same names fails at nearly every one."""


@dataclass(frozen=True)
class Matched:
    """The items of a dataset among the samples of a plan.

    Attributes
    ----------
    rows
        The row of the plan that each item is; shape [M].
    classes
        The class names in the order of the dataset's codes, where it names them.
    labels_checked
        Whether the labels of all items were compared.
    """

    rows: NDArray[np.int64]
    classes: tuple[str, ...] | None
    labels_checked: bool


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
    """Find each item of a map-style dataset among the samples of a plan.

    Parameters
    ----------
    plan
        Names its samples by file or by sample id.
    dataset
        One with the paths of its files (``ImageFolder`` and its like), a ``Subset`` or a ``ConcatDataset`` of such, or
        any other with ``paths``. Only samples that are named by their place alone (arrays, lists) are matched by place.
    paths
        The path of each item, or its sample id where samples are no files.

    Raises
    ------
    PlanError
        When items cannot be identified, are unknown to the plan or occur twice, or when labels or file sizes differ.
    """
    n_items, lists = len(dataset), lists_of(dataset)
    given = None if paths is None else [os.fspath(path) for path in paths]
    if given is not None and len(given) != n_items:
        raise PlanError(f"paths: expected the path of each of the dataset's {n_items:,} items, found {len(given):,}")
    if given is not None:
        rows = _by_path(plan, given)
    elif lists.paths is not None:
        rows = _by_path(plan, lists.paths)
        _check_sizes(plan, rows, lists.paths)
    else:
        rows = _by_place(plan, n_items)
    labels = lists.named()
    if labels is not None:
        _check_labels(plan, rows, labels)
    return Matched(rows, lists.classes, labels is not None)


def _name(plan: PlanRecord, row: np.integer[Any] | int) -> str:
    return str(plan.samples["sample_id"][int(row)])


def _by_path(plan: PlanRecord, paths: Sequence[str]) -> NDArray[np.int64]:
    """Return the row of each path: an id of the plan, or a file below one folder that all ids are relative to."""
    names = [_normal(name) for name in pc.coalesce(plan.samples["uri"], plan.samples["sample_id"]).to_pylist()]
    row_of = dict(zip(names, range(len(names)), strict=True))
    attempts = [[row_of.get(_normal(path), -1) for path in paths]]
    if -1 in attempts[0]:
        whole = [_normal(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - must not follow links
        attempts[0] = [row_of.get(path, row) for path, row in zip(whole, attempts[0], strict=True)]
        attempts += [
            [row_of.get(path.removeprefix(root), -1) if path.startswith(root) else -1 for path in whole]
            for root in _roots(whole, row_of)
        ]
    complete = [found for found in attempts if -1 not in found]
    if len(complete) > 1:
        raise PlanError(
            f"{paths[0]!r} can be {' or '.join(repr(names[found[0]]) for found in complete)} of the plan: give paths= "
            "as the plan names them"
        )
    rows = np.array(min(attempts, key=lambda found: found.count(-1)), dtype=np.int64)
    unknown = np.flatnonzero(rows < 0)
    if len(unknown):
        raise PlanError(
            f"{len(unknown):,} of {plural(len(paths), 'item')} are unknown to the plan, such as "
            f"{paths[unknown[0]]!r}; it knows samples such as {names[0]!r}: make the plan again for this dataset, "
            "or give paths= as the plan names them"
        )
    counts = np.bincount(rows, minlength=1)
    if counts.max(initial=0) > 1:
        twice = int(counts.argmax())
        raise PlanError(
            f"{plural(int((counts > 1).sum()), 'file')} of the plan occur more than once in the dataset, such as "
            f"{names[twice]!r}: give each file once"
        )
    return rows


def _roots(paths: Sequence[str], row_of: Mapping[str, int]) -> list[str]:
    """Return the folders that the plan's ids may be relative to, judged by the first path below one, deepest last."""
    depths = sorted({name.count("/") + 1 for name in row_of}, reverse=True)
    for path in paths:
        parts = path.split("/")
        roots = ["/".join(parts[:-depth]) + "/" for depth in depths if "/".join(parts[-depth:]) in row_of]
        if roots:
            return roots
    return []


def _normal(path: str) -> str:
    return Path(path).as_posix()


def _by_place(plan: PlanRecord, n_items: int) -> NDArray[np.int64]:
    """Return the rows in their order, where the plan names its samples by their place alone."""
    ids = plan.samples["sample_id"].to_pylist()
    named = plan.samples["uri"].null_count < len(plan)
    if named or not all(name.isdigit() and int(name) == row for row, name in enumerate(ids)):
        what = "file" if named else "sample"
        example = pc.coalesce(plan.samples["uri"], plan.samples["sample_id"])[0].as_py()
        raise PlanError(
            f"the plan names each sample by its {what}, such as {example!r}, and the dataset does not say which {what} "
            f"each item is: give paths=[...], the {'path' if named else 'sample_id'} of each item in its order"
        )
    if n_items != len(plan):
        raise PlanError(
            f"the plan was made for {plural(len(plan), 'sample')}, the dataset has {n_items:,}: "
            "give the dataset that the manifest was made from, in its order, or paths=[...], the sample_id of each item"
        )
    return np.arange(n_items)


def _check_sizes(plan: PlanRecord, rows: NDArray[np.int64], paths: Sequence[str]) -> None:
    """Raise a `PlanError` where files differ in size from those that were scanned."""
    sizes = plan.samples["byte_size"].to_pylist()
    for item in np.unique(np.linspace(0, len(rows) - 1, SIZES_CHECKED).astype(int)) if len(rows) else ():
        wanted = sizes[rows[item]]
        try:
            found = Path(paths[item]).stat().st_size
        except OSError:
            continue
        if wanted is not None and found != wanted:
            raise PlanError(
                f"{paths[item]!r} has {found:,} bytes, in the plan {wanted:,}: another dataset with files of the same "
                "names, or changed since; make the plan again, or give paths= if these are copies in another format"
            )


def _check_labels(plan: PlanRecord, rows: NDArray[np.int64], labels: Sequence[Any]) -> None:
    planned = plan.samples["label"].take(pa.array(rows)).to_pylist()
    wrong = [
        item
        for item, (one, other) in enumerate(zip(planned, labels, strict=True))
        if one is not None and class_name(other, plan.classes) != one
    ]
    if wrong:
        item = wrong[0]
        raise PlanError(
            f"sample {_name(plan, rows[item])!r} is {planned[item]!r} in the plan and {labels[item]!r} in the dataset "
            f"({len(wrong):,} of {plural(len(rows), 'label')} differ): the order or the labels have changed since the "
            "plan was made"
        )


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
