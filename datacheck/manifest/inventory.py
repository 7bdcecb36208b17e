"""What a source read of a dataset, and what it did not: every file and every column is on one of two lists."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

MOST_EXAMPLES = 3
"""Names kept of many files: enough to find them again."""


NO_IMAGE = "no image has this name"
"""Why a label file was not read that has no image: DC102 names these files."""


class ItemKind(StrEnum):
    """What an item of the inventory is."""

    FILE = "file"
    FOLDER = "folder"
    COLUMN = "column"
    ARRAY = "array"
    """Of a call: images, labels and the like that are in memory."""
    FIELD = "field"
    """A part of each item of a Dataset: ``item[0]``, ``item['image']``."""


class HoldsLabels(StrEnum):
    """Whether something that was not read holds labels of the samples."""

    NO = "no"
    MAYBE = "maybe"
    """Its name or type allows it: a table beside the images, a column of words."""
    YES = "yes"
    """Its name and content show it: a box file for each image, a list of these very images. An audit that leaves it
    unread has not judged the labels, so its result is not green."""


@dataclass(frozen=True)
class Remedy:
    """How to have something read: what to add to the call, or the whole call.

    Attributes
    ----------
    command_line
        Options of ``datacheck audit``, such as ``--label species``, or a whole command that starts with ``datacheck``.
    python
        The same for ``datacheck.open`` and ``datacheck.audit``, such as ``label='species'``.
    """

    command_line: str
    python: str

    @classmethod
    def option(cls, name: str, value: str | int) -> Remedy:
        """Return the remedy of one option.

        Examples
        --------
        >>> Remedy.option("label_separator", ";")
        Remedy(command_line="--label-separator ';'", python="label_separator=';'")
        """
        return cls(f"--{name.replace('_', '-')} {shlex.quote(str(value))}", f"{name}={value!r}")


@dataclass(frozen=True)
class Used:
    """Files or a column that were read.

    Attributes
    ----------
    name
        A path relative to the source (a folder ends with ``/``), a pattern such as ``*.png``, or a column.
    kind
        What it is.
    role
        What it was read as: ``images``, ``labels``, ``label``, ``split``, ``path`` and so on.
    count
        How many files, or rows with a value.
    examples
        At most `MOST_EXAMPLES` names of files, or values.
    """

    name: str
    kind: ItemKind
    role: str
    count: int = 1
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unread:
    """Files or a column that were not read.

    Attributes
    ----------
    name, kind, count, examples
        As in `Used`.
    reason
        Why it was not read, as the end of the sentence "NAME was not read: ...".
    labels
        Whether it holds labels of the samples.
    remedy
        How to have it read; None where nothing needs to be done, or nothing can be.
    """

    name: str
    kind: ItemKind
    reason: str
    labels: HoldsLabels = HoldsLabels.NO
    count: int = 1
    examples: tuple[str, ...] = ()
    remedy: Remedy | None = None


@dataclass(frozen=True)
class Question:
    """What the source decided but may be wrong about, such as a dataset of a single class.

    Attributes
    ----------
    text
        What was found and how it was read, one sentence without the full stop.
    remedy
        How to say otherwise; None where the files themselves must change.
    unjudged
        Whether the labels are not judged until it is answered: then the result of an audit is not green.
    """

    text: str
    remedy: Remedy | None = None
    unjudged: bool = False


@dataclass(frozen=True)
class Inventory:
    """What was read of a dataset, what was not, and what is in question.

    Examples
    --------
    >>> table = Unread("labels.csv", ItemKind.FILE, "the class folders say the labels", HoldsLabels.MAYBE)
    >>> inventory = Inventory(used=(Used("*.png", ItemKind.FILE, "images", 60),), unread=(table,))
    >>> inventory.unread_labels, [each.name for each in inventory.perhaps_labels]
    ((), ['labels.csv'])
    >>> Inventory.from_json(inventory.to_json()) == inventory
    True
    """

    used: tuple[Used, ...] = ()
    unread: tuple[Unread, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def unread_labels(self) -> tuple[Unread, ...]:
        """What holds labels and was not read; where there is any, the result of an audit is not green."""
        return tuple(item for item in self.unread if item.labels is HoldsLabels.YES)

    @property
    def perhaps_labels(self) -> tuple[Unread, ...]:
        """What may hold labels and was not read."""
        return tuple(item for item in self.unread if item.labels is HoldsLabels.MAYBE)

    def __add__(self, other: Inventory) -> Inventory:
        """Return both lists one after the other, each item once."""
        return Inventory(
            tuple(dict.fromkeys(self.used + other.used)),
            tuple(dict.fromkeys(self.unread + other.unread)),
            tuple(dict.fromkeys(self.questions + other.questions)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the inventory as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Inventory:
        """Return the inventory that `to_json` wrote."""
        return cls(
            used=tuple(
                Used(**{**item, "kind": ItemKind(item["kind"]), "examples": tuple(item["examples"])})
                for item in value["used"]
            ),
            unread=tuple(
                Unread(
                    **{
                        **item,
                        "kind": ItemKind(item["kind"]),
                        "labels": HoldsLabels(item["labels"]),
                        "examples": tuple(item["examples"]),
                        "remedy": _remedy(item["remedy"]),
                    }
                )
                for item in value["unread"]
            ),
            questions=tuple(Question(**{**item, "remedy": _remedy(item["remedy"])}) for item in value["questions"]),
        )


def _remedy(value: Mapping[str, str] | None) -> Remedy | None:
    return None if value is None else Remedy(**value)


def examples_of(names: Iterable[str] | Sequence[str]) -> tuple[str, ...]:
    """Return the first `MOST_EXAMPLES` names.

    Examples
    --------
    >>> examples_of(["a", "b", "c", "d"])
    ('a', 'b', 'c')
    """
    return tuple(name for name, _ in zip(names, range(MOST_EXAMPLES), strict=False))
