"""What every format does, and the words they share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from datacheck.manifest import Task
from datacheck.relabel.answers import Verdict
from datacheck.relabel.formats.links import Links
from datacheck.relabel.queue import RelabelQueue

Row = dict[str, Any]
"""One answer with the columns of `datacheck.relabel.answers.ANSWERS_SCHEMA`.

Besides: ``dataset``, the identity of the dataset that the question was about, and ``problem``, why the row is none.
"""

VERDICT_WORDS: Mapping[str, str] = {"none of these": "none-of-these", "ambiguous": "ambiguous"}
"""How tools show the verdicts that are no label."""

PREFIX = "datacheck: "
"""Told apart from the classes by this prefix in tools that have one list for both."""


class Format(Protocol):
    """One annotation tool's files, in both directions."""

    @property
    def name(self) -> str:
        """The name on the command line."""
        ...

    @property
    def tasks(self) -> frozenset[Task]:
        """The tasks whose questions the tool can ask."""
        ...

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the questions and return the paths written, the main one first."""
        ...

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers in a file of the tool; ``annotator`` where the file does not name one."""
        ...


ALL_TASKS = frozenset({Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION})
CLASS_TASKS = frozenset({Task.CLASSIFICATION, Task.MULTILABEL})


def class_names(label: str | None, task: Task) -> list[str]:
    """Return the class names in a queue's label: none, one, or those of a multilabel answer.

    Examples
    --------
    >>> class_names('["cat", "dog"]', Task.MULTILABEL), class_names("cat", Task.CLASSIFICATION)
    (['cat', 'dog'], ['cat'])
    """
    if label is None:
        return []
    return list(json.loads(label)) if task is Task.MULTILABEL else [label]


def answer_of(names: list[Any], verdicts: list[str], task: Task) -> Row:
    """Return verdict and label of what somebody chose, or the problem with it.

    Examples
    --------
    >>> answer_of(["cat"], [], Task.CLASSIFICATION)
    {'verdict': 'label', 'label': 'cat'}
    >>> answer_of(["cat", "dog"], [], Task.CLASSIFICATION)["problem"]
    "expected one class, found 2: 'cat' and 'dog'"
    """
    if verdicts:
        if names or len(verdicts) > 1:
            return {"problem": f"expected a class or one verdict, found {_listed([*names, *verdicts])}"}
        return {"verdict": verdicts[0], "label": None}
    if task is Task.MULTILABEL:
        return {"verdict": Verdict.LABEL.value, "label": names}
    if len(names) != 1:
        found = "none" if not names else f"{len(names)}: {_listed(names)}"
        return {"problem": f"expected one class, found {found}"}
    return {"verdict": Verdict.LABEL.value, "label": names[0]}


def split_verdicts(words: list[Any]) -> tuple[list[Any], list[str]]:
    """Part the chosen words of one list into class names and verdicts.

    Examples
    --------
    >>> split_verdicts(["cat", "datacheck: none of these"])
    (['cat'], ['none-of-these'])
    """
    known = {PREFIX + shown: verdict for shown, verdict in VERDICT_WORDS.items()}
    verdicts = [known[word] for word in words if isinstance(word, str) and word in known]
    return [word for word in words if not (isinstance(word, str) and word in known)], verdicts


def stable_id(*parts: str) -> str:
    """Return a short name of some words that is the same every time.

    Examples
    --------
    >>> stable_id("a", "b") == stable_id("a", "b") != stable_id("ab", "")
    True
    """
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def problem(text: str) -> Row:
    """Return the row of an entry that is no answer at all."""
    return {"problem": text}


def _listed(names: list[Any]) -> str:
    return " and ".join(repr(name)[:40] for name in names[:4])
