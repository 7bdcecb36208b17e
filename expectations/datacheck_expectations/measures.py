"""What expectations are judged by: pure functions from a contract frame to numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datacheck.errors import ContractError, did_you_mean
from datacheck.stats import Moments

ALL = "all"
"""Stands for the whole dataset where a split is asked for."""

MAX_NAMED = 20
"""A result names at most this many samples."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class ClassTable:
    """How many labels each class has in each split.

    Attributes
    ----------
    splits, classes
        Names that occur or are declared.
    counts
        Int64, shape [S, K].
    labelled, rows
        Labelled rows and all rows of each split, int64, shape [S].
    unsplit
        Counts [K], labelled rows and rows outside every split.
    """

    splits: tuple[str, ...]
    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    labelled: NDArray[np.int64]
    rows: NDArray[np.int64]
    unsplit: tuple[NDArray[np.int64], int, int]

    def of(self, split: str) -> tuple[dict[str, int], int, int]:
        """Return labels by class, labelled rows and rows, of one split or of `ALL`; zeros for a split not there."""
        if split == ALL:
            counts = self.counts.sum(axis=0) + self.unsplit[0]
            labelled, rows = int(self.labelled.sum()) + self.unsplit[1], int(self.rows.sum()) + self.unsplit[2]
        elif split in self.splits:
            at = self.splits.index(split)
            counts, labelled, rows = self.counts[at], int(self.labelled[at]), int(self.rows[at])
        else:
            counts, labelled, rows = np.zeros(len(self.classes), np.int64), 0, 0
        return dict(zip(self.classes, counts.tolist(), strict=True)), labelled, rows


@dataclass(frozen=True)
class Repeats:
    """Rows that share something with others.

    Attributes
    ----------
    n, total
        How many rows are affected, of how many.
    sample_ids
        Up to `MAX_NAMED` of them.
    examples
        Rows for a table: JSON-safe.
    """

    n: int
    total: int
    sample_ids: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Values:
    """The finite values of a column, shape [n], and how many rows there were."""

    values: NDArray[np.float64]
    rows: int


@dataclass(frozen=True)
class Words:
    """How often each word of a column occurs; ``missing`` rows have none."""

    counts: Mapping[str, int]
    missing: int = 0
    examples: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many rows have a word."""
        return sum(self.counts.values())


def need(frame: pd.DataFrame, *columns: str) -> None:
    """Raise a `ContractError` when a column is not there."""
    for name in columns:
        if name not in frame.columns:
            known = [str(column) for column in frame.columns]
            raise ContractError(
                f"expected a column {name!r}, found {', '.join(known)}{did_you_mean(name, known)}; "
                f"{_REMEDIES.get(name, 'add it to the dataset, or take the expectation out of the contract')}"
            )


_SCAN = "scan the images (without --no-pixels)"
_PROBE = "probe the dataset: check with --probe, or give contract_frame the probe's outputs"
_REMEDIES = dict.fromkeys(("label_quality", "label_error_rate"), _PROBE) | dict.fromkeys(
    ("readable", "width", "brightness", "content_cluster", "near_cluster", "mode", "format"), _SCAN
)


def codes_of(column: pd.Series[Any]) -> tuple[Rows, list[str]]:
    """Return the code of each row (-1 for null), shape [N], and the names that the codes stand for."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype("category")
    names = [str(name) for name in column.cat.categories]
    return column.cat.codes.to_numpy().astype(np.int64), names


def split_table(frame: pd.DataFrame) -> ClassTable:
    """Count the rows of each split, whatever their labels are."""
    need(frame, "split")
    unlabelled = pd.Categorical([None] * len(frame), categories=["any"])
    return class_table(frame[["split"]].assign(label=unlabelled))


def class_table(frame: pd.DataFrame) -> ClassTable:
    """Count the classes of the columns ``label`` or ``labels`` by ``split``.

    Examples
    --------
    >>> frame = pd.DataFrame({"label": ["a", "b", "a"], "split": ["train", "train", "test"]})
    >>> class_table(frame).of("train")
    ({'a': 1, 'b': 1}, 2, 2)
    """
    n_rows = len(frame)
    split, splits = codes_of(frame["split"]) if "split" in frame.columns else (np.full(n_rows, -1, np.int64), [])
    if "label" in frame.columns:
        label, classes = codes_of(frame["label"])
        row = np.arange(n_rows)
        labelled = label >= 0
    else:
        need(frame, "labels")
        row, label, classes, labelled = _exploded(frame["labels"])
    s, k = len(splits) + 1, len(classes) + 1
    cells = np.where(split[row] >= 0, split[row], s - 1) * k + np.where(label >= 0, label, k - 1)
    counts = np.bincount(cells, minlength=s * k).reshape(s, k)[:, :-1]
    place = np.where(split >= 0, split, s - 1)
    rows, known = np.bincount(place, minlength=s), np.bincount(place[labelled], minlength=s)
    return ClassTable(
        tuple(splits),
        tuple(classes),
        counts[:-1],
        known[:-1],
        rows[:-1],
        (counts[-1], int(known[-1]), int(rows[-1])),
    )


def _exploded(column: pd.Series[Any]) -> tuple[Rows, Rows, list[str], NDArray[np.bool_]]:
    """Return row number and class code of each label of a list column, the classes, and which rows have a list."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = pa.array(column, type=pa.list_(pa.string()), from_pandas=True)
    lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    flat = pc.dictionary_encode(pc.list_flatten(lists))
    rows = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), dtype=np.int64)
    codes = np.asarray(flat.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
    return rows, codes, flat.dictionary.to_pylist(), np.asarray(pc.is_valid(lists).to_numpy(zero_copy_only=False))


def in_split(frame: pd.DataFrame, split: str) -> NDArray[np.bool_]:
    """Return which rows are of a split, or all rows for `ALL`; shape [N]."""
    if split == ALL:
        return np.ones(len(frame), dtype=bool)
    need(frame, "split")
    codes, names = codes_of(frame["split"])
    return codes == names.index(split) if split in names else np.zeros(len(frame), dtype=bool)


def numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a numeric column as float64 with NaN where there is none; shape [N]."""
    need(frame, column)
    try:
        return np.asarray(frame[column].to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise ContractError(f"column {column!r}: expected numbers, found {frame[column].dtype}") from error


def values_of(frame: pd.DataFrame, column: str, split: str) -> Values:
    """Return the finite values of a column in a split."""
    kept = in_split(frame, split)
    found = numbers(frame, column)[kept]
    return Values(found[np.isfinite(found)], int(kept.sum()))


def moments_by_class(frame: pd.DataFrame, column: str) -> dict[str, Moments]:
    """Return the moments of a column by class."""
    need(frame, "label")
    codes, names = codes_of(frame["label"])
    moments = Moments.grouped(numbers(frame, column), codes, len(names))
    return {name: moments.take(k) for k, name in enumerate(names)}


def moments_by_split(frame: pd.DataFrame, column: str) -> dict[str, Moments]:
    """Return the moments of a column by split, and of the whole dataset under `ALL`."""
    values = numbers(frame, column)
    found = {ALL: Moments.empty().update(values)}
    if "split" in frame.columns:
        codes, names = codes_of(frame["split"])
        moments = Moments.grouped(values, codes, len(names))
        found |= {name: moments.take(k) for k, name in enumerate(names)}
    return found


def words_of(frame: pd.DataFrame, column: str) -> Words:
    """Count the words of a column, and name a sample for each rare one."""
    if column == "label" and "label" not in frame.columns and "labels" in frame.columns:
        rows, codes, names, known = _exploded(frame["labels"])
        missing = int((~known).sum())
    else:
        need(frame, column)
        codes, names = codes_of(frame[column])
        rows, missing = np.arange(len(frame)), int((codes < 0).sum())
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    rare = [k for k in np.argsort(counts, kind="stable").tolist() if counts[k]][:MAX_NAMED]
    first = {names[k]: named(frame, rows[np.flatnonzero(codes == k)[:1]])[0] for k in rare}
    return Words({names[k]: int(counts[k]) for k in range(len(names)) if counts[k]}, missing, first)


def named(frame: pd.DataFrame, rows: Rows | Sequence[int]) -> tuple[str, ...]:
    """Return the sample ids of rows, or their numbers where the frame has no ids."""
    if "sample_id" not in frame.columns:
        return tuple(f"row {row}" for row in rows)
    return tuple(str(name) for name in frame["sample_id"].iloc[np.asarray(rows, dtype=np.int64)])


def unreadable(frame: pd.DataFrame) -> Repeats:
    """Return the rows whose image could not be read, with the reasons."""
    need(frame, "readable")
    rows = np.flatnonzero(~frame["readable"].to_numpy(dtype=bool))
    reasons = (
        frame["error"].astype(object).iloc[rows].tolist() if "error" in frame.columns else ["unreadable"] * len(rows)
    )
    examples = tuple(
        {"sample": name, "reason": str(reason)}
        for name, reason in zip(named(frame, rows[:MAX_NAMED]), reasons[:MAX_NAMED], strict=True)
    )
    return Repeats(len(rows), len(frame), named(frame, rows[:MAX_NAMED]), examples)


@dataclass(frozen=True)
class Ranked:
    """Finite values of all samples, shape [n], and the names of the lowest."""

    values: NDArray[np.float64]
    lowest: tuple[tuple[str, float], ...]


def label_quality(frame: pd.DataFrame) -> Ranked:
    """Return the label quality of the probed samples, and the worst of them."""
    found = numbers(frame, "label_quality")
    known = np.flatnonzero(np.isfinite(found))
    worst = known[np.argsort(found[known], kind="stable")[:MAX_NAMED]]
    return Ranked(found[known], tuple(zip(named(frame, worst), found[worst].tolist(), strict=True)))


def label_error_rate(frame: pd.DataFrame) -> tuple[float, float, float]:
    """Return the probe's estimate of the share of wrong labels, with the ends of its interval."""
    columns = ("label_error_rate", "label_error_rate_low", "label_error_rate_high")
    need(frame, *columns)
    value, low, high = (float(numbers(frame, name)[0]) for name in columns)
    return value, low, high
