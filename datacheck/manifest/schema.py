"""The columns of a manifest: their types, and how the columns of a caller are brought into them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ManifestError, did_you_mean
from datacheck.manifest.annotations import ANNOTATION_COLUMNS
from datacheck.manifest.natural_order import natural_sorted
from datacheck.manifest.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

CATEGORY = pa.dictionary(pa.int32(), pa.string())
"""The type of a column of few different words."""

COLUMN_TYPES: Mapping[str, pa.DataType] = {
    "sample_id": pa.string(),
    "uri": pa.string(),
    "label": CATEGORY,
    "target": pa.float64(),
    "labels": pa.list_(pa.string()),
    "split": CATEGORY,
    "group": CATEGORY,
    "label_uri": pa.string(),
    "mask_files": pa.list_(pa.string()),
    **ANNOTATION_COLUMNS,
}
"""The columns that datacheck gives a meaning to; every other column is kept as it came."""

_HASHED_AT_ONCE = 1 << 16
"""Rows whose texts are Python objects at the same time: few enough to take only some MB."""


def as_table(columns: Mapping[str, Any] | pd.DataFrame | pa.Table) -> pa.Table:
    """Return columns of any kind as an Arrow table.

    Raises
    ------
    ManifestError
        When the columns differ in length, or one mixes types.
    """
    if isinstance(columns, pa.Table):
        return columns
    try:
        if "pandas" in sys.modules and isinstance(columns, sys.modules["pandas"].DataFrame):
            return pa.Table.from_pandas(columns, preserve_index=False)
        return pa.table(dict(columns))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ManifestError(f"expected columns of one length, each of one type: {error}") from error


def standardise(table: pa.Table) -> pa.Table:
    """Cast the columns of `COLUMN_TYPES`, and add ``sample_id`` where there is none."""
    if "sample_id" not in table.column_names:
        ids = _unique_ids(table["uri"]) if "uri" in table.column_names else row_ids(table.num_rows)
        table = table.add_column(0, "sample_id", ids)
    for position, name in enumerate(table.column_names):
        if name in COLUMN_TYPES:
            table = table.set_column(position, name, cast_column(name, table[name]))
    return table.replace_schema_metadata(None)


def cast_column(name: str, values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Cast the values of one column to the type of `COLUMN_TYPES`; whole decimal numbers become ``1``, not ``1.0``.

    Raises
    ------
    ManifestError
        When a value does not fit the type.
    """
    wanted = COLUMN_TYPES[name]
    if values.type == wanted:
        return values
    try:
        if wanted == CATEGORY:
            if pa.types.is_dictionary(values.type):
                values = values.cast(values.type.value_type)
            if pa.types.is_floating(values.type):
                values = values.cast(pa.int64()) if all_whole(values) else values
            return pc.dictionary_encode(values.cast(pa.string())).cast(wanted)
        return values.cast(wanted)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ManifestError(f"column {name!r}: expected {wanted}, found {values.type}: {error}") from error


def all_whole(values: pa.Array | pa.ChunkedArray) -> bool:
    """Return whether all numbers are whole; True where there is none.

    Examples
    --------
    >>> all_whole(pa.array([1.0, None, 2.0])), all_whole(pa.array([1.5]))
    (True, False)
    """
    return pc.all(pc.equal(values, pc.round(values))).as_py() is not False


def row_ids(n_rows: int) -> pa.Array:
    """Return the row numbers as text of one width.

    Examples
    --------
    >>> row_ids(11).to_pylist()[-2:]
    ['09', '10']
    """
    width = len(str(max(0, n_rows - 1)))
    return pc.utf8_lpad(pa.array(np.arange(n_rows)).cast(pa.string()), width, "0")


def _unique_ids(uris: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the uris; where one repeats, its second row gets ``#2`` behind it, its third ``#3``."""
    uris = uris.cast(pa.string())
    if uris.null_count == 0 and _all_distinct(uris):
        return uris
    seen: dict[str, int] = {}
    ids = []
    for row, uri in enumerate(uris.to_pylist()):
        name = f"row {row}" if uri is None else str(uri)
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return pa.array(ids, pa.string())


def _all_distinct(column: pa.ChunkedArray) -> bool:
    """Return whether no text repeats; several times as fast as counting the distinct ones, and in little memory."""
    hashes = np.empty(len(column), dtype=np.int64)
    for start in range(0, len(column), _HASHED_AT_ONCE):
        words = column.slice(start, _HASHED_AT_ONCE).to_pylist()
        hashes[start : start + len(words)] = [hash(word) for word in words]
    hashes.sort()
    if (hashes[1:] != hashes[:-1]).all():
        return True
    return bool(pc.count_distinct(column).as_py() == len(column))


def distinct(column: pa.Array | pa.ChunkedArray) -> list[str]:
    """Return the distinct values of a column without null, in the order of their first row."""
    return [value for value in pc.unique(column).to_pylist() if value is not None]


def found_classes(table: pa.Table, task: Task) -> list[str]:
    """Return the class names that occur in the label column, in natural order; none for tasks without classes."""
    return natural_sorted(_labels_in(table, task))


def _labels_in(table: pa.Table, task: Task) -> list[str]:
    if task is Task.CLASSIFICATION:
        return distinct(table["label"])
    return distinct(pc.list_flatten(table["labels"])) if task.lists_classes else []


def codes(column: pa.Array | pa.ChunkedArray, names: Sequence[str]) -> NDArray[np.int32]:
    """Return the index of each value in ``names``, -1 for null and for values not in it; shape [N]."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    position = {name: code for code, name in enumerate(names)}
    lookup = np.array([position.get(word, -1) for word in column.dictionary.to_pylist()] + [-1], dtype=np.int32)
    indices = pc.fill_null(column.indices, len(lookup) - 1).to_numpy(zero_copy_only=False)
    found: NDArray[np.int32] = lookup[indices]
    return found


def check_table(table: pa.Table, task: Task, classes: Sequence[str]) -> None:
    """Check that a table is that of a manifest.

    Raises
    ------
    ManifestError
        When a column is missing or of another type, ids repeat, or a label is not among the classes.
    """
    if "sample_id" not in table.column_names:
        raise ManifestError(f"expected a column 'sample_id', found {table.column_names}")
    for name, wanted in COLUMN_TYPES.items():
        if name in table.column_names and table.schema.field(name).type != wanted:
            raise ManifestError(
                f"column {name!r}: expected type {wanted}, found {table.schema.field(name).type}; "
                "build the manifest with Manifest.from_columns, which casts"
            )
    needed = task.label_column
    instances = task is Task.SEGMENTATION and "mask_files" in table.column_names
    if needed is not None and needed not in table.column_names and not instances:
        raise ManifestError(
            f"a {task.value} manifest needs a column {needed!r}, found {table.column_names}"
            f"{did_you_mean(needed, table.column_names)}"
        )
    _check_ids(table["sample_id"])
    if len(set(classes)) != len(classes):
        raise ManifestError(f"class names repeat: {list(classes)}")
    known = set(classes)
    unknown = [name for name in _labels_in(table, task) if name not in known]
    if unknown:
        raise ManifestError(
            f"expected labels among the {len(known)} classes, found {unknown[:5]}"
            f"{did_you_mean(unknown[0], list(classes))}; name them in classes="
        )


def _check_ids(ids: pa.ChunkedArray) -> None:
    if ids.null_count:
        raise ManifestError(f"column 'sample_id': expected no nulls, found {ids.null_count}")
    if not _all_distinct(ids):
        counts = pc.value_counts(ids)
        repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        raise ManifestError(
            f"column 'sample_id': expected unique ids, found {len(repeated)} that repeat, such as "
            f"{repeated[0].as_py()!r}"
        )
