"""Which column of a table means what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import Task
from datacheck.sources.base import SourceOptions

GUESSES: Mapping[str, tuple[str, ...]] = {
    "path": (
        *("uri", "path", "image_path", "img_path", "file_path", "filepath", "image_file"),
        *("file_name", "filename", "image_name", "image", "img", "file"),
    ),
    "label_uri": ("label_uri", "label_path", "mask_path", "mask_file", "mask", "segmentation", "annotation_path"),
    "labels": ("labels", "tags", "classes", "categories"),
    "label": (
        *("label", "class", "class_name", "classname", "class_label", "category", "y", "target"),
        *("labels", "tags", "classes", "categories"),
    ),
    "target": ("target", "y", "label"),
    "split": ("split", "subset", "partition"),
    "group": ("group", "group_id", "patient_id", "patient", "subject_id", "subject"),
}
"""Names, best first, that a column is recognised by; case, spaces and dashes do not matter."""


@dataclass(frozen=True)
class Roles:
    """The columns that have a meaning, by role, and which of them were guessed from their names."""

    path: str | None = None
    label_uri: str | None = None
    label: str | None = None
    target: str | None = None
    labels: str | None = None
    split: str | None = None
    group: str | None = None
    guessed: tuple[str, ...] = field(default=())

    @property
    def words(self) -> str:
        """The roles in words, for the user."""
        parts = []
        for role in ("path", "label_uri", "label", "target", "labels", "split", "group"):
            column = getattr(self, role)
            if column is not None:
                parts.append(f"{role} = {column!r}{' (guessed)' if role in self.guessed else ''}")
        return ", ".join(parts)


def find_roles(schema: pa.Schema, options: SourceOptions) -> Roles:
    """Tell which columns hold the path, the label, the split and the group.

    A column that the caller names is taken; the others are recognised by their names and types. A label column of
    decimal numbers is a regression target, one of lists holds several labels a sample.

    Raises
    ------
    SourceError
        When a column that the caller names is not there.

    Examples
    --------
    >>> schema = pa.schema([("file_name", pa.string()), ("Class", pa.int64()), ("subset", pa.string())])
    >>> find_roles(schema, SourceOptions()).words
    "path = 'file_name' (guessed), label = 'Class' (guessed), split = 'subset' (guessed)"
    """
    chosen: dict[str, str] = {}
    for role in ("path", "label", "target", "split", "group"):
        name = options.column(role)
        if name is not None:
            chosen[role] = _existing_column(name, role, schema)
    if options.task is Task.REGRESSION and "label" in chosen and "target" not in chosen:
        chosen["target"] = chosen.pop("label")
    guessed = _guess(schema, chosen, options)
    roles = {**guessed, **chosen}
    label = roles.get("label")
    if label is not None and _holds_several(schema.field(label).type, options):
        roles["labels"] = roles.pop("label")
        guessed = {("labels" if role == "label" else role): name for role, name in guessed.items()}
    return Roles(**roles, guessed=tuple(guessed))


def _holds_several(type_: pa.DataType, options: SourceOptions) -> bool:
    return is_list(type_) or options.label_separator is not None or options.task is Task.MULTILABEL


def _guess(schema: pa.Schema, chosen: Mapping[str, str], options: SourceOptions) -> dict[str, str]:
    guessed: dict[str, str] = {}
    wanted = ["path", "split", "group"]
    if not {"label", "target"} & chosen.keys():
        wanted = ["path", *_label_roles(options.task), "split", "group"]
    for role in wanted:
        taken = {*chosen.values(), *guessed.values()}
        if role in chosen or ({"label", "target", "labels"} & guessed.keys() and role in _LABEL_ROLES):
            continue
        name = _first(schema, role, taken, options.task)
        if name is not None:
            guessed[role] = name
    return guessed


_LABEL_ROLES = ("target", "labels", "label", "label_uri")


def _label_roles(task: Task | None) -> tuple[str, ...]:
    """Return the roles to try for the label, in order."""
    if task is None:
        return _LABEL_ROLES
    return {
        Task.REGRESSION: ("target",),
        Task.CLASSIFICATION: ("label",),
        Task.MULTILABEL: ("labels", "label"),
        Task.PAIRED: ("label_uri",),
        Task.UNLABELLED: (),
    }[task]


def _first(schema: pa.Schema, role: str, taken: set[str], task: Task | None) -> str | None:
    by_name = {plain(name): name for name in reversed(schema.names)}
    for word in GUESSES[role]:
        name = by_name.get(word)
        if name is not None and name not in taken and _fits(role, schema.field(name).type, task):
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


def is_text(type_: pa.DataType) -> bool:
    """Tell whether a column holds text, dictionary-encoded or not."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_))


def is_list(type_: pa.DataType) -> bool:
    """Tell whether a column holds a list a row."""
    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))


def plain(name: str) -> str:
    """Return a column's name as it is compared: lower case, ``_`` for dashes and spaces."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _existing_column(name: str, role: str, schema: pa.Schema) -> str:
    if name in schema.names:
        return name
    raise SourceError(
        f"{role}={name!r}: expected one of the columns {', '.join(schema.names[:20])}{did_you_mean(name, schema.names)}"
    )


def separate(column: pa.ChunkedArray, separator: str) -> pa.ChunkedArray:
    """Split the text of each row into its labels; spaces around them and empty ones are dropped.

    Examples
    --------
    >>> separate(pa.chunked_array([["a|b", "", None, "c "]]), "|").to_pylist()
    [['a', 'b'], [], None, ['c']]
    """
    return pa.chunked_array([_separate(chunk, separator) for chunk in column.chunks], pa.list_(pa.string()))


def _separate(chunk: pa.Array, separator: str) -> pa.Array:
    import numpy as np

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
