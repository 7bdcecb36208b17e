"""Push the items of a queue to a Label Studio server, and pull the answers; both can be repeated."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.answers import Answers, Refusal, accept
from datacheck.relabel.boxes.answers import BoxAnswers, accept_boxes
from datacheck.relabel.boxes.formats.label_studio import box_answers_of
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.label_studio import answers_of
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import json_items, mapping
from datacheck.relabel.label_studio.project import (
    find_project,
    listed,
    make_project,
    make_view,
    serve_local_files,
    tasks_by_sample,
)
from datacheck.relabel.label_studio.server import Server, UnreachableError
from datacheck.relabel.label_studio.tasks import AnyQueue, task_of
from datacheck.relabel.masks.answers import MaskAnswers, accept_masks
from datacheck.relabel.masks.formats.label_studio import mask_answers_of
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.relabel.queue import RelabelQueue

Progress = Callable[[int, int], None]

_BATCH_TASKS = 200
"""Tasks of one import: it takes a server about a second."""

_BATCH_BYTES = 16 * 2**20
"""Bytes of one import; Label Studio refuses more than some 200 MB, and proxies in front of it less."""

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
        How many tasks the project holds now: all of them.
    new
        How many of them this push added.
    """

    project: int
    url: str
    tasks: int
    new: int


def push(
    queue: AnyQueue,
    server: Server,
    links: Links,
    *,
    title: str = "",
    answers_per_task: int = 1,
    progress: Progress | None = None,
) -> Pushed:
    """Bring the items to the server, in order; what is there already stays as it is.

    The project is recognised by a mark in its description, its tasks by their sample id. So a push that was
    interrupted is finished by pushing again, and pushing twice adds nothing. Where the answer to a batch was lost, the
    server is asked which of its tasks arrived before anything is sent again.

    Parameters
    ----------
    queue, server
        What, and where to.
    links
        How the server reaches the pictures; by path they must be below its document root (`Links.served_root`).
    title
        The project's title, where it is made.
    answers_per_task
        How many people answer each task.
    progress
        Called with (tasks on the server, tasks in all).

    Raises
    ------
    RelabelError
        When the server refuses, or does not answer; pushing again continues from there.
    """
    server.check_alive()
    project = find_project(server, queue)
    if project is None:
        project = make_project(server, queue, title, answers_per_task)
    make_view(server, project)
    if links.manner == "path":
        serve_local_files(server, project, links)
    new = _push_missing(queue, server, links, project, progress)
    present = _remove_doubles(server, project)
    missing = [sample_id for sample_id in queue.sample_ids if sample_id not in present]
    if missing:
        raise RelabelError(f"{len(missing)} tasks are not on the server, such as {missing[0]!r}: push again")
    return Pushed(project, f"{server.url.rstrip('/')}/projects/{project}/data", len(queue), new)


def pull(queue: RelabelQueue, server: Server) -> tuple[Answers, list[Refusal]]:
    """Fetch all answers to the queue, skips as well; the server's users are the annotators. Changes nothing there.

    Raises
    ------
    RelabelError
        When the queue was never pushed there, or the server does not answer; nothing is taken then.
    """
    with _export(queue, server) as (path, people):
        return accept(answers_of(json_items(path), queue, people, "annotator"), queue)


def pull_boxes(queue: BoxQueue, server: Server) -> tuple[BoxAnswers, list[Refusal]]:
    """Fetch all answers about boxes, matched by the ids of their regions. Changes nothing on the server.

    Raises
    ------
    RelabelError
        When the queue was never pushed there, or the server does not answer; nothing is taken then.
    """
    with _export(queue, server) as (path, people):
        return accept_boxes(box_answers_of(json_items(path), queue, people, "annotator"), queue.images)


def pull_masks(queue: MaskQueue, server: Server) -> tuple[MaskAnswers, list[Refusal]]:
    """Fetch all answers about masks: what people painted. Changes nothing on the server.

    Raises
    ------
    RelabelError
        When the queue was never pushed there, or the server does not answer; nothing is taken then.
    """
    with _export(queue, server) as (path, people):
        return accept_masks(mask_answers_of(json_items(path), queue, people, "annotator"), queue)


@contextmanager
def _export(queue: AnyQueue, server: Server) -> Iterator[tuple[Path, dict[int, str]]]:
    """Yield a file with all tasks and annotations of the queue's project, and the names of the server's users."""
    server.check_alive()
    project = find_project(server, queue)
    if project is None:
        raise RelabelError(f"{server.url} has no project of this queue: push it first")
    people = {
        user["id"]: user["email"]
        for user in map(mapping, listed(server.get("/api/users/"), server))
        if isinstance(user.get("id"), int) and isinstance(user.get("email"), str) and user["email"]
    }
    with tempfile.TemporaryDirectory(prefix="datacheck-pull-") as folder:
        path = Path(folder) / "export.json"
        server.download(f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true", path)
        yield path, people


def _push_missing(queue: AnyQueue, server: Server, links: Links, project: int, progress: Progress | None) -> int:
    before = present = set(tasks_by_sample(server, project))
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
            arrived = set(tasks_by_sample(server, project))
            fruitless = 0 if arrived - present else fruitless + 1
            present = arrived
            if fruitless == _FRUITLESS:
                raise RelabelError(
                    f"{error}. {len(present)} of {len(queue)} tasks are there; push again to continue"
                ) from error
    if progress is not None:
        progress(len(queue), len(queue))
    return len(present - before)


def _batches(queue: AnyQueue, rows: list[dict[str, Any]], links: Links) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        one = task_of(row, queue, links)
        weight = len(json.dumps(one))
        if batch and (len(batch) == _BATCH_TASKS or size + weight > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += weight
    if batch:
        yield batch


def _remove_doubles(server: Server, project: int) -> set[str]:
    """Remove unanswered tasks that came twice (the answer to a batch that was still being read was lost)."""
    tasks = tasks_by_sample(server, project)
    for found in tasks.values():
        keep = max(found, key=lambda one: (one[0], -one[1]))
        for answers, number in found:
            if (answers, number) != keep and answers == 0:
                server.send("DELETE", f"/api/tasks/{number}/")
    return set(tasks)
