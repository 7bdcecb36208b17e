"""Exports read by the tools' own clients, each in an environment of its own (their dependencies clash with ours)."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from datacheck.manifest import Task
from datacheck.relabel.formats import export_queue, import_answers
from datacheck.relabel.formats.links import Links
from datacheck.relabel.queue import RelabelQueue
from tests.relabel.environments import environment

from .conftest import CLASSES, NAMES, make_queue

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def ask(python: Path, script: str, *arguments: object) -> Any:
    """Run a script there, and return what it printed last as JSON."""
    command = [str(python), "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


DATUMARO = """
import json, sys
import datumaro as dm
dataset = dm.Dataset.import_from(sys.argv[1], "cvat")
names = [label.name for label in dataset.categories()[dm.AnnotationType.label]]
print(json.dumps([names, [
    [item.id, [[names[one.label], one.attributes] for one in item.annotations]] for item in dataset
]]))
"""


def test_datumaro_reads_what_is_for_cvat(
    queue: RelabelQueue, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    python = environment("datumaro", ["datumaro>=1.10"], tmp_path_factory)
    assert queue.root is not None
    shutil.copytree(queue.root, tmp_path / "cvat/images")
    path = export_queue(queue, "cvat", tmp_path / "cvat/annotations.xml", Links(queue.root))[0]
    labels, items = ask(python, DATUMARO, path.parent)
    assert labels[: len(CLASSES)] == list(CLASSES)
    assert {item for item, _ in items} == {name.removesuffix(".png") for name in NAMES}
    suggested = dict(zip(NAMES, queue.table["suggested"].to_pylist(), strict=True))
    for item, tags in items:
        wanted = suggested[f"{item}.png"]
        assert [name for name, _ in tags] == ([] if wanted is None else [wanted])


LABELBOX = """
import json, sys
from labelbox.data.annotation_types import (
    Checklist, ClassificationAnnotation, ClassificationAnswer, GenericDataRowData, Label, Radio
)
from labelbox.data.serialization import NDJsonConverter
def value(answer):
    if isinstance(answer, list):
        return Checklist(answer=[ClassificationAnswer(**one) for one in answer])
    return Radio(answer=ClassificationAnswer(**answer))
labels = [
    Label(
        data=GenericDataRowData(global_key=line["dataRow"]["globalKey"]),
        annotations=[ClassificationAnnotation(name=line["name"], value=value(line["answer"]))],
    )
    for line in map(json.loads, open(sys.argv[1], encoding="utf-8"))
]
print(json.dumps(list(NDJsonConverter.serialize(labels))))
"""


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.MULTILABEL])
def test_labelbox_writes_the_same_lines(
    task: Task, root: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    python = environment("labelbox", ["labelbox[data]>=6"], tmp_path_factory)
    queue = make_queue(root, task)
    path = export_queue(queue, "labelbox", tmp_path / "labelbox.ndjson", Links(root))[0]
    ours = [json.loads(line) for line in path.read_text().splitlines()]
    theirs = ask(python, LABELBOX, path)
    assert len(ours) == len(theirs) == len(NAMES) - 1
    for our, their in zip(ours, theirs, strict=True):
        assert {name: our[name] for name in ("name", "answer")} == {name: their[name] for name in ("name", "answer")}
        assert our["dataRow"] == {"globalKey": their["dataRow"]["globalKey"]}


ARGILLA = """
import json, sys, uuid
import argilla as rg
records = [rg.Record.from_dict(one) for one in json.load(open(sys.argv[1], encoding="utf-8"))]
read = [record.to_dict() for record in records]
user = uuid.UUID("5c2b9a0e-0000-4000-8000-000000000001")
answered = [
    rg.Record(id=one.id, fields=one.fields.to_dict(), metadata=one.metadata.to_dict(),
              responses=[rg.Response("label", value, user_id=user)]).to_dict()
    for one, value in zip(records, json.loads(sys.argv[3]))
]
json.dump(answered, open(sys.argv[2], "w"))
print(json.dumps(read))
"""


def test_argilla_reads_the_records_and_we_read_its_answers(
    queue: RelabelQueue, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    python = environment("argilla", ["argilla>=2.4", "requests"], tmp_path_factory)
    path = export_queue(queue, "argilla", tmp_path / "argilla.json", Links(queue.root, "url", "https://x.example/"))[0]
    ours = json.loads(path.read_text())
    values = [*CLASSES, "datacheck: ambiguous"]
    theirs = ask(python, ARGILLA, path, tmp_path / "answered.json", json.dumps(values))
    for our, their in zip(ours, theirs, strict=True):
        assert {name: their[name] for name in our} == our
    answers, refusals = import_answers(tmp_path / "answered.json", queue, "argilla")
    assert refusals == []
    assert answers.table["sample_id"].to_pylist() == queue.sample_ids
    assert answers.table["label"].to_pylist() == [*CLASSES, None]


LABEL_STUDIO = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
config = LabelInterface(open(sys.argv[1], encoding="utf-8").read())
config.validate()
tasks = json.load(open(sys.argv[2], encoding="utf-8"))
wrong = [config.validate_prediction(one["predictions"][0], return_errors=True) for one in tasks]
print(json.dumps([wrong, list(config.get_control("label").labels)]))
"""


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION])
def test_label_studio_takes_config_and_predictions(
    task: Task, root: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    python = environment("label-studio-sdk", ["label-studio-sdk>=1.0"], tmp_path_factory)
    queue = make_queue(root, task)
    tasks, config = export_queue(queue, "label-studio", tmp_path / "tasks.json", Links(root))
    wrong, labels = ask(python, LABEL_STUDIO, config, tasks)
    assert [errors for errors in wrong if errors] == []
    assert labels == ([] if task is Task.REGRESSION else list(CLASSES))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_datasets_loads_the_folder(queue: RelabelQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets", reason="needs Hugging Face datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    export_queue(queue, "huggingface", tmp_path / "set", Links(queue.root))
    found = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    rows = found["train"]
    assert sorted(rows["sample_id"]) == sorted(queue.sample_ids)
    assert {row["sample_id"]: row["image"].size for row in rows} == {
        f"id of {name}": (20 + number, 30) for number, name in enumerate(NAMES)
    }
    del found, rows
    gc.collect()  # the library leaves the table open; its warning must not fall on the next test
