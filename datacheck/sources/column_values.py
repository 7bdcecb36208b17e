"""Bringing the columns of a table into the names and types of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import SourceError
from datacheck.manifest import COLUMN_TYPES
from datacheck.sources.base import SourceOptions
from datacheck.sources.class_columns import are_marks, labels_of_marks, marks_of, one_hot_length, written_lists
from datacheck.sources.column_guesses import is_list, is_text, whole_numbers
from datacheck.sources.roles import Roles
from datacheck.sources.split_words import split_flagged_by, split_names

Names = Mapping[str, tuple[str, ...]]
"""Class names by the column that holds their indices."""


def cast_columns(table: pa.Table, roles: Roles, options: SourceOptions, names: Names) -> tuple[pa.Table, str]:
    """Return the table with the names and types of a manifest, and a sentence on the splits that were renamed.

    A column without a role whose name is one of the manifest's gets a ``_`` behind its name.

    Raises
    ------
    SourceError
        When a value is no number where a target is wanted, or no index of a class name.
    """
    for role, column in roles.by_role.items():
        known = options.classes or names.get(column)
        values = table[column]
        if role == "target":
            values = _numbers(values, column)
        elif role == "labels":
            values = _lists(values, options.label_separator or roles.separator or "|", names.get(column))
        elif role == "label":
            values = _categories(values, known)
        elif role == "path":
            values = whole_numbers(values).cast(pa.string())
        elif role == "split" and (marked := split_flagged_by(column)) and are_marks(values):
            values = _split_of_marks(values, marked)
        table = _set(table, column, values)
    table = _renamed(table, roles)
    return _normalise_splits(table) if roles.split is not None else (table, "")


def plain_labels(
    table: pa.Table, roles: Roles, options: SourceOptions
) -> tuple[pa.Table, Roles, tuple[str, ...] | None]:
    """Bring class columns, written lists and lists of 0 and 1 into one column of classes or of lists of classes.

    Returns
    -------
    table, roles
        With the new column, and its role.
    classes
        The class names where the columns or lists say them, in order; None otherwise.

    Raises
    ------
    SourceError
        When a class column holds something else than marks, or a row of written lists is no list.
    """
    if roles.class_columns:
        marks, known = marks_of(table, roles.class_columns)
        table = table.drop_columns(list(roles.class_columns))
        return *_with_labels(table, roles, labels_of_marks(marks, known, roles.class_columns)), roles.class_columns
    name = roles.labels
    if name is None:
        return table, roles, None
    if is_text(table.schema.field(name).type) and options.label_separator is None and roles.separator is None:
        lists = written_lists(table[name].cast(pa.string()).to_pylist())
        if lists is not None:
            table = _set(table, name, pa.chunked_array([_as_list_column(lists, name)]))
    if not is_list(table.schema.field(name).type):
        return table, roles, None
    values = table[name].to_pylist() if not is_text(table[name].type.value_type) else []
    length = one_hot_length(values)
    if not length:
        return table, roles, None
    names = options.classes or tuple(str(number) for number in range(length))
    if len(names) != length:
        raise SourceError(f"column {name!r}: expected {len(names)} numbers a row, one a class name, found {length}")
    known = np.array([value is not None for value in values])
    marks = np.array([[False] * length if value is None else [bool(one) for one in value] for value in values])
    return *_with_labels(table.drop_columns([name]), roles, labels_of_marks(marks, known, names)), names


def _with_labels(table: pa.Table, roles: Roles, labels: pa.Array) -> tuple[pa.Table, Roles]:
    """Add a column of labels under the name of its role; a column in its way is renamed as any other is."""
    role = "labels" if is_list(labels.type) else "label"
    name = role
    while name in table.column_names:
        name += "_"
    table = table.append_column(name, pa.chunked_array([labels]))
    without = roles.without_labels()
    return table, replace(without, labels=name) if role == "labels" else replace(without, label=name)


def _as_list_column(lists: list[list[object] | None], name: str) -> pa.Array:
    numbers = all(isinstance(one, int | float) for each in lists if each is not None for one in each)
    texts = [None if each is None else [one if numbers else str(one) for one in each] for each in lists]
    try:
        return pa.array(texts)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SourceError(f"column {name!r}: expected lists of one kind of value, found: {error}") from None


def _set(table: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


def _numbers(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    try:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        return column.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceError(f"column {name!r}: expected numbers for a regression target, found: {error}") from None


def _lists(column: pa.ChunkedArray, separator: str, names: tuple[str, ...] | None) -> pa.ChunkedArray:
    if not is_list(column.type):
        return separate(column, separator)
    if not pa.types.is_integer(column.type.value_type) or names is None:
        return column
    chunks = []
    for chunk in column.chunks:
        values = pa.array(names, pa.string()).take(chunk.flatten())
        offsets = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(chunk), 0).to_numpy())])
        mask = chunk.is_null() if chunk.null_count else None
        chunks.append(pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values, mask=mask))
    return pa.chunked_array(chunks, pa.list_(pa.string()))


def separate(column: pa.ChunkedArray, separator: str) -> pa.ChunkedArray:
    """Split the text of each row into its labels; spaces around them and empty ones are dropped.

    Examples
    --------
    >>> separate(pa.chunked_array([["a|b", "", None, "c "]]), "|").to_pylist()
    [['a', 'b'], [], None, ['c']]
    """
    return pa.chunked_array([_separate(chunk, separator) for chunk in column.chunks], pa.list_(pa.string()))


def _separate(chunk: pa.Array, separator: str) -> pa.Array:
    if pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_decode()
    lists = pc.split_pattern(chunk.cast(pa.string()), separator)
    rows = pc.list_parent_indices(lists).to_numpy()
    words = pc.utf8_trim_whitespace(pc.list_flatten(lists))
    keep = pc.greater(pc.utf8_length(words), 0)
    lengths = np.bincount(rows[keep.to_numpy(zero_copy_only=False)], minlength=len(chunk))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    mask = chunk.is_null() if chunk.null_count else None
    return pa.ListArray.from_arrays(offsets, words.filter(keep), mask=mask)


def are_indices(column: pa.ChunkedArray, n_names: int) -> bool:
    """Return whether a column holds whole numbers that can be indices of so many class names, -1 for none.

    Examples
    --------
    >>> are_indices(pa.chunked_array([[0, 1, None]]), 2), are_indices(pa.chunked_array([[0, 2]]), 2)
    (True, False)
    """
    if not pa.types.is_integer(column.type) or column.null_count == len(column):
        return False
    return bool(pc.min(column).as_py() >= -1 and pc.max(column).as_py() < n_names)


def _categories(column: pa.ChunkedArray, names: tuple[str, ...] | None) -> pa.ChunkedArray:
    """Turn indices into class names; a negative one means that there is no label."""
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    if names is None or not pa.types.is_integer(column.type):
        return column
    highest = pc.max(column).as_py() or 0
    if highest >= len(names):
        raise SourceError(
            f"expected labels below {len(names)}, the number of class names, found {highest}; "
            "name all classes in classes="
        )
    known = pc.if_else(pc.less(column, 0), pa.scalar(None, column.type), column)
    return pa.chunked_array([pa.array(names, pa.string()).take(chunk) for chunk in known.chunks], pa.string())


def _renamed(table: pa.Table, roles: Roles) -> pa.Table:
    standard = {column: "uri" if role == "path" else role for role, column in roles.by_role.items()}
    names: list[str] = []
    for name in table.column_names:
        new = standard.get(name, name)
        if name not in standard and name in COLUMN_TYPES and not _keeps(name, table, roles):
            new = f"{name}_"
            while new in table.column_names:
                new += "_"
        names.append(new)
    return table.rename_columns(names)


def _keeps(name: str, table: pa.Table, roles: Roles) -> bool:
    return name == "sample_id" or (name == "uri" and roles.path is None and is_text(table.schema.field("uri").type))


def _split_of_marks(marks: pa.ChunkedArray, marked: str) -> pa.ChunkedArray:
    """Return the split of each row where 1 marks the rows of one split; the others are of the training split.

    Examples
    --------
    >>> [_split_of_marks(pa.chunked_array([[1, 0]]), split).to_pylist() for split in ("val", "train")]
    [['val', 'train'], ['train', 'test']]
    """
    rest = "test" if marked == "train" else "train"
    return pc.if_else(pc.equal(marks.cast(pa.float64()), 1.0), marked, rest)


_SPLIT_CODES = {"0": "train", "1": "val", "2": "test"}
"""What three numbers stand for in place of words, as in CelebA's partition."""


def _normalise_splits(table: pa.Table) -> tuple[pa.Table, str]:
    column = table["split"]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    column = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    words = column.dictionary.to_pylist()
    names = split_names(word for word in words if word is not None)
    if names.keys() == _SPLIT_CODES.keys():
        names = _SPLIT_CODES
    changed = {old: new for old, new in names.items() if old != new}
    if not changed:
        return _set(table, "split", column), ""
    encoded = pa.DictionaryArray.from_arrays(column.indices, pa.array([names[word] for word in words], pa.string()))
    renamed = ", ".join(f"{old!r} read as {new!r}" for old, new in changed.items())
    return _set(table, "split", encoded), f"split {renamed}"
