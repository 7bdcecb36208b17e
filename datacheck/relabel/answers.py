"""Answers of people: one row for each (annotator, question), whatever tool they came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import RelabelError, did_you_mean
from datacheck.manifest import Task
from datacheck.relabel.queue import RelabelQueue, encode_labels
from datacheck.storage import check_version, read_table, write_table

VERSION = 1
"""Version of ``answers.parquet``."""


class Verdict(StrEnum):
    """What a person said to a question."""

    LABEL = "label"
    SKIP = "skip"
    NONE_OF_THESE = "none-of-these"
    AMBIGUOUS = "ambiguous"


ANSWERS_SCHEMA = pa.schema(
    [
        pa.field("answer_id", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("answered_at", pa.string()),
        pa.field("seconds", pa.float32()),
        pa.field("tool", pa.string(), nullable=False),
        pa.field("comment", pa.string()),
    ]
)
"""Columns of ``answers.parquet``.

``answer_id`` names the answer in its tool, so that fetching twice changes nothing; ``label`` is null unless the verdict
is ``label``; ``answered_at`` is ISO 8601.
"""


@dataclass(frozen=True)
class Refusal:
    """One row of an import that was refused, and why."""

    row: int
    reason: str


@dataclass(frozen=True)
class Answers:
    """Answers to the questions of one queue.

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
        if self.identity and newer.identity and self.identity != newer.identity:
            raise RelabelError(
                f"expected answers about dataset {self.identity}, found answers about {newer.identity}: "
                "they belong to another queue"
            )
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
        return cls(table.replace_schema_metadata(None).cast(ANSWERS_SCHEMA), metadata["identity"])

    def count(self, verdict: Verdict) -> int:
        """How many answers have a verdict."""
        return int(pc.sum(pc.equal(self.table["verdict"], verdict.value)).as_py() or 0)


def accept(rows: Iterable[Mapping[str, Any]], queue: RelabelQueue) -> tuple[Answers, list[Refusal]]:
    """Check the rows of an import one by one against the queue they claim to answer.

    Parameters
    ----------
    rows
        Dictionaries with the columns of `ANSWERS_SCHEMA`.
    queue
        The questions.

    Returns
    -------
    answers, refusals
        What is sound, and each row that is not with its reason. Nothing is half-applied: a refused row leaves no trace.

    Examples
    --------
    >>> from datacheck.relabel.queue import QUEUE_SCHEMA
    >>> queue = RelabelQueue(QUEUE_SCHEMA.empty_table(), Task.CLASSIFICATION, ("cat", "dog"), None, "", None, 0)
    >>> accept([{"answer_id": "1", "sample_id": "x", "annotator": "ann", "verdict": "skip", "tool": "csv"}], queue)[1]
    [Refusal(row=0, reason="sample 'x' is not in the queue")]
    """
    known = set(queue.sample_ids)
    sound: list[Mapping[str, Any]] = []
    refusals: list[Refusal] = []
    for number, row in enumerate(rows):
        reason = why_refused(row, known, queue)
        if reason is None:
            sound.append(_normalised(row, queue))
        else:
            refusals.append(Refusal(number, reason))
    return Answers.from_rows(sound, queue.identity), refusals


def why_refused(row: Mapping[str, Any], known: set[str], queue: RelabelQueue) -> str | None:
    """Return why an answer cannot be taken, or None when it can.

    Besides the columns of `ANSWERS_SCHEMA` a row may have ``problem``, why it is no answer at all, and ``dataset``, the
    identity of the dataset that its question was about.
    """
    if row.get("problem") is not None:
        return str(row["problem"])
    dataset = row.get("dataset")
    if isinstance(dataset, str) and dataset and queue.identity and dataset != queue.identity:
        return f"it answers a question about dataset {_short(dataset)}, this queue is about {_short(queue.identity)}"
    for name in ("answer_id", "sample_id", "annotator", "verdict", "tool"):
        if not isinstance(row.get(name), str) or not row[name]:
            return f"expected text in {name!r}, found {_short(row.get(name))}"
        if not _storable(row[name]):
            return f"expected text that UTF-8 can hold in {name!r}, found {_short(row[name])}"
    if row["sample_id"] not in known:
        return f"sample {_short(row['sample_id'])} is not in the queue"
    try:
        verdict = Verdict(row["verdict"])
    except ValueError:
        words = [known_verdict.value for known_verdict in Verdict]
        return f"expected a verdict among {', '.join(words)}, found {_short(row['verdict'])}"
    label = row.get("label")
    if verdict is not Verdict.LABEL:
        return None if label is None else f"expected no label with the verdict {verdict.value}, found {_short(label)}"
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
        import json

        try:
            names = json.loads(label)
        except (json.JSONDecodeError, RecursionError):
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
    import math

    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
