"""Labelbox: predictions to import as NDJSON out, the project's export as NDJSON back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.manifest import Task
from datacheck.relabel.answers import AnswerType
from datacheck.relabel.formats.base import (
    ALL_TASKS,
    NO_CLASS_WORDS,
    PREFIX,
    Row,
    answer_of,
    problem,
    split_no_class,
)
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import json_lines, mapping, seconds_or_none, sequence, text_or_none
from datacheck.relabel.label_text import class_names
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_text
from datacheck.text import listed

QUESTION = "label"
"""The name of the classification in the project's ontology."""

_NAMESPACE = uuid.UUID("5f6de6cf-6d1c-5f0b-8f0c-9a6c4f2b7d11")


@dataclass(frozen=True)
class Labelbox:
    """Suggestions for model-assisted labelling; a sample's id is its data row's global key.

    The ontology's radio (or checklist, or text) is named ``label``; its options are the classes,
    ``datacheck: none of these`` and ``datacheck: ambiguous``.
    """

    name: str = "labelbox"
    tasks: frozenset[Task] = ALL_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the predictions, with the data rows and the ontology to make the project of beside them."""
        items = queue.rows()
        data_rows = [_data_row(row, queue, links) for row in items]
        lines = [_prediction(row, queue) for row in items if row["suggested"] is not None]
        rows_path = target.with_name(f"{target.stem}.data-rows.json")
        ontology_path = target.with_name(f"{target.stem}.ontology.json")
        write_text(rows_path, json.dumps(data_rows, indent=1, ensure_ascii=False) + "\n")
        write_text(ontology_path, json.dumps(_ontology(queue), indent=1, ensure_ascii=False) + "\n")
        write_text(target, "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines))
        return [target, rows_path, ontology_path]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of an export of the project."""
        for entry in json_lines(source):
            yield from _answers(mapping(entry), queue.task, annotator)


def _data_row(row: Mapping[str, Any], queue: RelabelQueue, links: Links) -> dict[str, Any]:
    return {
        "row_data": links.link(row) if links.has_picture(row) else row["reason"],
        "global_key": row["sample_id"],
        "external_id": f"{row['rank']:09d}",
        "attachments": [{"type": "RAW_TEXT", "value": row["reason"]}],
    }


def _prediction(row: Mapping[str, Any], queue: RelabelQueue) -> dict[str, Any]:
    names = class_names(row["suggested"], queue.task)
    sure = {} if row["confidence"] is None else {"confidence": round(float(row["confidence"]), 6)}
    answer: Any = {"name": names[0], **sure} if names else {}
    if queue.task is Task.MULTILABEL:
        answer = [{"name": name, **sure} for name in names]
    elif queue.task is Task.REGRESSION:
        answer = row["suggested"]
    return {
        "name": QUESTION,
        "answer": answer,
        "uuid": str(uuid.uuid5(_NAMESPACE, f"{queue.identity}\0{row['sample_id']}")),
        "dataRow": {"globalKey": row["sample_id"]},
    }


def _ontology(queue: RelabelQueue) -> dict[str, Any]:
    kind = {Task.CLASSIFICATION: "radio", Task.MULTILABEL: "checklist", Task.REGRESSION: "text"}[queue.task]
    words = [] if kind == "text" else [*queue.classes, *(PREFIX + word for word in NO_CLASS_WORDS)]
    options = [{"label": word, "value": word} for word in words]
    question = {"type": kind, "name": QUESTION, "instructions": QUESTION, "required": True, "options": options}
    return {"tools": [], "classifications": [question]}


def _answers(entry: Mapping[str, Any], task: Task, annotator: str) -> Iterator[Row]:
    sample_id = text_or_none(mapping(entry.get("data_row")).get("global_key"))
    if sample_id is None or not isinstance(entry.get("projects"), dict):
        yield problem("expected 'data_row' with its 'global_key' and 'projects': export the project as NDJSON")
        return
    for project in map(mapping, entry["projects"].values()):
        for label in map(mapping, sequence(project.get("labels"))):
            details = mapping(label.get("label_details"))
            number = text_or_none(label.get("id"))
            row: Row = {
                "answer_id": None if number is None else f"labelbox:{number}",
                "sample_id": sample_id,
                "annotator": text_or_none(details.get("created_by")) or annotator,
                "answered_at": text_or_none(details.get("updated_at")) or text_or_none(details.get("created_at")),
                "seconds": seconds_or_none(mapping(label.get("performance_details")).get("seconds_to_create")),
                "tool": "labelbox",
                "where": f"label {number}" if number else "a label",
            }
            if mapping(label.get("performance_details")).get("skipped") is True:
                yield {**row, "answer": AnswerType.SKIP.value, "label": None}
            else:
                yield {**row, **_chosen(mapping(label.get("annotations")), task)}


def _chosen(annotations: Mapping[str, Any], task: Task) -> Row:
    words: list[Any] = []
    others: list[str] = []
    for question in map(mapping, sequence(annotations.get("classifications"))):
        if question.get("name") != QUESTION:
            others.append(str(question.get("name")))
            continue
        if "radio_answer" in question:
            words.append(mapping(question["radio_answer"]).get("name"))
        elif "text_answer" in question:
            words.append(mapping(question["text_answer"]).get("content"))
        else:
            words += [mapping(answer).get("name") for answer in sequence(question.get("checklist_answers"))]
    empty = f"the classification {QUESTION!r} has no answer"
    if others:
        empty = f"it has the classification {listed(others, 3)}, expected {QUESTION!r}: name it so in the ontology"
        if not words:
            return problem(empty)
    return answer_of(*split_no_class(words), task, empty=empty)


FORMAT = Labelbox()
