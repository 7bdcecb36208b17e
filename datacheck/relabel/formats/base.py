"""What every format does, and the words that they share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from datacheck.manifest import Task
from datacheck.relabel.answers import AnswerType
from datacheck.relabel.formats.links import Links
from datacheck.relabel.queue import RelabelQueue

Row = dict[str, Any]
"""One answer with the columns of `datacheck.relabel.answers.ANSWERS_SCHEMA`.

Besides: ``dataset``, the identity of the dataset that the item belongs to; ``problem``, why the row is no answer; and
``where``, how the annotation tool names the entry, such as ``task 12``.
"""

NO_CLASS_WORDS: Mapping[str, str] = {"none of these": "none-of-these", "ambiguous": "ambiguous"}
"""How tools show the answers that are no class."""

PREFIX = "datacheck: "
"""Distinguishes them from the classes in tools that have one list for both."""


class Format(Protocol):
    """One annotation tool's files, in both directions."""

    @property
    def name(self) -> str:
        """The name on the command line."""
        ...

    @property
    def tasks(self) -> frozenset[Task]:
        """The tasks that the tool can label."""
        ...

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the items and return the paths written, the main one first."""
        ...

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers in a file of the tool; ``annotator`` where the file does not name one."""
        ...


ALL_TASKS = frozenset({Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION})
CLASS_TASKS = frozenset({Task.CLASSIFICATION, Task.MULTILABEL})


def answer_of(names: list[Any], no_class: list[str], task: Task, *, empty: str = "nothing was chosen") -> Row:
    """Return the answer and label that somebody chose, or the problem with it; ``empty`` says that there is none.

    Examples
    --------
    >>> answer_of(["cat"], [], Task.CLASSIFICATION)
    {'answer': 'label', 'label': 'cat'}
    >>> answer_of(["cat", "dog"], [], Task.CLASSIFICATION)["problem"]
    "expected one class, found 2: 'cat' and 'dog'"
    """
    if no_class:
        if names or len(no_class) > 1:
            return problem(f"expected a class or one of {_joined(list(NO_CLASS_WORDS))}, "
                           f"found {_joined([*names, *no_class])}")  # fmt: skip
        return {"answer": no_class[0], "label": None}
    if task is Task.MULTILABEL:
        return {"answer": AnswerType.LABEL.value, "label": names}
    if not names:
        return problem(empty)
    if len(names) > 1:
        return problem(f"expected one class, found {len(names)}: {_joined(names)}")
    return {"answer": AnswerType.LABEL.value, "label": names[0]}


def split_no_class(words: list[Any]) -> tuple[list[Any], list[str]]:
    """Split the chosen words of one list into class names and answers that are no class.

    Examples
    --------
    >>> split_no_class(["cat", "datacheck: none of these"])
    (['cat'], ['none-of-these'])
    """
    known = {PREFIX + shown: answer for shown, answer in NO_CLASS_WORDS.items()}
    no_class = [known[word] for word in words if isinstance(word, str) and word in known]
    return [word for word in words if not (isinstance(word, str) and word in known)], no_class


def stable_id(*parts: str) -> str:
    """Return a short name of some words that is the same every time.

    Examples
    --------
    >>> stable_id("a", "b") == stable_id("a", "b") != stable_id("ab", "")
    True
    """
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def problem(text: str, where: str = "") -> Row:
    """Return the row of an entry that is no answer; ``where`` is how the tool names it."""
    return {"problem": text, "where": where} if where else {"problem": text}


def _joined(names: list[Any]) -> str:
    return " and ".join(repr(name)[:40] for name in names[:4])
