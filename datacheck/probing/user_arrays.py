"""Arrays of the user (``features``, ``pred_probs``), read from whatever holds them and matched to the samples by id.

Rows are matched by sample id where the user's object carries ids: a mapping, a table with a ``sample_id`` column, a
pandas index. A bare array is taken in the manifest's order. Columns are matched in `class_columns`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Task, natural_sorted
from datacheck.probing.class_columns import match_columns
from datacheck.text import clean, listed, plural

UserArray: TypeAlias = NDArray[Any] | Mapping[str, Any] | Any
"""An array in the manifest's order; or rows by sample id: a mapping, a table with ``sample_id``, a pandas object."""

ID_COLUMN = "sample_id"

SHOWN_NAMES = 3
"""File names that the note on the assumed order shows."""


@dataclass(frozen=True)
class UserRows:
    """What an object of the user holds.

    Attributes
    ----------
    values
        float32 [n, D].
    ids
        Sample id of each row; None where the object has none.
    columns
        Name of each column; None where the object has none.
    """

    values: NDArray[np.float32]
    ids: Sequence[Any] | None = None
    columns: tuple[str, ...] | None = None


def align(given: UserArray, manifest: Manifest, *, what: str) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return one row of numbers a sample in the manifest's order, NaN for samples that were not given; [N, D].

    Columns of ``pred_probs`` are put into the order of the classes where they have the names of the classes.

    Returns
    -------
    The numbers, and what was assumed or left out, one sentence each.

    Raises
    ------
    ProbeError
        When the rows or columns cannot be matched, or are no numbers.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"sample_id": ["a", "b"], "label": ["cat", "dog"]})
    >>> align({"b": [1.0, 2.0], "a": [3.0, 4.0]}, manifest, what="features")[0].tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    rows = _read(given, what, manifest.classes if what == "pred_probs" else ())
    notes: list[str] = []
    values = rows.values
    if what == "pred_probs" and rows.columns is not None and manifest.task in {Task.CLASSIFICATION, Task.MULTILABEL}:
        order, note = match_columns(rows.columns, manifest.classes)
        values = values[:, order]
        notes += [note] if note else []
    if rows.ids is None:
        if len(values) != len(manifest):
            raise ProbeError(
                f"{what}: expected {len(manifest):,} rows in the manifest's order (or rows by sample id), found "
                f"{len(values):,} rows of {values.shape[1]:,} numbers"
            )
        return values, (*notes, *_order_notes(manifest, what, named=rows.columns is not None))
    position = _positions(rows.ids, manifest, what)
    aligned = np.full((len(manifest), values.shape[1]), np.nan, dtype=np.float32)
    aligned[position] = values
    n_missing = len(manifest) - len(position)
    if n_missing:
        notes.append(f"{what} has no row for {plural(n_missing, 'sample')}: they are not judged")
    return aligned, tuple(notes)


def _read(given: UserArray, what: str, classes: tuple[str, ...]) -> UserRows:
    """Return the rows, ids and column names of whatever object the user gave."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(given, pandas.Series | pandas.DataFrame):
        return _read_pandas(given, what, classes)
    if isinstance(given, Mapping):
        if ID_COLUMN in given and not isinstance(given[ID_COLUMN], str):
            return _read_table(pa.table(dict(given)), what, classes)
        return _read_mapping(given, what)
    if isinstance(given, pa.Table):
        return _read_table(given, what, classes)
    if hasattr(given, "column_names") and hasattr(given, "with_format"):  # a dataset of Hugging Face
        return _read_table(given.with_format("arrow")[:], what, classes)
    if hasattr(given, "__arrow_c_stream__"):  # polars, DuckDB and other tables
        return _read_table(pa.table(given), what, classes)
    return UserRows(_as_matrix(given, what))


def _as_matrix(given: Any, what: str) -> NDArray[np.float32]:
    try:
        values = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ProbeError(
            f"{what}: expected numbers in rows of one length, found {type(given).__name__} that numpy cannot convert "
            f"({clean(error)}); of a torch tensor give tensor.detach().cpu().numpy()"
        ) from None
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise ProbeError(f"{what}: expected shape [N, D], one row a sample, found {list(values.shape)}")
    return values


def _read_mapping(given: Mapping[Any, Any], what: str) -> UserRows:
    rows, columns = list(given.values()), None
    if rows and all(isinstance(row, Mapping) for row in rows):
        columns = tuple(str(name) for name in rows[0])
        if any(set(map(str, row)) != set(columns) for row in rows):
            raise ProbeError(f"{what}: expected the same names in each row, such as {listed(columns)}")
        rows = [[{str(key): value for key, value in row.items()}[name] for name in columns] for row in rows]
    try:
        values = np.stack([np.atleast_1d(np.asarray(row, dtype=np.float32)) for row in rows])
    except (TypeError, ValueError) as error:
        raise ProbeError(f"{what}: expected rows of numbers of one length, {clean(error)}") from None
    return UserRows(values, [str(name) for name in given], columns)


def _read_table(table: pa.Table, what: str, classes: tuple[str, ...]) -> UserRows:
    ids = table[ID_COLUMN].cast(pa.string()).to_pylist() if ID_COLUMN in table.column_names else None
    names = [name for name in table.column_names if name != ID_COLUMN]
    if set(classes) and set(classes) <= set(names):
        names = [name for name in names if name in classes]
    if not names:
        raise ProbeError(f"{what}: expected columns of numbers, found {list(table.column_names)}")
    columns = [_column(table[name], name, what) for name in names]
    values = np.concatenate(columns, axis=1)
    return UserRows(values, ids, tuple(names) if values.shape[1] == len(names) else None)


def _column(column: pa.ChunkedArray, name: str, what: str) -> NDArray[np.float32]:
    """Return a column of numbers [n, 1], or of lists of numbers of one length [n, D]."""
    kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _as_matrix(column.to_pylist(), f"{what}, column {name!r}")
    try:
        numbers = column.cast(pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise ProbeError(
            f"{what}: expected numbers in each column besides {ID_COLUMN!r}, found {kind} in {name!r}: leave it out"
        ) from None
    return np.asarray(numbers, dtype=np.float32)[:, None]


def _read_pandas(given: Any, what: str, classes: tuple[str, ...]) -> UserRows:
    index, n_rows = given.index, len(given)
    numbered = index.dtype.kind in "iu" and bool((np.asarray(index) == np.arange(n_rows)).all())
    if given.ndim == 1:
        rows = UserRows(_as_matrix(given.to_list(), what))
    else:
        frame = given.reset_index(drop=True).rename(columns=str)
        try:
            rows = _read_table(pa.Table.from_pandas(frame, preserve_index=False), what, classes)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ProbeError(f"{what}: expected a table of numbers, {clean(error)}") from None
    if rows.ids is not None or numbered:
        return rows
    return UserRows(rows.values, index.to_list(), rows.columns)


def _positions(ids: Sequence[Any], manifest: Manifest, what: str) -> NDArray[np.int64]:
    """Return the row of the manifest for each id, which is a sample id or the path of a sample's file."""
    known = manifest.sample_ids.combine_chunks()
    words = pa.array([str(one) for one in ids], pa.string())
    position = pc.index_in(words, value_set=known)
    if position.null_count:
        position = pc.coalesce(position, pc.index_in(_below_root(words, manifest), value_set=known))
    if position.null_count:
        unknown = next(name for name, at in zip(ids, position.to_pylist(), strict=True) if at is None)
        raise ProbeError(
            f"{what}: {position.null_count:,} of {len(ids):,} sample ids are not in the manifest, such as "
            f"{unknown!r}; its sample ids look like {known[0].as_py()!r}. Give these ids, or rows in the manifest's "
            "order without ids (of a pandas table: reset_index(drop=True))"
        )
    rows: NDArray[np.int64] = position.to_numpy().astype(np.int64)
    n_repeated = len(rows) - len(np.unique(rows))
    if n_repeated:
        raise ProbeError(f"{what}: expected each sample id once, found {n_repeated:,} repeated")
    return rows


def _below_root(words: pa.Array, manifest: Manifest) -> pa.Array:
    """Return paths relative to the manifest's root, with forward slashes; other texts as they are."""
    roots = [] if manifest.root is None else [manifest.root, manifest.root.absolute(), manifest.root.resolve()]
    starts = ["./", *dict.fromkeys(f"{root.as_posix()}/" for root in roots)]
    found = []
    for word in words.to_pylist():
        path = word.replace("\\", "/")
        start = max((one for one in starts if path.startswith(one)), key=len, default="")
        found.append(path[len(start) :])
    return pa.array(found, pa.string())


def _order_notes(manifest: Manifest, what: str, *, named: bool) -> Iterator[str]:
    """Say which order of rows and columns was assumed, where sorting by number and as text differs."""
    if what == "pred_probs" and not named and _order_of(manifest.classes):
        yield (
            f"pred_probs has no column names, so its columns were taken in the order of the classes: "
            f"{listed(manifest.classes, SHOWN_NAMES)} ({_order_of(manifest.classes)})"
        )
    uris = [uri or "" for uri in manifest.table["uri"].to_pylist()] if "uri" in manifest else []
    order = _order_of(uris)
    if order:
        first = ", ".join(clean(uri) for uri in uris[:SHOWN_NAMES])
        yield (
            f"{what} has no sample ids, so its rows were taken in the order of the manifest: {first}, … ({order}). If "
            f"your rows have another order, give {what} as a mapping from sample id to row"
        )


def _order_of(names: Sequence[str]) -> str:
    """Say how names are sorted; nothing where sorting by number and as text is the same."""
    as_text, by_number = sorted(names), natural_sorted(names)
    if as_text == by_number:
        return ""
    if list(names) == as_text:
        return "sorted as text, as torchvision's ImageFolder does"
    if list(names) == by_number:
        return "sorted by number; torchvision's ImageFolder sorts as text"
    return "as the source lists them"
