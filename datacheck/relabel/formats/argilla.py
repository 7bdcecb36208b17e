"""Argilla: records as JSON, in both directions (``dataset.records.from_json`` and ``to_json``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from datacheck.relabel.formats.reading import json_items, mapping, sequence, text_or_none
from datacheck.relabel.label_text import class_names
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_text
from datacheck.text import listed

QUESTION = "label"
"""The name of the question in the dataset's settings."""


@dataclass(frozen=True)
class Argilla:
    """Records with a suggestion each, and the settings of the dataset beside them.

    The dataset has an image field ``image``, a text field ``reason`` and a label (or multi-label) question ``label``
    with the labels in ``<name>.settings.json``.
    """

    name: str = "argilla"
    tasks: frozenset[Task] = CLASS_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the records, and the labels of the question as ``<name>.settings.json``."""
        records = [_record(row, queue, links) for row in queue.rows()]
        settings = {
            "fields": [{"name": "image", "type": "image"}, {"name": "reason", "type": "text"}],
            "question": {
                "name": QUESTION,
                "type": "label" if queue.task is Task.CLASSIFICATION else "multi-label",
                "labels": [*queue.classes, *(PREFIX + word for word in NO_CLASS_WORDS)],
            },
        }
        settings_path = target.with_name(f"{target.stem}.settings.json")
        write_text(settings_path, json.dumps(settings, indent=1, ensure_ascii=False) + "\n")
        write_text(target, json.dumps(records, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        return [target, settings_path]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers in a file of records."""
        for entry in json_items(source):
            yield from _answers(mapping(entry), queue.task, annotator)


def _record(row: Mapping[str, Any], queue: RelabelQueue, links: Links) -> dict[str, Any]:
    names = class_names(row["suggested"], queue.task)
    suggestion: dict[str, Any] = {"value": names if queue.task is Task.MULTILABEL else next(iter(names), None)}
    if row["confidence"] is not None:
        sure = round(float(row["confidence"]), 6)
        suggestion["score"] = [sure] * len(names) if queue.task is Task.MULTILABEL else sure
    suggestion["agent"] = "datacheck"
    return {
        "id": row["sample_id"],
        "fields": {
            **({"image": links.link(row)} if links.has_picture(row) else {}),
            "reason": row["reason"],
        },
        "metadata": {"rank": row["rank"], "given": row["given"] or "", "datacheck_dataset": queue.identity},
        "suggestions": {QUESTION: suggestion} if names else {},
        "responses": {},
        "vectors": {},
    }


def _answers(entry: Mapping[str, Any], task: Task, annotator: str) -> Iterator[Row]:
    sample_id, responses = text_or_none(entry.get("id")), entry.get("responses")
    if sample_id is None or not isinstance(responses, dict):
        yield problem("expected a record with 'id' and 'responses': export with dataset.records.to_json")
        return
    others = [name for name in responses if name != QUESTION]
    if others and QUESTION not in responses:
        why = f"it has responses to {listed(others, 3)}, expected the question {QUESTION!r}: name it so in the settings"
        yield {**problem(why, f"record {sample_id!r}"), "sample_id": sample_id}
    for response in map(mapping, sequence(responses.get(QUESTION))):
        user = text_or_none(response.get("user_id")) or annotator
        row: Row = {
            "answer_id": f"argilla:{stable_id(sample_id, user)}",
            "sample_id": sample_id,
            "annotator": user,
            "tool": "argilla",
            "where": f"record {sample_id!r}",
            "dataset": text_or_none(mapping(entry.get("metadata")).get("datacheck_dataset")),
        }
        if response.get("status") == "discarded" or response.get("value") is None:
            yield {**row, "answer": AnswerType.SKIP.value, "label": None}
            continue
        value, empty = response["value"], "the response has no value"
        yield {
            **row,
            **answer_of(*split_no_class(value if isinstance(value, list) else [value]), task, empty=empty),
        }


FORMAT = Argilla()
