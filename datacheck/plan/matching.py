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
from datacheck.text import listed, plural

PATH_LISTS = ("_image_files", "_images", "image_paths", "paths")
"""Where torchvision's datasets and many others keep the path of each item."""

PAIR_LISTS = ("samples", "imgs")
"""Where ``ImageFolder`` and its like keep the path and the label of each item."""

LABEL_LISTS = ("targets", "labels", "_labels")
"""Where datasets keep the label of each item."""

SIZES_CHECKED = 64
"""Files whose size is compared with the plan's: another dataset of the same names fails at nearly every one."""


@dataclass(frozen=True)
class Matched:
    """The items of a dataset among the samples of a plan.

    Attributes
    ----------
    rows
        The row of the plan that each item is; shape [M].
    labels_checked
        Whether the labels of all items were compared.
    """

    rows: NDArray[np.int64]
    labels_checked: bool


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
    n_items = len(dataset)
    given = None if paths is None else [os.fspath(path) for path in paths]
    if given is not None and len(given) != n_items:
        raise PlanError(f"paths: expected the path of each of the dataset's {n_items:,} items, found {len(given):,}")
    found = paths_of(dataset) if given is None else given
    if found is not None:
        rows = _by_path(plan, found)
        if given is None:
            _check_sizes(plan, rows, found)
    else:
        rows = _by_place(plan, n_items)
    labels = labels_of(dataset)
    if labels is not None:
        _check_labels(plan, rows, labels)
    return Matched(rows, labels is not None)


def paths_of(dataset: Any) -> list[str] | None:
    """Return the path of each item; None where the dataset does not say."""
    if isinstance(dataset, Sequence):
        return None
    if hasattr(dataset, "dataset") and hasattr(dataset, "indices"):
        whole = paths_of(dataset.dataset)
        return None if whole is None else [whole[index] for index in dataset.indices]
    if isinstance(getattr(dataset, "datasets", None), list):
        parts = [paths_of(part) for part in dataset.datasets]
        return None if None in parts else [path for part in parts for path in part or ()]
    for name in PAIR_LISTS:
        pairs = getattr(dataset, name, None)
        if isinstance(pairs, list) and len(pairs) == len(dataset) and all(_is_pair(pair) for pair in pairs):
            return [os.fspath(path) for path, _ in pairs]
    for name in PATH_LISTS:
        files = getattr(dataset, name, None)
        if (
            isinstance(files, list)
            and len(files) == len(dataset)
            and all(isinstance(f, str | os.PathLike) for f in files)
        ):
            return [os.fspath(path) for path in files]
    return None


def labels_of(dataset: Any) -> list[str | int] | None:
    """Return the class of each item without loading it, by name where the dataset names its classes; None otherwise."""
    if isinstance(dataset, Sequence):
        return None
    if hasattr(dataset, "dataset") and hasattr(dataset, "indices"):
        whole = labels_of(dataset.dataset)
        return None if whole is None else [whole[index] for index in dataset.indices]
    if isinstance(getattr(dataset, "datasets", None), list):
        parts = [labels_of(part) for part in dataset.datasets]
        return None if None in parts else [label for part in parts for label in part or ()]
    names = class_names(dataset)
    for name in (*LABEL_LISTS, *PAIR_LISTS):
        values = getattr(dataset, name, None)
        if values is None or callable(values) or not hasattr(values, "__len__") or len(values) != len(dataset):
            continue
        values = values.tolist() if hasattr(values, "tolist") else list(values)
        if name in PAIR_LISTS:
            values = [pair[1] if _is_pair(pair) else None for pair in values]
        if all(isinstance(value, str | int) and not isinstance(value, bool) for value in values):
            return [label_name(value, names) for value in values]
    return None


def class_names(dataset: Any) -> tuple[str, ...] | None:
    """Return the names of a dataset's classes, in the order of its codes; None where it does not say.

    Raises
    ------
    PlanError
        When the parts of a ``ConcatDataset`` number their classes differently.
    """
    if isinstance(getattr(dataset, "datasets", None), list):
        parts = {class_names(part) for part in dataset.datasets}
        if len(parts) > 1:
            raise PlanError(
                "the joined datasets have different class numbers, so that one code means several classes: "
                "use plan.subset(...), which numbers the classes as the plan does"
            )
        return next(iter(parts), None)
    if hasattr(dataset, "dataset") and hasattr(dataset, "indices"):
        return class_names(dataset.dataset)
    index = getattr(dataset, "class_to_idx", None)
    if isinstance(index, Mapping) and sorted(index.values()) == list(range(len(index))):
        return tuple(str(name) for name, _ in sorted(index.items(), key=lambda item: item[1]))
    classes = getattr(dataset, "classes", None)
    return tuple(map(str, classes)) if isinstance(classes, list | tuple) and classes else None


def label_name(value: str | int, names: Sequence[str] | None) -> str | int:
    """Return the name of a class where its code is known, else the value as it is."""
    if isinstance(value, int) and names is not None and 0 <= value < len(names):
        return names[value]
    return value


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str | os.PathLike)


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
    rows = np.array(max(attempts, key=lambda found: len(found) - found.count(-1)), dtype=np.int64)
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


def _check_labels(plan: PlanRecord, rows: NDArray[np.int64], labels: Sequence[str | int]) -> None:
    planned = plan.samples["label"].take(pa.array(rows)).to_pylist()
    pairs = enumerate(zip(planned, labels, strict=True))
    wrong = [(item, one, other) for item, (one, other) in pairs if one is not None and not same_label(plan, one, other)]
    if wrong:
        item, one, other = wrong[0]
        name = plan.samples["sample_id"][int(rows[item])].as_py()
        raise PlanError(
            f"sample {name!r} is {one!r} in the plan and {other!r} in the dataset ({len(wrong):,} of "
            f"{plural(len(rows), 'label')} differ): the order or the labels have changed since the plan was made"
        )


def same_label(plan: PlanRecord, planned: str, found: str | int) -> bool:
    """Return whether a label of the dataset, a name or a code of the plan's, is the planned one."""
    if isinstance(found, int):
        return 0 <= found < len(plan.classes) and plan.classes[found] == planned
    return found == planned


def class_order(plan: PlanRecord, dataset: Any) -> tuple[str, ...]:
    """Return the classes in the order of the dataset's codes.

    Raises
    ------
    PlanError
        When the dataset does not name its classes, or has one that the plan does not know.
    """
    names = class_names(dataset)
    if names is None:
        raise PlanError(
            f"expected a dataset that names its classes (.classes or .class_to_idx), found {type(dataset).__name__}: "
            "use plan.subset(...), or plan.loss() with the codes of plan.classes"
        )
    unknown = [name for name in names if name not in plan.classes]
    if unknown:
        raise PlanError(
            f"the plan knows no class {listed(unknown)}, expected among {list(plan.classes[:20])}"
            f"{did_you_mean(unknown[0], plan.classes)}"
        )
    return names
