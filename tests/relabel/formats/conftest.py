"""A small folder of pictures with names that trip people up, its queue, and the tools as simulated people use them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from datacheck.manifest import Task
from datacheck.relabel.formats.base import NO_CLASS_WORDS, PREFIX
from datacheck.relabel.formats.csv import shielded
from datacheck.relabel.queue import QUEUE_SCHEMA, RelabelQueue

CLASSES = ("bird", "cat & dog", '=HYPERLINK("x")', "<img src=x onerror=alert(1)>", "ünï", "'quoted'", "none of these")
NAMES = ("plain.png", "with space.png", "a#b?c=d&e.png", "ünï/ç.png", "a'b\"c.png", "=1+1.png", "-x.png", "d/e/f.png")
SHOWN = {kind: word for word, kind in NO_CLASS_WORDS.items()}

Answer = tuple[str, str | None]
"""AnswerType and label."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    for number, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20 + number, 30), (number * 20, 0, 0)).save(folder / name)
    return folder


def make_queue(root: Path | None, task: Task = Task.CLASSIFICATION, names: tuple[str, ...] = NAMES) -> RelabelQueue:
    rng = np.random.default_rng(0)
    given: list[str | None] = []
    for number in range(len(names)):
        label = CLASSES[number % len(CLASSES)]
        given.append(
            {
                Task.CLASSIFICATION: label,
                Task.MULTILABEL: json.dumps([label], ensure_ascii=False),
                Task.REGRESSION: f"{number / 4:g}",
            }[task]
        )
    suggested: list[str | None] = [*given[1:], None]
    table = pa.table(
        {
            "rank": range(len(names)),
            "sample_id": [f"id of {name}" for name in names],
            "uri": pa.array(names if root is not None else [None] * len(names), pa.string()),
            "given": given,
            "suggested": suggested,
            "confidence": [None if one is None else float(rng.random()) for one in suggested],
            "error_probability": np.linspace(0.9, 0.1, len(names), dtype=np.float32),
            "expected_corrections": np.linspace(0.9, 0.1, len(names), dtype=np.float32),
            "reason": [f"labelled {one}, <b>really</b>?" for one in given],
            "kind": ["suspect"] * len(names),
            "gold": pa.nulls(len(names), pa.string()),
            "copies": [[]] * len(names),
            "suspicion_rank": pa.nulls(len(names)),
            "inclusion_probability": pa.nulls(len(names)),
            "copy_ranks": pa.nulls(len(names)),
        },
        schema=QUEUE_SCHEMA,
    )
    return RelabelQueue(table, task, CLASSES, root, "1f3a", None, len(names))


@pytest.fixture
def queue(root: Path) -> RelabelQueue:
    return make_queue(root)


def choices(answer: Answer, task: Task) -> list[str]:
    """What a person picks in a tool that has one list for classes and other answers."""
    kind, label = answer
    if kind != "label":
        return [PREFIX + SHOWN.get(kind, kind)]
    assert label is not None
    return list(json.loads(label)) if task is Task.MULTILABEL else [label]


def fill_sheet(path: Path, answers: Mapping[str, Answer], task: Task) -> Path:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        sample_id = row["sample_id"].removeprefix("'") if row["sample_id"][:1] == "'" else row["sample_id"]
        if sample_id in answers:
            kind, label = answers[sample_id]
            row |= {"answer": "" if kind == "label" else kind, "label": shielded(label or "")}
        writer.writerow(row)
    path.write_text("\ufeff" + stream.getvalue(), newline="")
    return path


def fill_parquet(path: Path, answers: Mapping[str, Answer], task: Task) -> Path:
    table = pq.read_table(path)
    rows = table.to_pylist()
    for row in rows:
        if row["sample_id"] in answers:
            row["answer"], row["label"] = answers[row["sample_id"]]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    return path


def fill_label_studio(path: Path, answers: Mapping[str, Answer], task: Task) -> Path:
    exported = []
    for number, one in enumerate(json.loads(path.read_text()), start=1):
        sample_id = one["data"]["datacheck_id"]
        annotations = []
        if sample_id in answers:
            kind, label = answers[sample_id]
            result: list[dict[str, Any]] = []
            if kind in SHOWN:
                value: dict[str, Any] = {"choices": [SHOWN[kind]]}
                result = [{"from_name": "no_class", "to_name": "image", "type": "choices", "value": value}]
            elif kind == "label":
                value = (
                    {"number": float(label or 0)}
                    if task is Task.REGRESSION
                    else {"choices": choices(answers[sample_id], task)}
                )
                result = [{"from_name": "label", "to_name": "image", "type": "choices", "value": value}]
            annotations = [
                {
                    "id": 100 + number,
                    "completed_by": 7,
                    "result": result,
                    "was_cancelled": kind == "skip",
                    "lead_time": 1.5,
                    "updated_at": "2026-01-02T03:04:05Z",
                }
            ]
        exported.append(
            {"id": number, "data": one["data"], "annotations": annotations, "predictions": [3], "project": 1}
        )
    path.write_text(json.dumps(exported))
    return path


def fill_cvat(path: Path, answers: Mapping[str, Answer], task: Task) -> Path:
    tree = ElementTree.parse(path)
    for image in tree.getroot().iter("image"):
        sample_id = f"id of {image.get('name')}"
        if sample_id in answers:
            for tag in list(image):
                image.remove(tag)
            for word in choices(answers[sample_id], task):
                ElementTree.SubElement(image, "tag", label=word, source="manual")
    tree.write(path, encoding="utf-8", xml_declaration=True)
    return path


def fill_labelbox(path: Path, answers: Mapping[str, Answer], task: Task) -> Path:
    lines = []
    for number, row in enumerate(json.loads(path.with_name(f"{path.stem}.data-rows.json").read_text())):
        labels = []
        if row["global_key"] in answers:
            answer = answers[row["global_key"]]
            words = [] if answer[0] == "skip" else choices(answer, task)
            question: dict[str, Any] = {"name": "label", "value": "label"}
            if task is Task.MULTILABEL:
                question["checklist_answers"] = [{"name": word, "value": word} for word in words]
            elif task is Task.REGRESSION and answer[0] == "label":
                question["text_answer"] = {"content": words[0]}
            elif words:
                question["radio_answer"] = {"name": words[0], "value": words[0]}
            labels.append(
                {
                    "id": f"cl{number}",
                    "label_details": {"created_by": "ann@example.org", "created_at": "2026-01-02T03:04:05+00:00"},
                    "performance_details": {"seconds_to_create": 3, "skipped": answer[0] == "skip"},
                    "annotations": {"objects": [], "classifications": [question]},
                }
            )
        lines.append(
            {"data_row": {"id": f"r{number}", "global_key": row["global_key"]}, "projects": {"p": {"labels": labels}}}
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def fill_argilla(path: Path, answers: Mapping[str, Answer], task: Task) -> Path:
    records = json.loads(path.read_text())
    for record in records:
        if record["id"] in answers:
            words: Any = choices(answers[record["id"]], task)
            value = None if answers[record["id"]][0] == "skip" else words if task is Task.MULTILABEL else words[0]
            record["responses"] = {"label": [{"value": value, "user_id": "5c2b9a0e-0000-4000-8000-000000000001"}]}
    path.write_text(json.dumps(records))
    return path


def fill_prodigy(path: Path, answers: Mapping[str, Answer], task: Task) -> Path:
    lines = []
    for line in path.read_text().splitlines():
        one = json.loads(line)
        if one["datacheck_id"] in answers:
            answer = answers[one["datacheck_id"]]
            one |= (
                {"answer": "ignore"} if answer[0] == "skip" else {"answer": "accept", "accept": choices(answer, task)}
            )
            one |= {"_session_id": "set-ann", "_timestamp": 1767323045}
        lines.append(json.dumps(one) + "\n")
    path.write_text("".join(lines))
    return path


FILL: dict[str, Callable[[Path, Mapping[str, Answer], Task], Path]] = {
    "label-studio": fill_label_studio,
    "cvat": fill_cvat,
    "labelbox": fill_labelbox,
    "argilla": fill_argilla,
    "prodigy": fill_prodigy,
    "huggingface": fill_sheet,
    "csv": fill_sheet,
    "parquet": fill_parquet,
}
