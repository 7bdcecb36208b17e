"""Answers of annotators: one row for each annotator and sample, from any tool."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.checked import checked
from datacheck.errors import RelabelError, did_you_mean
from datacheck.manifest import Task
from datacheck.relabel.label_text import encode_labels
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import check_version, read_table, reading, write_table

VERSION = 1
"""Version of ``answers.parquet``."""

_SHOWN = 80
"""Characters of a foreign value that a message shows: one line of a terminal."""


class AnswerType(StrEnum):
    """What kind of answer an annotator gave."""

    LABEL = "label"
    SKIP = "skip"
    NONE_OF_THESE = "none-of-these"
    AMBIGUOUS = "ambiguous"


ANSWERS_SCHEMA = pa.schema(
    [
        pa.field("answer_id", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("answered_at", pa.string()),
        pa.field("seconds", pa.float32()),
        pa.field("tool", pa.string(), nullable=False),
        pa.field("comment", pa.string()),
    ]
)
"""Columns of ``answers.parquet``.

``answer_id`` names the answer in its tool, so that fetching twice changes nothing; ``label`` is null unless ``answer``
is ``label``; ``answered_at`` is ISO 8601.
"""


@dataclass(frozen=True)
class Refusal:
    """One entry of an import that was refused.

    Attributes
    ----------
    row
        Its number, from 0.
    reason
        Why, in the words of the annotation tool where it is about the tool.
    sample_id
        The sample that it answers, as far as it names one.
    where
        How the annotation tool names it, such as ``task 12``.
    """

    row: int
    reason: str
    sample_id: str = ""
    where: str = ""

    def __str__(self) -> str:
        place = self.where or f"entry {self.row + 1}"
        return f"{place}, sample {self.sample_id!r}: {self.reason}" if self.sample_id else f"{place}: {self.reason}"


@dataclass(frozen=True)
class Answers:
    """Answers to the items of one queue.

    Attributes
    ----------
    table
        Columns of `ANSWERS_SCHEMA`, ``answer_id`` unique.
    identity
        Identity of the dataset that the queue was made for.
    """

    table: pa.Table
    identity: str = ""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @classmethod
    def empty(cls, identity: str = "") -> Answers:
        """No answers yet."""
        return cls(ANSWERS_SCHEMA.empty_table(), identity)

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], identity: str = "") -> Answers:
        """Build answers from dictionaries; a later row with the same ``answer_id`` replaces the earlier one."""
        latest = {row["answer_id"]: {name: row.get(name) for name in ANSWERS_SCHEMA.names} for row in rows}
        return cls(pa.Table.from_pylist(list(latest.values()), schema=ANSWERS_SCHEMA), identity)

    def merge(self, newer: Answers) -> Answers:
        """Return both; where an ``answer_id`` is in both, the newer answer stands. Merging twice changes nothing.

        Raises
        ------
        RelabelError
            When the answers belong to different datasets.
        """
        check_same_dataset(self.identity, newer.identity)
        return Answers.from_rows([*self.table.to_pylist(), *newer.table.to_pylist()], self.identity or newer.identity)

    def save(self, path: Path) -> None:
        """Write ``answers.parquet``."""
        write_table(path, self.table, {"schema": "datacheck.answers", "version": VERSION, "identity": self.identity})

    @classmethod
    def load(cls, path: Path) -> Answers:
        """Read ``answers.parquet``.

        Raises
        ------
        StorageError
            When the file is missing, damaged, holds no answers, or is of a newer version.
        """
        table, metadata = read_table(path, what="answers")
        check_version(metadata.get("version"), VERSION, what="answers", where=path)
        with reading(path, "answers"):
            return checked(cls(table.replace_schema_metadata(None).cast(ANSWERS_SCHEMA), metadata["identity"]), path)

    def count(self, kind: AnswerType) -> int:
        """How many answers are of a kind."""
        return int(pc.sum(pc.equal(self.table["answer"], kind.value)).as_py() or 0)


def check_same_dataset(known: str, newer: str) -> None:
    """Raise `RelabelError` where both answers name their dataset and it is not the same one."""
    if known and newer and known != newer:
        raise RelabelError(
            f"expected answers about dataset {known}, found answers about {newer}: they belong to another queue"
        )


def accept(rows: Iterable[Mapping[str, Any]], queue: RelabelQueue) -> tuple[Answers, list[Refusal]]:
    """Check the rows of an import one by one against the queue.

    Parameters
    ----------
    rows
        Dictionaries with the columns of `ANSWERS_SCHEMA`, and those of `why_refused`.
    queue
        The items that they answer.

    Returns
    -------
    answers, refusals
        What is sound, and each row that is not with its reason. Nothing is half-applied: a refused row leaves no trace.

    Examples
    --------
    >>> from datacheck.relabel.queue import QUEUE_SCHEMA
    >>> queue = RelabelQueue(QUEUE_SCHEMA.empty_table(), Task.CLASSIFICATION, ("cat", "dog"), None, "", None, 0)
    >>> row = {"answer_id": "1", "sample_id": "x", "annotator": "ann", "answer": "skip", "tool": "csv"}
    >>> str(accept([row], queue)[1][0])
    "entry 1, sample 'x': the sample is not in the queue"
    """
    known = set(queue.sample_ids)
    sound: list[Mapping[str, Any]] = []
    refusals: list[Refusal] = []
    for number, row in enumerate(rows):
        reason = why_refused(row, known, queue)
        if reason is None:
            sound.append(_normalised(row, queue))
        else:
            refusals.append(Refusal(number, reason, _name(row.get("sample_id")), _name(row.get("where"))))
    return Answers.from_rows(sound, queue.identity), refusals


def why_refused(row: Mapping[str, Any], known: set[str], queue: RelabelQueue) -> str | None:
    """Return why an answer cannot be taken, or None when it can.

    Besides the columns of `ANSWERS_SCHEMA` a row may have ``problem``, why it is no answer, ``dataset``, the identity
    of the dataset that its item belongs to, and ``where``, how the annotation tool names it.
    """
    if row.get("problem") is not None:
        return str(row["problem"])
    dataset = row.get("dataset")
    if isinstance(dataset, str) and dataset and queue.identity and dataset != queue.identity:
        return f"it belongs to dataset {_short(dataset)}, the queue to {_short(queue.identity)}"
    for name in ("answer_id", "sample_id", "annotator", "answer", "tool"):
        if not isinstance(row.get(name), str) or not row[name]:
            return f"expected text in {name!r}, found {_short(row.get(name))}"
        if not _storable(row[name]):
            return f"expected text that UTF-8 can hold in {name!r}, found {_short(row[name])}"
    if row["sample_id"] not in known:
        return "the sample is not in the queue"
    try:
        kind = AnswerType(row["answer"])
    except ValueError:
        return f"expected an answer among {', '.join(AnswerType)}, found {_short(row['answer'])}"
    label = row.get("label")
    if kind is not AnswerType.LABEL:
        return None if label is None else f"expected no label with the answer {kind.value}, found {_short(label)}"
    return _why_label_refused(label, queue)


def _why_label_refused(label: object, queue: RelabelQueue) -> str | None:
    if queue.task is Task.REGRESSION:
        return None if _is_number(label) else f"expected a number, found {_short(label)}"
    names = _label_names(label, queue.task)
    if names is None:
        return f"expected a class name, found {_short(label)}"
    unknown = [name for name in names if name not in queue.classes]
    if unknown:
        return f"label {_short(unknown[0])} is not among the {len(queue.classes)} classes" + did_you_mean(
            unknown[0][:100], queue.classes
        )
    return None


def _label_names(label: object, task: Task) -> list[str] | None:
    """Return the class names of an answer, or None when it is none."""
    if task is Task.CLASSIFICATION:
        return [label] if isinstance(label, str) else None
    names: object = label
    if isinstance(label, str):
        try:
            names = json.loads(label)
        except (ValueError, RecursionError):
            return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _normalised(row: Mapping[str, Any], queue: RelabelQueue) -> dict[str, Any]:
    label = row.get("label")
    if label is not None and queue.task is Task.MULTILABEL:
        label = encode_labels(sorted(set(_label_names(label, queue.task) or [])))
    elif label is not None and queue.task is Task.REGRESSION:
        label = f"{float(label):.12g}"
    seconds = row.get("seconds")
    return {
        **row,
        "label": label,
        "seconds": float(seconds) if _is_number(seconds) else None,  # type: ignore[arg-type]
        "answered_at": _text(row.get("answered_at")),
        "comment": _text(row.get("comment")),
    }


def _name(value: object) -> str:
    """Return what names an entry in a message."""
    text = value if isinstance(value, str) else ""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and _storable(value) else None


def _storable(text: str) -> bool:
    """Whether UTF-8 can hold a text: JSON can name halves of surrogate pairs, which Arrow cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        return math.isfinite(float(value))
    except (ValueError, OverflowError):
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
