"""Every format: what people answer in the tool comes back exactly, and nothing else does."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.errors import RelabelError
from datacheck.manifest import Task
from datacheck.relabel.formats import FORMATS, export_queue, get_format, import_answers
from datacheck.relabel.formats.links import Links
from datacheck.relabel.queue import RelabelQueue

from .conftest import CLASSES, FILL, NAMES, Answer, make_queue

TASKS = [(name, task) for name in FORMATS for task in sorted(get_format(name).tasks)]


def answers_to(queue: RelabelQueue) -> dict[str, Answer]:
    """All kinds of answers and every class; the last item stays open."""
    labels = {
        Task.CLASSIFICATION: list(CLASSES),
        Task.MULTILABEL: [json.dumps(sorted(CLASSES[:n]), ensure_ascii=False) for n in range(1, 8)],
        Task.REGRESSION: ["0.25", "-3", "1e-09", "0", "12345.678", "7", "8"],
    }[queue.task]
    ids = queue.sample_ids[:-1]
    answers: dict[str, Answer] = {sample_id: ("label", label) for sample_id, label in zip(ids, labels, strict=True)}
    answers[ids[1]] = ("skip", None)
    if queue.task is not Task.REGRESSION:
        answers[ids[2]] = ("none-of-these", None)
        answers[ids[4]] = ("ambiguous", None)
    return answers


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_answers_come_back_exactly(name: str, task: Task, root: Path, tmp_path: Path) -> None:
    queue = make_queue(root, task)
    given = answers_to(queue)
    path = FILL[name](export_queue(queue, name, tmp_path / "out", Links(root))[0], given, task)
    answers, refusals = import_answers(path, queue, name)
    assert refusals == []
    found = {row["sample_id"]: (row["answer"], row["label"]) for row in answers.table.to_pylist()}
    assert found == given
    assert set(answers.table["tool"].to_pylist()) == {name}
    again, _ = import_answers(path, queue, name)
    assert answers.merge(again).table.equals(answers.table)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_answered_before_people_are(name: str, queue: RelabelQueue, tmp_path: Path) -> None:
    path = export_queue(queue, name, tmp_path / "out", Links(queue.root))[0]
    if name == "label-studio":
        FILL[name](path, {}, queue.task)
    if name == "labelbox":
        FILL[name](path, {}, queue.task)
    answers, refusals = import_answers(path, queue, name)
    assert (len(answers), refusals) == (0, [])


@pytest.mark.parametrize("name", FORMATS)
def test_no_path_leaves_the_root(name: str, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    for manner in ("path", "url", "embed"):
        for uri in ("../secret.png", str(tmp_path / "secret.png"), "d/../../secret.png"):
            queue = make_queue(root, names=("plain.png", uri))
            with pytest.raises(RelabelError, match="leads out of the dataset's root"):
                export_queue(queue, name, tmp_path / "out", Links(root, manner, "https://x/"))  # type: ignore[arg-type]
            assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_answers_to_another_project_are_refused(name: str, queue: RelabelQueue, tmp_path: Path) -> None:
    path = export_queue(queue, name, tmp_path / "out", Links(queue.root))[0]
    FILL[name](path, answers_to(queue), queue.task)
    renamed = queue.table.set_column(1, queue.table.schema.field(1), [[f"other {n}" for n in range(len(queue))]])
    moved = renamed.set_column(2, queue.table.schema.field(2), [[f"other/{n}.png" for n in range(len(queue))]])
    answers, refusals = import_answers(path, replace(queue, table=moved), name)
    assert (len(answers), len(refusals)) == (0, 7)
    assert all("is not in the queue" in refusal.reason for refusal in refusals)


@pytest.mark.parametrize("name", ["label-studio", "argilla", "prodigy", "csv", "parquet", "huggingface"])
def test_answers_about_another_dataset_of_the_same_names_are_refused(
    name: str, queue: RelabelQueue, tmp_path: Path
) -> None:
    path = export_queue(queue, name, tmp_path / "out", Links(queue.root))[0]
    FILL[name](path, answers_to(queue), queue.task)
    answers, refusals = import_answers(path, replace(queue, identity="beef"), name)
    assert (len(answers), len(refusals)) == (0, 7)
    assert refusals[0].reason == "it belongs to dataset '1f3a', the queue to 'beef'"


def test_embedded_pictures_are_the_files(queue: RelabelQueue, tmp_path: Path) -> None:
    path = export_queue(queue, "label-studio", tmp_path / "tasks.json", Links(queue.root, "embed"))[0]
    first = json.loads(path.read_text())[0]["data"]["image"]
    assert queue.root is not None
    assert first.startswith("data:image/png;base64,")
    assert base64.b64decode(first.partition(",")[2]) == (queue.root / NAMES[0]).read_bytes()


def test_pictures_of_data_in_memory_are_embedded_from_thumbnails(tmp_path: Path) -> None:
    queue = make_queue(None)
    pictures = dict.fromkeys(queue.sample_ids, b"\xff\xd8\xffpicture")
    links = Links(None, "embed", pictures=pictures)
    path = export_queue(queue, "prodigy", tmp_path / "tasks.jsonl", links)[0]
    assert json.loads(path.read_text().splitlines()[0])["image"] == "data:image/jpeg;base64,/9j/cGljdHVyZQ=="
    folder = export_queue(queue, "huggingface", tmp_path / "set", links)[0].parent
    assert (folder / "images/0.jpg").read_bytes() == b"\xff\xd8\xffpicture"
    with pytest.raises(RelabelError, match="embed the pictures"):
        export_queue(queue, "prodigy", tmp_path / "other.jsonl", Links(None, "path", pictures=pictures))


def test_local_files_are_named_by_the_path_below_the_root(queue: RelabelQueue, tmp_path: Path) -> None:
    path = export_queue(queue, "label-studio", tmp_path / "tasks.json", Links(queue.root))[0]
    images = [task["data"]["image"] for task in json.loads(path.read_text())]
    assert images[1] == "/data/local-files/?d=dataset/with%20space.png"
    assert images[2] == "/data/local-files/?d=dataset/a%23b%3Fc%3Dd%26e.png"
    served = Links(queue.root, served_root=tmp_path.parent)
    path = export_queue(queue, "label-studio", tmp_path / "tasks.json", served)[0]
    assert json.loads(path.read_text())[0]["data"]["image"] == f"/data/local-files/?d={tmp_path.name}/dataset/plain.png"
    scores = [task["predictions"][0]["score"] for task in json.loads(path.read_text())]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_formats_refuse_tasks_that_the_tool_cannot_ask(root: Path, tmp_path: Path) -> None:
    with pytest.raises(
        RelabelError, match="cvat cannot label a regression dataset here; it takes classification, multi"
    ):
        export_queue(make_queue(root, Task.REGRESSION), "cvat", tmp_path / "x.xml", Links(root))
    with pytest.raises(RelabelError, match=r"found 'labelstudio' \(did you mean 'label-studio'\?\)"):
        get_format("labelstudio")


def test_a_suggestion_in_cvat_is_no_answer(queue: RelabelQueue, tmp_path: Path) -> None:
    path = export_queue(queue, "cvat", tmp_path / "a.xml", Links(queue.root))[0]
    assert 'width="21" height="30"' in path.read_text()
    assert path.read_text().count('source="auto"') == 7
    assert (tmp_path / "a.images.txt").read_text().splitlines() == list(NAMES)
