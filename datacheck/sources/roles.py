"""What the columns of a table are read as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from datacheck.manifest import Task
from datacheck.text import listed

ROLES = ("path", "label_uri", "label", "target", "labels", "split", "group")
"""What a column can be, in the order in which the user reads them."""

_TASKS = {
    "label": Task.CLASSIFICATION,
    "target": Task.REGRESSION,
    "labels": Task.MULTILABEL,
    "label_uri": Task.PAIRED,
}
"""The task that a label column of each role makes, the stronger first."""


@dataclass(frozen=True)
class Roles:
    """The columns that have a meaning, by role, and the roles that were guessed.

    Attributes
    ----------
    path, label_uri, label, target, labels, split, group
        Names of columns.
    guessed
        The roles that the caller did not name.
    class_columns
        The columns of 0 and 1 of a table that has one a class.
    separator
        What separates the labels of one sample in a column of text.

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
    class_columns: tuple[str, ...] = ()
    separator: str | None = None

    @property
    def by_role(self) -> dict[str, str]:
        """The columns by role, in the order of `ROLES`."""
        return {role: column for role in ROLES if (column := getattr(self, role)) is not None}

    @property
    def words(self) -> str:
        """The roles in words, for the user."""
        parts = [f"{role} = {column!r}{self._how(role)}" for role, column in self.by_role.items()]
        if self.class_columns:
            parts.append(
                f"one column a class: {listed(self.class_columns)}{self._how('class_columns')}, "
                "1 has the class, and 0, -1 and blank have not"
            )
        if self.separator is not None:
            parts.append(f"labels separated by {self.separator!r}")
        return ", ".join(parts)

    def _how(self, role: str) -> str:
        return " (guessed)" if role in self.guessed else ""

    @property
    def task(self) -> Task:
        """What the labels are for; of class columns it is known once their values are read."""
        if self.class_columns:
            return Task.MULTILABEL
        return next((task for role, task in _TASKS.items() if role in self.by_role), Task.UNLABELLED)

    @property
    def has_labels(self) -> bool:
        """Whether some column holds labels."""
        return self.task is not Task.UNLABELLED

    def moved(self, role: str, meant: str) -> Roles:
        """Return the roles with the column of one role in another."""
        guessed = tuple(meant if each == role else each for each in self.guessed)
        changes: dict[str, Any] = {role: None, meant: getattr(self, role)}
        return replace(self, **changes, guessed=guessed)

    def guessing(self, role: str, column: str) -> Roles:
        """Return the roles with one more, marked as guessed."""
        changes: dict[str, Any] = {role: column}
        return replace(self, **changes, guessed=(*self.guessed, role))

    def without_labels(self) -> Roles:
        """Return the roles without those of labels."""
        return replace(self, label=None, target=None, labels=None, label_uri=None, class_columns=())

    def unused(self, names: Iterable[str]) -> list[str]:
        """Return the columns that have no role."""
        taken = {*self.by_role.values(), *self.class_columns}
        return [name for name in names if name not in taken]
