"""Label Studio: tasks and labelling config out, the JSON export back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from datacheck.manifest import Task
from datacheck.relabel.answers import AnswerType
from datacheck.relabel.formats.base import ALL_TASKS, NO_CLASS_WORDS, Row, answer_of, problem
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import json_items, mapping, seconds_or_none, sequence, text_or_none
from datacheck.relabel.label_text import class_names
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_text
from datacheck.text import listed

LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files below its document root."""

MODEL_VERSION = "datacheck"

LABEL = "label"
"""The control with the classes, or the number."""

NO_CLASS = "no_class"
"""The control with the answers that are no class."""

_MANY = 24
"""Classes beyond which the config offers a search: more buttons do not fit on a screen."""


@dataclass(frozen=True)
class LabelStudio:
    """Tasks as JSON with the config beside them; answers from ``Export > JSON``, which keeps skipped tasks."""

    name: str = "label-studio"
    tasks: frozenset[Task] = ALL_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the tasks, and the labelling config as ``<name>.config.xml``."""
        config = target.with_name(f"{target.stem}.config.xml")
        tasks = [task(row, queue, links) for row in queue.rows()]
        write_text(config, labelling_config(queue))
        write_text(target, json.dumps(tasks, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        return [target, config]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of a JSON export."""
        return answers_of(json_items(source), queue, {}, annotator)


def task(item: Mapping[str, Any], queue: RelabelQueue, links: Links) -> dict[str, Any]:
    """Return one item as a task; its place in the queue is the prediction's score, by which tasks can be sorted."""
    data = {
        "image": image_link(item, links) if links.has_picture(item) else "",
        "datacheck_id": item["sample_id"],
        "datacheck_dataset": queue.identity,
        "rank": item["rank"],
        "given": shown(item["given"], queue.task),
        "suggested": shown(item["suggested"], queue.task),
        "reason": item["reason"],
    }
    return task_with(data, _suggestion(item, queue.task), n_items=len(queue))


def task_with(data: Mapping[str, Any], result: list[dict[str, Any]], *, n_items: int) -> dict[str, Any]:
    """Return a task with its prediction; the score is higher the earlier its ``rank`` among the items of the queue."""
    priority = 1.0 - data["rank"] / max(1, n_items)
    return {
        "data": data,
        "predictions": [{"model_version": MODEL_VERSION, "score": round(priority, 9), "result": result}],
    }


def image_link(item: Mapping[str, Any], links: Links) -> str:
    """Return the picture's address; by path it is one below Label Studio's document root."""
    if links.manner != "path":
        return links.link(item)
    return LOCAL_FILES + quote(links.served(item))


def shown(label: str | None, task: Task) -> str:
    """Return a label as people read it."""
    return ", ".join(class_names(label, task)) if label is not None else "no label"


def _suggestion(item: Mapping[str, Any], task: Task) -> list[dict[str, Any]]:
    suggested = item["suggested"]
    if suggested is None:
        return []
    result: dict[str, Any] = {"id": "suggestion", "from_name": LABEL, "to_name": "image"}
    if task is Task.REGRESSION:
        return [{**result, "type": "number", "value": {"number": float(suggested)}}]
    result |= {"type": "choices", "value": {"choices": class_names(suggested, task)}}
    if item["confidence"] is not None:
        result["score"] = round(float(item["confidence"]), 6)
    return [result]


def labelling_config(queue: RelabelQueue, *, max_width: int = 560) -> str:
    """Return the labelling config: the picture (never so tall that the choices leave the screen), reason, answers.

    Examples
    --------
    >>> from datacheck.relabel.queue import QUEUE_SCHEMA
    >>> queue = RelabelQueue(QUEUE_SCHEMA.empty_table(), Task.CLASSIFICATION, ("a<b", "dog"), None, "", None, 0)
    >>> '<Choice value="a&lt;b" hotkey="1"/>' in labelling_config(queue)
    True
    """
    no_class = "".join(
        f'    <Choice value="{word}" hotkey="{key}"/>\n' for word, key in zip(NO_CLASS_WORDS, "na", strict=True)
    )
    return (
        "<View>\n"
        '  <Text name="reason" value="$reason"/>\n'
        f'  <Image name="image" value="$image" maxWidth="{max_width}px" zoom="true" zoomControl="true"/>\n'
        f"{_control(queue)}"
        f'  <Choices name="{NO_CLASS}" toName="image" choice="single-radio" showInline="true">\n'
        f"{no_class}"
        "  </Choices>\n"
        "</View>\n"
    )


def _control(queue: RelabelQueue) -> str:
    if queue.task is Task.REGRESSION:
        return '  <Number name="label" toName="image"/>\n'
    choice = "multiple" if queue.task is Task.MULTILABEL else "single"
    many = len(queue.classes) > _MANY
    choices = named_elements("Choice", queue.classes)
    search = '  <Filter name="search" toName="label" minlength="0" placeholder="search the classes"/>\n' if many else ""
    return (
        f'{search}  <Choices name="label" toName="image" choice="{choice}" showInline="true">\n{choices}  </Choices>\n'
    )


def named_elements(element: str, names: Sequence[str]) -> str:
    """Return an element a name, the first nine with their number as the key."""
    keys = [f' hotkey="{number}"' if number <= 9 else "" for number in range(1, len(names) + 1)]
    return "".join(f"    <{element} value={quoteattr(name)}{key}/>\n" for name, key in zip(names, keys, strict=True))


def answers_of(tasks: Iterator[Any], queue: RelabelQueue, people: Mapping[int, str], annotator: str) -> Iterator[Row]:
    """Yield an answer for each annotation of each exported task; ``people`` names the users by their number."""
    for entry in tasks:
        found = mapping(entry)
        data = mapping(found.get("data"))
        if "annotations" not in found:
            yield problem(
                "expected a task with 'annotations': export as JSON (JSON-MIN and CSV leave out skipped tasks)",
                task_name(found),
            )
            continue
        for annotation in map(mapping, sequence(found["annotations"])):
            yield _answer(annotation, found, data, queue, people, annotator)


def _answer(
    annotation: Mapping[str, Any],
    task: Mapping[str, Any],
    data: Mapping[str, Any],
    queue: RelabelQueue,
    people: Mapping[int, str],
    annotator: str,
) -> Row:
    row = submission_about(annotation, task, data, people, annotator)
    if annotation.get("was_cancelled") is True:
        return {**row, "answer": AnswerType.SKIP.value, "label": None}
    return {**row, **_result(sequence(annotation.get("result")), queue.task)}


def submission_about(
    annotation: Mapping[str, Any],
    task: Mapping[str, Any],
    data: Mapping[str, Any],
    people: Mapping[int, str],
    annotator: str,
) -> Row:
    """Return who gave an annotation, when, to which sample, and its id in Label Studio."""
    number = annotation.get("id")
    return {
        "answer_id": f"label-studio:{task.get('project', '')}:{number}" if isinstance(number, int) else None,
        "sample_id": data.get("datacheck_id"),
        "annotator": _who(annotation.get("completed_by"), people, annotator),
        "answered_at": text_or_none(annotation.get("updated_at")) or text_or_none(annotation.get("created_at")),
        "seconds": seconds_or_none(annotation.get("lead_time")),
        "tool": "label-studio",
        "where": task_name(task),
        "dataset": text_or_none(data.get("datacheck_dataset")),
    }


def _result(results: list[Any], task: Task) -> Row:
    names: list[Any] = []
    no_class: list[str] = []
    others: list[str] = []
    for result in map(mapping, results):
        value = mapping(result.get("value"))
        if result.get("from_name") == NO_CLASS:
            no_class += [NO_CLASS_WORDS.get(str(word), str(word)) for word in sequence(value.get("choices"))]
        elif result.get("from_name") == LABEL:
            names += [value["number"]] if "number" in value else sequence(value.get("choices"))
        else:
            others.append(str(result.get("from_name")))
    if others and not names and not no_class:
        return problem(
            f"its result is of the control {listed(others, 3)}, expected {LABEL!r}: use the labelling config that "
            "datacheck wrote"
        )
    return answer_of(names, no_class, task, empty="the annotation was submitted without a choice")


def task_name(task: Mapping[str, Any]) -> str:
    """Return how Label Studio names a task."""
    number = task.get("id")
    return f"task {number}" if isinstance(number, int) else ""


def _who(user: Any, people: Mapping[int, str], annotator: str) -> str:
    if isinstance(user, dict):
        return text_or_none(user.get("email")) or _who(user.get("id"), people, annotator)
    if isinstance(user, int):
        return people.get(user, f"user {user}")
    return annotator


FORMAT = LabelStudio()
