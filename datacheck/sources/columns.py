"""Which column of a table means what: from the names, the types and the values of the columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import Task
from datacheck.manifest.schema import all_whole
from datacheck.sources.base import SourceOptions
from datacheck.sources.class_columns import are_marks, find_separator, written_lists
from datacheck.sources.column_guesses import (
    CERTAIN_LABELS,
    GROUP_WORDS,
    NAMES,
    are_class_codes,
    group_named_by,
    holds_image_paths,
    is_list,
    is_text,
    may_be_label,
    names_masks,
    plain,
)
from datacheck.sources.roles import Roles
from datacheck.sources.split_words import normalise_split, split_flagged_by
from datacheck.text import listed

_ROLES_TO_TRY: Mapping[Task | None, tuple[str, ...]] = {
    None: ("target", "labels", "label", "label_uri"),
    Task.REGRESSION: ("target",),
    Task.CLASSIFICATION: ("label",),
    Task.MULTILABEL: ("labels", "label"),
    Task.PAIRED: ("label_uri",),
    Task.UNLABELLED: (),
}
"""The roles in which a label column is looked for, by the task that the caller names."""

MOST_NAMES = 20
"""Column names that a message shows: more hide the message."""


_OTHER_COORDINATES = frozenset(("z", "w", "h", "width", "height", "xmax", "x2"))
"""Beside x and one of these, y is a coordinate or a length, not what is to be predicted."""

_MOST_SPLITS = 6
"""Distinct values of a column of splits at most: the words for three splits, in two spellings each."""

_FIRST_VALUES = 1000
"""Values of a text column that are read to see whether they write lists."""

_MOST_TEXTS = 10_000
"""Distinct texts among which a separator of labels is looked for: more are names or sentences."""


def recognise_columns(table: pa.Table, options: SourceOptions) -> Roles:
    """Return which columns hold the path, the label, the split and the group.

    A column that the caller names is taken; the others are recognised by their names, types and values: decimal
    numbers are a regression target, lists and ``a|b`` are several labels a sample, columns of 0 and 1 are classes.

    Raises
    ------
    SourceError
        When a column that the caller names is not there, the task needs one that is not, or several columns hold
        images.

    Examples
    --------
    >>> table = pa.table({"file_name": ["a.png"], "Class": [1], "subset": ["train"]})
    >>> recognise_columns(table, SourceOptions()).words
    "path = 'file_name' (guessed), label = 'Class' (guessed), split = 'subset' (guessed)"
    """
    named = _named(table.schema, options)
    by_name: dict[str, Any] = _by_name(table.schema, named.by_role, options.task, labelled=named.has_labels)
    roles = replace(named, **by_name, guessed=tuple(by_name))
    roles = _paths_by_value(roles, table)
    roles = _split_by_value(roles, table)
    roles = _group(roles, table)
    if options.task is Task.UNLABELLED:
        return roles.without_labels()
    if not roles.has_labels and roles.path is not None:
        roles = _label_by_value(roles, table, options.task)
    roles = _kind_of_label(roles, table, options)
    if options.task is not None and options.task is not roles.task and not roles.class_columns:
        raise SourceError(_no_such_labels(options.task, table.column_names))
    return roles


def _named(schema: pa.Schema, options: SourceOptions) -> Roles:
    """Return the roles that the caller gave; several columns as label are one a class."""
    chosen: dict[str, Any] = {}
    class_columns: tuple[str, ...] = ()
    for role in ("path", "label", "target", "split", "group"):
        name = options.column(role)
        if name is None:
            continue
        parts = [part.strip() for part in name.split(",")]
        if role == "label" and name not in schema.names and len(parts) > 1:
            class_columns = tuple(_existing_column(part, role, schema) for part in parts)
        else:
            chosen[role] = _existing_column(name, role, schema)
    if options.task is Task.REGRESSION and "label" in chosen and "target" not in chosen:
        chosen["target"] = chosen.pop("label")
    return Roles(**chosen, class_columns=class_columns)


def _by_name(schema: pa.Schema, chosen: Mapping[str, str], task: Task | None, *, labelled: bool) -> dict[str, str]:
    guessed: dict[str, str] = {}
    to_try = _ROLES_TO_TRY[task]
    for role in ("path", *to_try, "split", "group"):
        if role in chosen or (role in to_try and (labelled or {*to_try, "label"} & guessed.keys())):
            continue
        name = _first(schema, role, {*chosen.values(), *guessed.values()}, task)
        if name is not None:
            guessed[role] = name
    return guessed


def _first(schema: pa.Schema, role: str, taken: set[str], task: Task | None) -> str | None:
    by_name = {plain(name): name for name in reversed(schema.names)}
    for word in NAMES[role]:
        name = by_name.get(word)
        if name is None or name in taken or not _fits(role, schema.field(name).type, task):
            continue
        if role == "target" and word == "y" and task is None and by_name.keys() & CERTAIN_LABELS:
            continue  # beside a column called label, y is a feature, such as a coordinate
        if word == "y" and task is None and "x" in by_name and by_name.keys() & _OTHER_COORDINATES:
            continue
        return str(name)
    return None


def _fits(role: str, type_: pa.DataType, task: Task | None) -> bool:
    if role in ("path", "label_uri"):
        return is_text(type_)
    if role == "target":
        return bool(pa.types.is_floating(type_) or (task is Task.REGRESSION and pa.types.is_integer(type_)))
    if role == "labels":
        return is_list(type_)
    return not (pa.types.is_nested(type_) and not is_list(type_))


def _paths_by_value(roles: Roles, table: pa.Table) -> Roles:
    """Find columns of image names; one is the path, one of masks beside it is the label."""
    images = [name for name in roles.unused(table.column_names) if holds_image_paths(table[name])]
    masks = [name for name in images if names_masks(name)]
    if roles.path is None:
        plain_images = [name for name in images if name not in masks] or images
        if len(plain_images) > 1:
            raise SourceError(
                f"expected one column of image names, found {listed(plain_images)}: audit each by itself, "
                f"with --path {plain_images[0]} (in Python path={plain_images[0]!r})"
            )
        if plain_images:
            roles = roles.guessing("path", plain_images[0])
    if len(masks) == 1 and roles.path not in (None, masks[0]) and not roles.has_labels:
        roles = roles.guessing("label_uri", masks[0])
    return roles


def _split_by_value(roles: Roles, table: pa.Table) -> Roles:
    """Take a column that holds nothing but words for splits, or marks the rows of one (``is_valid``), for the split."""
    if roles.split is not None:
        return roles
    for name in roles.unused(table.column_names):
        if not is_text(table.schema.field(name).type):
            continue
        values = pc.unique(table[name].cast(pa.string())).to_pylist()
        splits = (
            {normalise_split(value) if value else None for value in values} if len(values) <= _MOST_SPLITS else {None}
        )
        if None not in splits and "train" in splits and len(splits) > 1:
            return roles.guessing("split", name)
    flags = [name for name in roles.unused(table.column_names) if split_flagged_by(name) and are_marks(table[name])]
    return roles.guessing("split", flags[0]) if len(flags) == 1 and roles.has_labels else roles


def _group(roles: Roles, table: pa.Table) -> Roles:
    """Take the column that numbers patients, videos and the like for the group; first one whose values repeat."""
    if roles.group is not None:
        return roles
    named = {word: name for name in reversed(roles.unused(table.column_names)) if (word := group_named_by(name))}
    columns = [named[word] for word in GROUP_WORDS if word in named]
    columns = [name for name in columns if not pa.types.is_nested(table.schema.field(name).type)]
    repeating = [name for name in columns if 1 < len(pc.unique(table[name])) < table.num_rows]
    return roles.guessing("group", (repeating or columns)[0]) if columns else roles


def label_candidates(roles: Roles, table: pa.Table) -> list[str]:
    """Return the columns without a role that may hold the class."""
    return [name for name in roles.unused(table.column_names) if may_be_label(name, table[name])]


def _label_by_value(roles: Roles, table: pa.Table, task: Task | None) -> Roles:
    """Take columns of 0 and 1 for classes, or the only column of repeated words for the label."""
    if task in (None, Task.MULTILABEL, Task.CLASSIFICATION):
        marks = [name for name in roles.unused(table.column_names) if are_marks(table[name])]
        if len(marks) > 1:
            return replace(roles, class_columns=tuple(marks), guessed=(*roles.guessed, "class_columns"))
    candidates = label_candidates(roles, table)
    if len(candidates) == 1 and task in (None, Task.CLASSIFICATION):
        return roles.guessing("label", candidates[0])
    return roles


def _kind_of_label(roles: Roles, table: pa.Table, options: SourceOptions) -> Roles:
    """Decide from the values whether a label column holds classes, numbers, or several labels a sample."""
    if roles.label is not None:
        several, separator = _holds_several(roles, table, options)
        if several:
            return replace(roles.moved("label", "labels"), separator=separator)
    role = next((role for role in ("target", "label") if role in roles.by_role), None)
    if role is None or options.column("target") or options.task not in (None, Task.CLASSIFICATION):
        return roles
    name = roles.by_role[role]
    return roles.moved(role, "target" if _is_quantity(role, name, roles, table[name], options) else "label")


def _is_quantity(role: str, name: str, roles: Roles, column: pa.ChunkedArray, options: SourceOptions) -> bool:
    """Return whether the numbers of a column are a quantity, not codes of classes."""
    whole = pa.types.is_integer(column.type)
    if options.task is Task.CLASSIFICATION or not (whole or pa.types.is_floating(column.type)):
        return False
    if whole and not (role in roles.guessed and plain(name) in ("target", "y")):
        return False  # a column called label or class holds codes, however many
    if not whole and not all_whole(column):
        return True
    return not are_class_codes([float(value) for value in pc.unique(column.drop_null()).to_pylist()])


def _holds_several(roles: Roles, table: pa.Table, options: SourceOptions) -> tuple[bool, str | None]:
    """Return whether a column holds several labels a sample, and what separates them in a text."""
    name = str(roles.label)
    type_ = table.schema.field(name).type
    if is_list(type_) or options.label_separator is not None:
        return True, None
    if not is_text(type_):
        return options.task is Task.MULTILABEL, None
    if written_lists(table[name].slice(0, _FIRST_VALUES).cast(pa.string()).to_pylist()) is not None:
        return True, None
    texts = pc.unique(table[name].cast(pa.string()).drop_null())
    several = options.task is Task.MULTILABEL or plain(name) in NAMES["labels"]
    separator = find_separator(texts.to_pylist(), several=several) if len(texts) <= _MOST_TEXTS else None
    if options.task is Task.CLASSIFICATION:
        return False, None
    return separator is not None or options.task is Task.MULTILABEL, separator


def _no_such_labels(task: Task, names: list[str]) -> str:
    wanted = {Task.REGRESSION: "target", Task.PAIRED: "label_uri"}.get(task, "label")
    advice = "name a column of paths label_uri" if wanted == "label_uri" else f"name it with --{wanted} ({wanted}=)"
    return (
        f"task={task.value!r}: expected a column that holds the {wanted}, "
        f"found {', '.join(names[:MOST_NAMES])}; {advice}"
    )


def _existing_column(name: str, role: str, schema: pa.Schema) -> str:
    if name in schema.names:
        return name
    raise SourceError(
        f"{role}={name!r}: expected one of the columns {', '.join(schema.names[:MOST_NAMES])}"
        f"{did_you_mean(name, schema.names)}"
    )
