"""What the columns of a contract frame hold: names, numbers, and the rows that a measure is about."""

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
class Affected:
    """The rows that a measure counts: unreadable ones, copies, leaks.

    Attributes
    ----------
    n, total
        How many rows were counted, of how many.
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
_REMEDIES["row_cluster"] = (
    "the features of these rows have too little detail to tell copies from chance: check more rows at once, or take "
    "the expectation out of the contract"
)
_REMEDIES["guideline_changed"] = "give the accepted data: check with --accepted-data, or accepted_data="


def codes_of(column: pd.Series[Any]) -> tuple[Rows, list[str]]:
    """Return the code of each row (-1 for null), shape [N], and the names that the codes stand for."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype("category")
    names = [str(name) for name in column.cat.categories]
    return column.cat.codes.to_numpy().astype(np.int64), names


def label_entries(column: pd.Series[Any]) -> tuple[Rows, Rows, list[str], NDArray[np.bool_]]:
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
        rows, codes, names, known = label_entries(frame["labels"])
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
