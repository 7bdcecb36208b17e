"""Prodigy: a stream for the ``choice`` interface out, ``db-out`` back; both JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datacheck.manifest import Task
from datacheck.relabel.answers import AnswerType
from datacheck.relabel.formats.base import (
    CLASS_TASKS,
    NO_CLASS_WORDS,
    PREFIX,
    Row,
    answer_of,
    problem,
    split_no_class,
    stable_id,
)
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import json_lines, mapping, sequence, text_or_none
from datacheck.relabel.label_text import class_names
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_text

_MAX_TIME = 1e11
"""Seconds since 1970 that a date can be made of."""


@dataclass(frozen=True)
class Prodigy:
    """Tasks with the suggestion chosen beforehand: accept keeps it, reject says none of these, ignore skips."""

    name: str = "prodigy"
    tasks: frozenset[Task] = CLASS_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the stream."""
        words = [*queue.classes, *(PREFIX + word for word in NO_CLASS_WORDS)]
        options = [{"id": word, "text": word} for word in words]
        lines = [_task(row, queue, links, options) for row in queue.rows()]
        write_text(target, "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines))
        return [target]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of ``prodigy db-out``."""
        for entry in json_lines(source):
            row = _answer(mapping(entry), queue.task, annotator)
            if row is not None:
                yield row


def _task(row: Mapping[str, Any], queue: RelabelQueue, links: Links, options: list[dict[str, str]]) -> dict[str, Any]:
    sure = {} if row["confidence"] is None else {"confidence": round(float(row["confidence"]), 4)}
    picture = {"image": links.link(row)} if links.has_picture(row) else {"text": row["reason"]}
    return {
        **picture,
        "options": options,
        "accept": class_names(row["suggested"], queue.task),
        "config": {"choice_style": "multiple" if queue.task is Task.MULTILABEL else "single"},
        "meta": {"rank": row["rank"], "given": row["given"] or "no label", "reason": row["reason"], **sure},
        "datacheck_id": row["sample_id"],
        "datacheck_dataset": queue.identity,
    }


def _answer(entry: Mapping[str, Any], task: Task, annotator: str) -> Row | None:
    """Return the answer of one task, or None where it was not answered yet."""
    sample_id = text_or_none(entry.get("datacheck_id"))
    if sample_id is None:
        return problem("expected a task with 'datacheck_id': this is not a stream that datacheck wrote")
    if "answer" not in entry:
        return None
    who = text_or_none(entry.get("_annotator_id")) or text_or_none(entry.get("_session_id")) or annotator
    row: Row = {
        "answer_id": f"prodigy:{stable_id(sample_id, who)}",
        "sample_id": sample_id,
        "annotator": who,
        "answered_at": _time(entry.get("_timestamp")),
        "tool": "prodigy",
        "where": f"task of {sample_id!r}",
        "dataset": text_or_none(entry.get("datacheck_dataset")),
    }
    match entry["answer"]:
        case "accept":
            return {
                **row,
                **answer_of(
                    *split_no_class(sequence(entry.get("accept"))), task, empty="it was accepted without an option"
                ),
            }
        case "reject":
            return {**row, "answer": AnswerType.NONE_OF_THESE.value, "label": None}
        case "ignore":
            return {**row, "answer": AnswerType.SKIP.value, "label": None}
        case other:
            return {**row, **problem(f"expected the answer accept, reject or ignore, found {str(other)[:40]!r}")}


def _time(value: Any) -> str | None:
    if not isinstance(value, int | float) or not 0 <= value < _MAX_TIME:
        return None
    return datetime.fromtimestamp(value, UTC).isoformat()


FORMAT = Prodigy()
