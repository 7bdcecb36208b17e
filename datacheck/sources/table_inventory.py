"""The inventory of a table: what each column was read as."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Remedy, Task, Unread, Used, examples_of
from datacheck.sources.columns import Roles, is_list, is_text

_MOST_REPEATED = 0.5
"""Distinct values a row, up to which a column of words may hold classes; ids and captions have about one."""


def table_inventory(table: pa.Table, roles: Roles) -> Inventory:
    """Return what became of the columns of a table.

    In a table of features, without images, the columns that have no role are the features. Beside images they are not
    read, and where no label was recognised, those that repeat words or whole numbers may be the label.

    Examples
    --------
    >>> table = pa.table({"file": ["a.png", "b.png", "c.png", "d.png"], "species": ["cat", "dog", "cat", "dog"]})
    >>> [(item.name, item.remedy.python) for item in table_inventory(table, Roles(path="file")).perhaps_labels]
    [('species', "label='species'")]
    """
    by_column = {column: role for role, column in roles.by_role.items()}
    used, unread = [], []
    for name in table.column_names:
        column = table[name]
        role = by_column.get(name, "sample_id" if name == "sample_id" else None)
        if role is None and roles.path is None:
            role = "feature"
        if role is not None:
            used.append(Used(name, ItemKind.COLUMN, role, len(column) - column.null_count))
        else:
            unread.append(_unread(name, column, labelled=roles.task is not Task.UNLABELLED))
    return Inventory(tuple(used), tuple(unread))


def _unread(name: str, column: pa.ChunkedArray, *, labelled: bool) -> Unread:
    few = _few_values(column)
    maybe = few is not None and not labelled
    return Unread(
        name,
        ItemKind.COLUMN,
        "the label is in another column" if labelled else "its name says neither a path nor a label, split or group",
        HoldsLabels.MAYBE if maybe else HoldsLabels.NO,
        len(column) - column.null_count,
        examples_of(map(str, few or ())),
        Remedy.option("label", name) if maybe else None,
    )


def _few_values(column: pa.ChunkedArray) -> Any:
    """Return the distinct values of a column that may hold classes or several labels; None for any other column."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if is_list(kind):
        return column.drop_null()[:1].to_pylist()
    if not (is_text(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return None
    values = pc.unique(column).drop_null()
    known = len(column) - column.null_count
    return values.to_pylist() if 2 <= len(values) <= max(2, _MOST_REPEATED * known) else None
