"""What one person has answered so far; every answer is on disk before the next item is shown."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import RelabelError
from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.relabel.answers import Answers, accept
from datacheck.relabel.formats.base import stable_id
from datacheck.relabel.label_text import class_names
from datacheck.relabel.queue import RelabelQueue
from datacheck.relabel.review.comparison import KEYS, can_compare, comparison_samples, likely_classes

TOOL = "review"


def now() -> str:
    """Return the time, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass
class ReviewSession:
    """The items, the answers of one person, and undo.

    Attributes
    ----------
    queue
        The items.
    path
        ``answers.parquet``; read at the start, and written whole at each answer, so it is never half of one.
    annotator
        Who answers.
    manifest, probe
        For the samples to compare with; None shows none.
    clock
        Returns the time, ISO 8601.

    Examples
    --------
    >>> import tempfile
    >>> from datacheck.relabel.queue import QUEUE_SCHEMA
    >>> row = {"rank": 0, "sample_id": "x", "given": "cat", "error_probability": 0.9, "expected_corrections": 0.9,
    ...        "reason": "", "kind": "suspect", "copies": []}
    >>> import pyarrow as pa
    >>> table = pa.Table.from_pylist([row], schema=QUEUE_SCHEMA)
    >>> queue = RelabelQueue(table, Task.CLASSIFICATION, ("cat", "dog"), None, "", None, 1)
    >>> session = ReviewSession(queue, Path(tempfile.mkdtemp()) / "answers.parquet", "ann")
    >>> session.answer("x", "label", "dog")
    >>> ReviewSession(queue, session.path, "ann").given_answers()
    {'x': ('label', 'dog')}
    """

    queue: RelabelQueue
    path: Path
    annotator: str
    manifest: Manifest | None = None
    probe: ProbeOutputs | None = None
    clock: Callable[[], str] = now
    _undo: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._load()

    def given_answers(self) -> dict[str, tuple[str, str | None]]:
        """Return this person's answer and label by sample id."""
        return {row["sample_id"]: (row["answer"], row["label"]) for row in self._mine()}

    def receive(self, body: Mapping[str, Any]) -> None:
        """Save an answer as the page sends it; see `answer`."""
        self.answer(str(body.get("id")), str(body.get("answer")), body.get("label"), body.get("seconds"))

    def answer(self, sample_id: str, kind: str, label: str | None, seconds: float | None = None) -> None:
        """Save an answer; it replaces this person's earlier one to the same sample.

        Raises
        ------
        RelabelError
            When the sample is not in the queue, or the label is none of the classes.
        """
        row = {
            "answer_id": self._answer_id(sample_id),
            "sample_id": sample_id,
            "annotator": self.annotator,
            "answer": kind,
            "label": label,
            "answered_at": self.clock(),
            "seconds": seconds,
            "tool": TOOL,
        }
        taken, refusals = accept([row], self.queue)
        if refusals:
            raise RelabelError(refusals[0].reason)
        with self._lock:
            answers = self._load()
            earlier = [old for old in answers.table.to_pylist() if old["answer_id"] == row["answer_id"]]
            answers.merge(taken).save(self.path)
            self._undo.append((sample_id, earlier[0] if earlier else None))

    def undo(self) -> str | None:
        """Remove the last answer and return its sample, None where there is none."""
        with self._lock:
            answers = self._load()
            if not self._undo:
                mine = [row for row in answers.table.to_pylist() if self._is_mine(row)]
                if not mine:
                    return None
                self._undo.append((max(mine, key=lambda row: row["answered_at"] or "")["sample_id"], None))
            sample_id, earlier = self._undo.pop()
            number = self._answer_id(sample_id)
            rows = [row for row in answers.table.to_pylist() if row["answer_id"] != number]
            Answers.from_rows([*rows, *([earlier] if earlier else [])], answers.identity).save(self.path)
            return sample_id

    def overview(self) -> dict[str, Any]:
        """Return all items with this person's answers, as the page needs them."""
        mine = self.given_answers()
        precision = self.queue.expected_precision
        return {
            "task": self.queue.task.value,
            "classes": list(self.queue.classes),
            "annotator": self.annotator,
            "worth": self.queue.worth_depth,
            "precision": None
            if precision is None or not math.isfinite(precision.low + precision.high)
            else [precision.value, precision.low, precision.high],
            "items": [
                {
                    "id": row["sample_id"],
                    "given": row["given"],
                    "suggested": row["suggested"],
                    "confidence": row["confidence"],
                    "error_probability": row["error_probability"] if self.queue.calibrated else None,
                    "copies": len(row["copies"]),
                    "check": row["kind"] != "suspect",
                    "answer": mine.get(row["sample_id"]),
                }
                for row in self.queue.rows()
            ],
        }

    def comparison(self, number: int) -> dict[str, Any]:
        """Return the samples to compare item ``number`` with, and the classes to offer first."""
        if not 0 <= number < len(self.queue):
            raise RelabelError(f"expected an item below {len(self.queue)}, found {number}")
        item = self.queue.table.slice(number, 1).to_pylist()[0]
        if self.manifest is None or self.probe is None or not can_compare(self.manifest):
            return {"likely": list(self.queue.classes[:KEYS]), "sides": []}
        position = self._positions
        row = position[item["sample_id"]]
        copies = np.array([position[copy] for copy in item["copies"] if copy in position], dtype=np.int64)
        named = [class_names(item[side], Task.CLASSIFICATION) for side in ("given", "suggested")]
        codes = [self.manifest.classes.index(names[0]) if names else -1 for names in named]
        sides = [
            self._side(title, row, code, copies)
            for title, code in zip(("given", "suggested"), codes, strict=True)
            if code >= 0 and not (title == "suggested" and code == codes[0])
        ]
        likely = [self.manifest.classes[code] for code in likely_classes(row, self.probe, codes)]
        return {"likely": likely, "sides": sides}

    def _side(self, title: str, row: int, code: int, copies: NDArray[np.int64]) -> dict[str, Any]:
        assert self.manifest is not None
        assert self.probe is not None
        found = comparison_samples(row, code, self.manifest, self.probe, leave_out=copies)
        ids = self.manifest.sample_ids.take(found.rows.tolist()).to_pylist()
        return {"side": title, "label": self.manifest.classes[code], "how": found.how, "ids": ids}

    @cached_property
    def _positions(self) -> dict[str, int]:
        assert self.manifest is not None
        return {sample_id: row for row, sample_id in enumerate(self.manifest.sample_ids.to_pylist())}

    def _load(self) -> Answers:
        if not self.path.exists():
            return Answers.empty(self.queue.identity)
        answers = Answers.load(self.path)
        if answers.identity and self.queue.identity and answers.identity != self.queue.identity:
            raise RelabelError(f"{self.path} has answers about another dataset: move the file to another folder")
        return answers

    def _mine(self) -> list[dict[str, Any]]:
        return [row for row in self._load().table.to_pylist() if self._is_mine(row)]

    def _is_mine(self, row: dict[str, Any]) -> bool:
        return bool(row["annotator"] == self.annotator and row["tool"] == TOOL)

    def _answer_id(self, sample_id: str) -> str:
        return f"{TOOL}:{stable_id(sample_id, self.annotator)}"
