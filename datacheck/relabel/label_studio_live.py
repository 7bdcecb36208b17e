"""The queue on a running Label Studio server: push the questions, pull the answers, as often as one likes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.answers import Answers, Refusal, accept
from datacheck.relabel.formats.base import stable_id
from datacheck.relabel.formats.label_studio import answers_of, labelling_config, task
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import json_items, mapping, sequence
from datacheck.relabel.label_studio_server import Server, UnreachableError
from datacheck.relabel.queue import RelabelQueue

Progress = Callable[[int, int], None]

_PAGE = 500
_BATCH_TASKS = 200
_BATCH_BYTES = 16 * 2**20
_FRUITLESS = 5
"""Failures in a row, without one new task, after which pushing gives up."""


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes
    ----------
    project
        The project's number on the server.
    url
        Where people label.
    tasks
        How many questions the project holds now: all of them.
    new
        How many of them this push added.
    """

    project: int
    url: str
    tasks: int
    new: int


def push(
    queue: RelabelQueue,
    server: Server,
    links: Links,
    *,
    title: str = "",
    answers_per_task: int = 1,
    progress: Progress | None = None,
) -> Pushed:
    """Bring the questions to the server, in order; what is there already is left as it is.

    The project is found again by a mark in its description, its tasks by their sample id. So a push that broke off is
    finished by pushing again, and pushing twice adds nothing. A batch whose answer was lost is never sent blindly
    again: the server is asked first which of its tasks arrived.

    Parameters
    ----------
    queue, server
        What, and where to.
    links
        How the server reaches the pictures; by path they must be below its document root (`Links.served_root`).
    title
        The project's title, where it is made.
    answers_per_task
        How many people answer each question.
    progress
        Called with (tasks on the server, questions).

    Raises
    ------
    RelabelError
        When the server refuses, or does not answer for long; pushing again goes on from there.
    """
    project = find_project(server, queue)
    if project is None:
        project = _make_project(server, queue, title, answers_per_task)
    _make_view(server, project)
    if links.manner == "path":
        _serve_local_files(server, project, links)
    new = _push_missing(queue, server, links, project, progress)
    present = _without_doubles(server, project)
    missing = [sample_id for sample_id in queue.sample_ids if sample_id not in present]
    if missing:
        raise RelabelError(f"{len(missing)} tasks did not stay on the server, such as {missing[0]!r}: push again")
    return Pushed(project, f"{server.url.rstrip('/')}/projects/{project}/data", len(queue), new)


def pull(queue: RelabelQueue, server: Server) -> tuple[Answers, list[Refusal]]:
    """Fetch all answers to the queue, skips as well; the server's users are the annotators. Changes nothing there.

    Raises
    ------
    RelabelError
        When the queue was never pushed there, or the server does not answer; nothing is taken then.
    """
    project = find_project(server, queue)
    if project is None:
        raise RelabelError(f"{server.url} has no project of this queue: push it first")
    people = {
        user["id"]: user["email"]
        for user in map(mapping, _listed(server.get("/api/users/")))
        if isinstance(user.get("id"), int) and isinstance(user.get("email"), str) and user["email"]
    }
    with tempfile.TemporaryDirectory(prefix="datacheck-pull-") as folder:
        path = Path(folder) / "export.json"
        server.download(f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true", path)
        return accept(answers_of(json_items(path), queue, people, "annotator"), queue)


def queue_mark(queue: RelabelQueue) -> str:
    """Return the words that tell a queue's project from every other."""
    return f"datacheck-queue-{stable_id(queue.identity, *queue.sample_ids)}"


def find_project(server: Server, queue: RelabelQueue) -> int | None:
    """Return the number of the queue's project, None where there is none yet.

    Raises
    ------
    RelabelError
        When there are several.
    """
    mark = queue_mark(queue)
    found = [
        project["id"] for project in _pages(server, "/api/projects/?") if mark in str(project.get("description", ""))
    ]
    if len(found) > 1:
        raise RelabelError(
            f"{server.url} has {len(found)} projects of this queue ({', '.join(map(str, found))}): delete all but one"
        )
    return int(found[0]) if found else None


def _make_project(server: Server, queue: RelabelQueue, title: str, answers_per_task: int) -> int:
    description = f"<p>{len(queue):,} questions, the most likely wrong labels first. {queue_mark(queue)}</p>"
    body = {
        "title": (title or f"datacheck: {len(queue):,} questions")[:50].ljust(3, "."),
        "description": description,
        "label_config": labelling_config(queue),
        "expert_instruction": escape(_INSTRUCTION),
        "show_instruction": False,
        "show_skip_button": True,
        "maximum_annotations": answers_per_task,
        "sampling": "Sequential sampling",
        "show_collab_predictions": True,
    }
    try:
        return int(mapping(server.send("POST", "/api/projects/", body))["id"])
    except UnreachableError:
        # The server may have made it before its answer was lost.
        found = find_project(server, queue)
        return _make_project(server, queue, title, answers_per_task) if found is None else found


_INSTRUCTION = (
    "Choose the right class. The suggestion may be wrong. If the picture shows none of the classes, say so; "
    "if two are equally right, it is ambiguous. Skip what you cannot judge."
)


def _make_view(server: Server, project: int) -> None:
    """Make the tab that is sorted by priority, once."""
    views = [mapping(mapping(view).get("data")) for view in _listed(server.get(f"/api/dm/views/?project={project}"))]
    if any("-tasks:predictions_score" in sequence(view.get("ordering")) for view in views):
        return
    hidden = ["tasks:annotations_results", "tasks:predictions_results", "tasks:data.datacheck_dataset"]
    data = {
        "title": "Most likely wrong first",
        "type": "list",
        "ordering": ["-tasks:predictions_score"],
        "hiddenColumns": {"explore": hidden, "labeling": hidden},
    }
    server.send("POST", "/api/dm/views/", {"project": project, "data": data})


def _serve_local_files(server: Server, project: int, links: Links) -> None:
    """Let the project show the files below the dataset's root, once."""
    if links.root is None:
        raise RelabelError("the dataset is not files below a root: push the pictures themselves (--images embed)")
    place = str(links.root.resolve())
    storages = map(mapping, _listed(server.get(f"/api/storages/localfiles/?project={project}")))
    if any(storage.get("path") == place for storage in storages):
        return
    body = {"project": project, "title": "dataset", "path": place, "use_blob_urls": True}
    try:
        server.send("POST", "/api/storages/localfiles/", body)
    except UnreachableError:
        raise
    except RelabelError as error:
        raise RelabelError(
            f"the server cannot show files in {place}. Start it with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and "
            f"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={links.document_root}, or use --images url or embed: {error}"
        ) from error


def _push_missing(queue: RelabelQueue, server: Server, links: Links, project: int, progress: Progress | None) -> int:
    before = present = set(_tasks_by_sample(server, project))
    fruitless = 0
    while missing := [row for row in queue.rows() if row["sample_id"] not in present]:
        try:
            for batch in _batches(queue, missing, links):
                if progress is not None:
                    progress(len(queue) - len(missing), len(queue))
                server.send("POST", f"/api/projects/{project}/import?return_task_ids=false", batch)
                present = present | {one["data"]["datacheck_id"] for one in batch}
                missing = missing[len(batch) :]
        except UnreachableError as error:
            arrived = set(_tasks_by_sample(server, project))
            fruitless = 0 if arrived - present else fruitless + 1
            present = arrived
            if fruitless == _FRUITLESS:
                raise RelabelError(
                    f"{error}. {len(present)} of {len(queue)} tasks are there; push again to go on"
                ) from error
    if progress is not None:
        progress(len(queue), len(queue))
    return len(present - before)


def _batches(queue: RelabelQueue, rows: list[dict[str, Any]], links: Links) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        one = task(row, queue, links)
        weight = len(json.dumps(one))
        if batch and (len(batch) == _BATCH_TASKS or size + weight > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += weight
    if batch:
        yield batch


def _tasks_by_sample(server: Server, project: int) -> dict[str, list[tuple[int, int]]]:
    """Return (answers, task number) of each sample's tasks on the server."""
    tasks: dict[str, list[tuple[int, int]]] = {}
    for found in _pages(server, f"/api/tasks/?project={project}&fields=task_only&"):
        sample_id = mapping(found.get("data")).get("datacheck_id")
        if isinstance(sample_id, str):
            answers = sum(found.get(name) or 0 for name in ("total_annotations", "cancelled_annotations"))
            tasks.setdefault(sample_id, []).append((answers, int(found["id"])))
    return tasks


def _without_doubles(server: Server, project: int) -> set[str]:
    """Remove unanswered tasks that came twice (a lost answer to a batch that was still being read), keep the rest."""
    tasks = _tasks_by_sample(server, project)
    for found in tasks.values():
        keep = max(found, key=lambda one: (one[0], -one[1]))
        for answers, number in found:
            if (answers, number) != keep and answers == 0:
                server.send("DELETE", f"/api/tasks/{number}/")
    return set(tasks)


def _pages(server: Server, path: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a listing that comes in pages."""
    seen, number = 0, 1
    while True:
        answer = server.get(f"{path}page={number}&page_size={_PAGE}")
        entries = [mapping(entry) for entry in _listed(answer)]
        yield from entries
        seen += len(entries)
        total = mapping(answer).get("total", mapping(answer).get("count"))
        if not entries or not isinstance(total, int) or seen >= total:
            return
        number += 1


def _listed(answer: Any) -> list[Any]:
    """Return the entries of a listing, which comes bare or wrapped."""
    if isinstance(answer, list):
        return answer
    found = mapping(answer)
    return sequence(found.get("results", found.get("tasks")))
