"""Which column of a table means what: from the names, the types and the values of the columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import Task
from datacheck.manifest.schema import all_whole
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

ROLES = ("path", "label_uri", "label", "target", "labels", "split", "group")
"""What a column can be, in the order in which the user reads them."""

_TASKS = {
    "label": Task.CLASSIFICATION,
    "target": Task.REGRESSION,
    "labels": Task.MULTILABEL,
    "label_uri": Task.PAIRED,
}
"""The task that a label column of each role makes, the stronger first."""

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


@dataclass(frozen=True)
class Roles:
    """The columns that have a meaning, by role, and the roles that were guessed from names.

    Examples
    --------
    >>> Roles(path="file", label="y", guessed=("label",)).words
    "path = 'file', label = 'y' (guessed)"
    """

    path: str | None = None
    label_uri: str | None = None
    label: str | None = None
    target: str | None = None
    labels: str | None = None
    split: str | None = None
    group: str | None = None
    guessed: tuple[str, ...] = ()

    @property
    def by_role(self) -> dict[str, str]:
        """The columns by role, in the order of `ROLES`."""
        return {role: column for role in ROLES if (column := getattr(self, role)) is not None}

    @property
    def words(self) -> str:
        """The roles in words, for the user."""
        return ", ".join(
            f"{role} = {column!r}{' (guessed)' if role in self.guessed else ''}"
            for role, column in self.by_role.items()
        )

    @property
    def task(self) -> Task:
        """What the labels are for."""
        return next((task for role, task in _TASKS.items() if role in self.by_role), Task.UNLABELLED)

    def moved(self, role: str, meant: str) -> Roles:
        """Return the roles with the column of one role in another."""
        guessed = tuple(meant if each == role else each for each in self.guessed)
        return replace(self, **{role: None, meant: getattr(self, role)}, guessed=guessed)

    def without_labels(self) -> Roles:
        """Return the roles without those of labels."""
        return replace(self, label=None, target=None, labels=None, label_uri=None)


def recognise_columns(table: pa.Table, options: SourceOptions) -> Roles:
    """Return which columns hold the path, the label, the split and the group.

    A column that the caller names is taken; the others are recognised by their names and types, and the kind of
    label by its values: decimal numbers are a regression target, lists and ``a|b`` are several labels a sample.

    Raises
    ------
    SourceError
        When a column that the caller names is not there, or the task needs one that is not.

    Examples
    --------
    >>> table = pa.table({"file_name": ["a.png"], "Class": [1], "subset": ["train"]})
    >>> recognise_columns(table, SourceOptions()).words
    "path = 'file_name' (guessed), label = 'Class' (guessed), split = 'subset' (guessed)"
    """
    chosen = {
        role: _existing_column(name, role, table.schema)
        for role in ("path", "label", "target", "split", "group")
        if (name := options.column(role)) is not None
    }
    if options.task is Task.REGRESSION and "label" in chosen and "target" not in chosen:
        chosen["target"] = chosen.pop("label")
    guessed = _guess(table.schema, chosen, options.task)
    roles = Roles(**{**guessed, **chosen}, guessed=tuple(guessed))
    if options.task is Task.UNLABELLED:
        return roles.without_labels()
    roles = _by_values(roles, table, options)
    if options.task is not None and options.task is not roles.task:
        raise SourceError(_no_such_labels(options.task, table.column_names))
    return roles


def _guess(schema: pa.Schema, chosen: Mapping[str, str], task: Task | None) -> dict[str, str]:
    guessed: dict[str, str] = {}
    to_try = _ROLES_TO_TRY[task]
    labelled = bool({"label", "target"} & chosen.keys())
    for role in ("path", *to_try, "split", "group"):
        if role in chosen or (role in to_try and (labelled or {*to_try, "label"} & guessed.keys())):
            continue
        name = _first(schema, role, {*chosen.values(), *guessed.values()}, task)
        if name is not None:
            guessed[role] = name
    return guessed


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


def _by_values(roles: Roles, table: pa.Table, options: SourceOptions) -> Roles:
    """Decide from the values whether a label column holds classes, numbers, or several labels a sample."""
    if roles.label is not None and _holds_several(roles, table, options):
        return roles.moved("label", "labels")
    role = next((role for role in ("target", "label") if role in roles.by_role), None)
    if role is None or options.column("target") or options.task not in (None, Task.CLASSIFICATION):
        return roles
    column = table[roles.by_role[role]]
    if not pa.types.is_floating(column.type):
        return roles
    return roles.moved(role, "label" if options.task or all_whole(column) else "target")


def _holds_several(roles: Roles, table: pa.Table, options: SourceOptions) -> bool:
    type_ = table.schema.field(roles.label).type
    if is_list(type_) or options.label_separator is not None or options.task is Task.MULTILABEL:
        return True
    name = str(roles.label)
    if "label" not in roles.guessed or plain(name) not in GUESSES["labels"] or not is_text(type_):
        return False
    return bool(pc.any(pc.match_substring(pc.unique(table[name].cast(pa.string())), "|")).as_py())


def _no_such_labels(task: Task, names: list[str]) -> str:
    wanted = {Task.REGRESSION: "target", Task.PAIRED: "label_uri"}.get(task, "label")
    advice = "name a column of paths label_uri" if wanted == "label_uri" else f"name it with {wanted}="
    return (
        f"task={task.value!r}: expected a column that holds the {wanted}, "
        f"found {', '.join(names[:MOST_NAMES])}; {advice}"
    )


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
        f"{role}={name!r}: expected one of the columns {', '.join(schema.names[:MOST_NAMES])}"
        f"{did_you_mean(name, schema.names)}"
    )
