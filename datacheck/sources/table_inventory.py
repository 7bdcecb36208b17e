"""The inventory of a table: what each column was read as."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Question, Remedy, Unread, Used, examples_of
from datacheck.sources.column_guesses import (
    CERTAIN_LABELS,
    are_class_codes,
    is_list,
    is_number,
    may_be_label,
    may_be_target,
    plain,
)
from datacheck.sources.roles import Roles
from datacheck.text import listed

_FIRST_VALUES = 100
"""Values among which examples are looked for."""


def table_inventory(table: pa.Table, roles: Roles, *, declared: bool = False) -> Inventory:
    """Return what became of the columns of a table.

    In a table of features, without images, the columns that have no role are the features. Beside images they are not
    read, and where no label was recognised, those that repeat words or class codes may be the label. Of features
    without a label it is asked which column it is, unless the caller ``declared`` that there is none.

    Examples
    --------
    >>> table = pa.table({"file": ["a.png", "b.png", "c.png", "d.png"], "habitat": ["sea", "lake", "sea", "lake"]})
    >>> [(item.name, item.remedy.python) for item in table_inventory(table, Roles(path="file")).perhaps_labels]
    [('habitat', "label='habitat'")]
    """
    by_column = {column: role for role, column in roles.by_role.items()}
    by_column |= dict.fromkeys(roles.class_columns, "class")
    used, unread = [], []
    for name in table.column_names:
        column = table[name]
        role = by_column.get(name, "sample_id" if name == "sample_id" else None)
        if role is None and roles.path is None:
            role = "feature"
        if role is not None:
            used.append(Used(name, ItemKind.COLUMN, role, len(column) - column.null_count))
        else:
            unread.append(_unread(name, column, labelled=roles.has_labels))
    if roles.path is not None and not roles.has_labels and len(unread) == 1:
        unread = [_perhaps_target(unread[0], table[unread[0].name])]
    features = [one.name for one in used if one.role == "feature"]
    asked = (_which_label(table, features),) if features and not roles.has_labels and not declared else ()
    return Inventory(tuple(used), tuple(unread), _questions(roles, unread, features) + asked)


def _unread(name: str, column: pa.ChunkedArray, *, labelled: bool) -> Unread:
    maybe = not labelled and (may_be_label(name, column) or is_list(column.type) or _are_codes(column.drop_null()))
    return Unread(
        name,
        ItemKind.COLUMN,
        "the label is in another column" if labelled else "its name says neither a path nor a label, split or group",
        HoldsLabels.MAYBE if maybe else HoldsLabels.NO,
        len(column) - column.null_count,
        _examples(column) if maybe else (),
        Remedy.option("label", name) if maybe else None,
    )


def _perhaps_target(item: Unread, column: pa.ChunkedArray) -> Unread:
    """Return the only column without a role, beside images: as one that may be the target, where it may."""
    if item.labels is not HoldsLabels.NO or not may_be_target(item.name, column):
        return item
    remedy = Remedy.option("target", item.name)
    return replace(item, labels=HoldsLabels.MAYBE, examples=_examples(column), remedy=remedy)


def _examples(column: pa.ChunkedArray) -> tuple[str, ...]:
    return examples_of(dict.fromkeys(map(str, column.drop_null().slice(0, _FIRST_VALUES).to_pylist())))


def _questions(roles: Roles, unread: list[Unread], features: list[str]) -> tuple[Question, ...]:
    if not roles.has_labels and roles.path is not None:
        likely = [item.remedy for item in unread if item.remedy is not None]
        text = f"no label column was recognised among {listed([item.name for item in unread])}"
        return (Question(text, likely[0]),) if likely else ()
    taken = roles.label or roles.target
    rivals = [name for name in features if plain(name) in CERTAIN_LABELS]
    if taken is not None and rivals and {"label", "target"} & set(roles.guessed):
        text = f"{taken!r} was taken for what is to be predicted, and {listed(rivals)} for a feature"
        return (Question(text, Remedy.option("label", rivals[0])),)
    if roles.class_columns and "class_columns" in roles.guessed:
        text = f"{listed(roles.class_columns)} hold 0 and 1 and were read as one column a class"
        return (Question(text, Remedy.option("task", "unlabelled")),)
    return ()


def _which_label(table: pa.Table, features: list[str]) -> Question:
    """Ask which feature is the label: the last column, as is usual, or one that repeats words or class codes.

    Words that differ from row to row are names: then the last column of numbers is meant, where there is one.
    """
    likely = [name for name in features if may_be_label(name, table[name])]
    likely += [name for name in features if name not in likely and _are_codes(table[name].drop_null())]
    numbers = [name for name in features if is_number(table[name].type)]
    last = features[-1]
    if last not in likely and last not in numbers and numbers:
        last = numbers[-1]
    named = not all(name == f"column{number}" for number, name in enumerate(table.column_names, 1))
    first = likely[0] if likely and named and last not in likely else last
    remedy = Remedy.option("target" if first in numbers and first not in likely else "label", first)
    names = listed(list(dict.fromkeys([first, *likely])))
    text = (
        f"no column is called label, class or target, so all were read as features and no label was judged; {names} may"
    )
    return Question(f"{text} hold the labels", remedy, unjudged=True)


def _are_codes(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_integer(column.type):
        return False
    distinct = column.unique().to_pylist()
    return 1 < len(distinct) <= len(column) / 2 and are_class_codes([float(value) for value in distinct])
