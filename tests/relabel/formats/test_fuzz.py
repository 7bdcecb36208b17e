"""Damaged exports of every annotation tool: answers, refusals, or one of our errors, never another."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from datacheck.errors import RelabelError
from datacheck.manifest import Task
from datacheck.relabel.answers import ANSWERS_SCHEMA
from datacheck.relabel.decisions import consensus
from datacheck.relabel.formats import FORMATS, export_queue, get_format, import_answers
from datacheck.relabel.formats.links import Links
from datacheck.relabel.queue import RelabelQueue
from tests.mutations import damaged_bytes, damaged_json, fuzz, seeds

from .conftest import FILL, Answer, make_queue


def filled(name: str, queue: RelabelQueue, folder: Path) -> Path:
    """Return what the tool exports when some answers are given."""
    answers: dict[str, Answer] = {}
    for number, (sample_id, given_label) in enumerate(
        zip(queue.sample_ids, queue.table["given"].to_pylist(), strict=True)
    ):
        answers[sample_id] = ("skip", None) if number % 4 == 3 else ("label", given_label)
    path = export_queue(queue, name, folder / "out", Links(queue.root))[0]
    return FILL[name](path, answers, queue.task)


def read(name: str, path: Path, queue: RelabelQueue) -> None:
    with suppress(RelabelError):
        answers, refusals = import_answers(path, queue, name)
        assert answers.table.schema.equals(ANSWERS_SCHEMA)
        assert all(str(refusal) for refusal in refusals)
        consensus(answers, queue)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "parquet"])
def test_damaged_bytes(name: str, queue: RelabelQueue, tmp_path: Path) -> None:
    path = filled(name, queue, tmp_path)
    content = path.read_bytes()

    @fuzz
    @given(seeds)
    def damaged(seed: int) -> None:
        path.write_bytes(damaged_bytes(content, seed))
        read(name, path, queue)

    damaged()


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION])
@pytest.mark.parametrize("name", ["label-studio", "labelbox", "argilla", "prodigy"])
def test_strange_values(name: str, task: Task, root: Path, tmp_path: Path) -> None:
    queue = make_queue(root, task)
    if task not in get_format(name).tasks:
        pytest.skip(f"{name} cannot label {task.value} datasets")
    path = filled(name, queue, tmp_path)
    lines = name in {"labelbox", "prodigy"}
    value: Any = [json.loads(line) for line in path.read_text().splitlines()] if lines else json.loads(path.read_text())

    @fuzz
    @given(seeds)
    def damaged(seed: int) -> None:
        strange = damaged_json(value, seed)
        if lines and isinstance(strange, list):
            path.write_text("".join(json.dumps(line) + "\n" for line in strange))
        else:
            path.write_text(json.dumps(strange))
        read(name, path, queue)

    damaged()


@pytest.mark.parametrize(
    "column",
    [pa.array([2**60], pa.timestamp("ms")), pa.array([2**31 - 1], pa.date32()), pa.array([{"a": 1}]), pa.array([[1]])],
    ids=["time", "date", "struct", "list"],
)
@pytest.mark.parametrize("name", ["label", "sample_id", "seconds", "annotator"])
def test_strange_columns_of_parquet(name: str, column: pa.Array, queue: RelabelQueue, tmp_path: Path) -> None:
    """Damaged bytes of Parquet are for the library's own checks; here are whole files with columns of other types."""
    columns = {"sample_id": pa.array([queue.sample_ids[0]]), "label": pa.array(["bird"]), name: column}
    pq.write_table(pa.table(columns), tmp_path / "answers.parquet")
    read("parquet", tmp_path / "answers.parquet", queue)
