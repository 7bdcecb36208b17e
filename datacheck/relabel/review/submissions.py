"""What the review pages of boxes and of masks share: one person's submissions, saved at once, and undo."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from datacheck.errors import RelabelError
from datacheck.relabel.answers import Refusal
from datacheck.relabel.formats.base import stable_id
from datacheck.relabel.formats.reading import seconds_or_none
from datacheck.relabel.review.session import now
from datacheck.relabel.submissions import Row, Submissions

TOOL = "review"

S = TypeVar("S", bound=Submissions)

Accept = Callable[[Iterable[Mapping[str, Any]]], tuple[S, list[Refusal]]]


@dataclass
class PersonsAnswers(Generic[S]):
    """One person's answers in a file that is written whole at each answer.

    Attributes
    ----------
    kind
        What the answers are.
    path
        Their file.
    identity
        Identity of the dataset.
    annotator
        Who answers.
    clock
        Returns the time, ISO 8601.
    """

    kind: type[S]
    path: Path
    identity: str
    annotator: str
    clock: Callable[[], str] = now
    _undo: list[tuple[str, list[Row]]] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def about(self, item: str, seconds: Any) -> dict[str, Any]:
        """Return the columns that all rows of an answer to an item share."""
        return {
            "submission": self._submission(item),
            "annotator": self.annotator,
            "answered_at": self.clock(),
            "seconds": seconds_or_none(seconds),
            "tool": TOOL,
        }

    def save(self, item: str, rows: Iterable[Mapping[str, Any]], accept: Accept[S]) -> None:
        """Save the answer to an item in place of the earlier one.

        Raises
        ------
        RelabelError
            When a row is refused; nothing is saved then.
        """
        taken, refusals = accept(rows)
        if refusals:
            raise RelabelError(refusals[0].reason)
        with self._lock:
            answers = self.load()
            answers.merge(taken).save(self.path)
            self._undo.append((item, self._rows(answers, item)))

    def given(self, items: Iterable[str]) -> dict[str, list[Row]]:
        """Return this person's rows by item; items without an answer are left out."""
        named = {self._submission(item): item for item in items}
        found: dict[str, list[Row]] = {}
        for row in self.load().table.to_pylist():
            if row["submission"] in named:
                found.setdefault(named[row["submission"]], []).append(row)
        return found

    def undo(self) -> str | None:
        """Take the last answer back and return its item, None where there is none."""
        with self._lock:
            if not self._undo:
                return None
            item, earlier = self._undo.pop()
            answers, name = self.load(), self._submission(item)
            rows = [row for row in answers.table.to_pylist() if row["submission"] != name]
            self.kind.from_rows([*rows, *earlier], answers.identity).save(self.path)
            return item

    def load(self) -> S:
        """Return all answers of the file.

        Raises
        ------
        RelabelError
            When they are about another dataset.
        """
        if not self.path.exists():
            return self.kind.from_rows([], self.identity)
        answers = self.kind.load(self.path)
        if answers.identity and self.identity and answers.identity != self.identity:
            raise RelabelError(f"{self.path} has answers about another dataset: move the file to another folder")
        return answers

    def _rows(self, answers: S, item: str) -> list[Row]:
        name = self._submission(item)
        return [row for row in answers.table.to_pylist() if row["submission"] == name]

    def _submission(self, item: str) -> str:
        return f"{TOOL}:{stable_id(item, self.annotator)}"
