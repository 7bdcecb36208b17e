"""What a source is, and the options that sources share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from datacheck.errors import SourceError, did_you_mean
from datacheck.manifest import Manifest, Task

ORDERS = ("natural", "lexicographic", "as-listed", "given")
"""How the files of a listing are put in order: ``2`` before ``10``; as ``sorted()`` does; as the file system
lists them; as the caller gave them."""


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """Everything that a caller may say about a source; None leaves it to the data.

    Attributes
    ----------
    task
        What the labels are for.
    columns
        Column names of a table without a header.
    path, label, target, split, group
        Column names of a table. For arrays and listings, ``split`` is one split's name or a value a sample, and
        ``group`` a value a sample.
    label_separator
        What separates the labels of one sample in a text column; makes the task multilabel.
    delimiter
        What separates the columns of a text table.
    root
        Folder that relative paths start from.
    labels
        Labels of arrays or of a listing of images, where they are not given as ``(images, labels)``.
    classes
        Class names in order; integer labels are indices into it.
    image_order, label_order
        One of `ORDERS`, for the two listings of a pair.
    class_level
        Which level of nested class folders is the class: 1 for the upper one, 2 for the folders in it.
    label_pattern
        Regular expression whose first group is the class in the name of an image file, as in ``cat.12.jpg``.
    """

    task: Task | None = None
    columns: Sequence[str] | None = None
    path: str | None = None
    label: str | None = None
    target: str | None = None
    split: str | Sequence[Any] | None = None
    group: str | Sequence[Any] | None = None
    label_separator: str | None = None
    delimiter: str | None = None
    root: Path | None = None
    labels: Any = None
    classes: tuple[str, ...] | None = None
    image_order: str | None = None
    label_order: str | None = None
    class_level: int | None = None
    label_pattern: str | None = None

    def __post_init__(self) -> None:
        for name in ("image_order", "label_order"):
            order = getattr(self, name)
            if order is not None and order not in ORDERS:
                raise SourceError(f"{name}: expected one of {', '.join(ORDERS)}, found {order!r}{_near(order, ORDERS)}")

    def given(self) -> list[str]:
        """Return the names of the options that are set."""
        return [option.name for option in fields(self) if getattr(self, option.name) is not None]

    def column(self, name: str) -> str | None:
        """Return an option that must be a column's name here."""
        value = getattr(self, name)
        if value is None or isinstance(value, str):
            return value
        raise SourceError(f"{name}: expected the name of a column, found {type(value).__name__}")


@dataclass(frozen=True)
class Source:
    """One kind of source: how it is recognised, which options it understands, how it is opened.

    Examples
    --------
    >>> from datacheck.sources import SOURCES
    >>> [source.kind for source in SOURCES][-1]
    'image-folder'
    """

    kind: str
    options: frozenset[str]
    recognises: Callable[[object], bool]
    open: Callable[[Any, SourceOptions], Manifest]

    def check(self, options: SourceOptions) -> None:
        """Raise a `SourceError` for an option that this kind of source does not take."""
        for name in options.given():
            if name not in self.options:
                raise SourceError(
                    f"option {name!r} does not apply to a source of kind {self.kind}, which takes "
                    f"{', '.join(sorted(self.options))}; drop it, or name the right kind with kind="
                )


def as_task(task: Task | str | None) -> Task | None:
    """Return the task that a word names.

    Examples
    --------
    >>> as_task("regression")
    <Task.REGRESSION: 'regression'>
    """
    if task is None or isinstance(task, Task):
        return task
    known = [each.value for each in Task]
    if task not in known:
        raise SourceError(f"task: expected one of {', '.join(known)}, found {task!r}{_near(task, known)}")
    return Task(task)


def as_path(source: object) -> Path | None:
    """Return the path that a source is, where it is one."""
    return Path(source) if isinstance(source, str | Path) else None


def _near(given: object, known: Sequence[str]) -> str:
    return did_you_mean(given, list(known)) if isinstance(given, str) else ""
