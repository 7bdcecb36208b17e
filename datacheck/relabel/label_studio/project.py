"""The project of a queue on a Label Studio server: find it, make it, read its listings."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from datacheck.errors import RelabelError
from datacheck.relabel.formats.base import stable_id
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import mapping, sequence
from datacheck.relabel.label_studio.server import Server, UnreachableError
from datacheck.relabel.label_studio.tasks import AnyQueue, config_of, instruction_of

_PAGE = 500
"""Entries of one page of a listing: a few requests for thousands of tasks."""

_MAX_TITLE = 50
"""Characters of a title that Label Studio takes."""


def queue_mark(queue: AnyQueue) -> str:
    """Return the words in a project's description that identify the queue."""
    return f"datacheck-queue-{stable_id(queue.identity, *queue.sample_ids)}"


def find_project(server: Server, queue: AnyQueue) -> int | None:
    """Return the number of the queue's project, None where there is none yet.

    Raises
    ------
    RelabelError
        When there are several.
    """
    mark = queue_mark(queue)
    found = sorted(
        {
            number_of(project, server)
            for project in pages(server, "/api/projects/?")
            if mark in str(project.get("description", ""))
        }
    )
    if len(found) > 1:
        raise RelabelError(
            f"{server.url} has {len(found)} projects of this queue ({', '.join(map(str, found))}): delete all but one"
        )
    return found[0] if found else None


def make_project(server: Server, queue: AnyQueue, title: str, answers_per_task: int) -> int:
    """Make the queue's project and return its number; where the answer is lost, look before making it again."""
    body = {
        "title": (title or f"datacheck: {len(queue):,} samples")[:_MAX_TITLE].ljust(3, "."),
        "description": f"<p>{len(queue):,} samples, the most likely wrong labels first. {queue_mark(queue)}</p>",
        "label_config": config_of(queue),
        "expert_instruction": escape(instruction_of(queue)),
        "show_instruction": False,
        "show_skip_button": True,
        "maximum_annotations": answers_per_task,
        "sampling": "Sequential sampling",
        "show_collab_predictions": True,
    }
    for _ in range(server.attempts):
        try:
            return number_of(mapping(server.send("POST", "/api/projects/", body)), server)
        except UnreachableError as error:
            lost = error
            found = find_project(server, queue)
            if found is not None:
                return found
    raise lost


def make_view(server: Server, project: int) -> None:
    """Make the tab that is sorted by priority, once."""
    answer = server.get(f"/api/dm/views/?project={project}")
    views = [mapping(mapping(view).get("data")) for view in listed(answer, server)]
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


def serve_local_files(server: Server, project: int, links: Links) -> None:
    """Let the project show the files below the dataset's root, once."""
    if links.root is None:
        raise RelabelError("the dataset is not files below a root: embed the pictures (--images embed)")
    place = str(links.root.resolve())
    storages = map(mapping, listed(server.get(f"/api/storages/localfiles/?project={project}"), server))
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


def tasks_by_sample(server: Server, project: int) -> dict[str, list[tuple[int, int]]]:
    """Return (number of answers, task number) of each sample's tasks on the server."""
    tasks: dict[str, list[tuple[int, int]]] = {}
    for found in pages(server, f"/api/tasks/?project={project}&fields=task_only&"):
        sample_id = mapping(found.get("data")).get("datacheck_id")
        if isinstance(sample_id, str):
            counts = (found.get(name) for name in ("total_annotations", "cancelled_annotations"))
            answers = sum(count for count in counts if isinstance(count, int))
            tasks.setdefault(sample_id, []).append((answers, number_of(found, server)))
    return tasks


def pages(server: Server, path: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of a listing that comes in pages.

    Raises
    ------
    UnreachableError
        When it ends before its own total.
    """
    seen, number = 0, 1
    while True:
        answer = server.get(f"{path}page={number}&page_size={_PAGE}")
        entries = [mapping(entry) for entry in listed(answer, server)]
        yield from entries
        seen += len(entries)
        total = mapping(answer).get("total", mapping(answer).get("count"))
        if not isinstance(total, int) or seen >= total:
            return
        if not entries:
            raise UnreachableError(f"{server.url}: a listing ended after {seen:,} of {total:,} entries")
        number += 1


def listed(answer: Any, server: Server) -> list[Any]:
    """Return the entries of a listing, which comes bare or wrapped.

    Raises
    ------
    RelabelError
        When it is no listing: an empty one must not be taken for "there is nothing".
    """
    found = answer if isinstance(answer, list) else mapping(answer).get("results", mapping(answer).get("tasks"))
    if not isinstance(found, list):
        raise RelabelError(
            f"{server.url}: expected a listing, found {str(answer)[:60]!r}: is it a Label Studio server?"
        )
    return found


def number_of(entry: dict[str, Any], server: Server) -> int:
    """Return the number of a project or task.

    Raises
    ------
    RelabelError
        When it has none.
    """
    number = entry.get("id")
    if not isinstance(number, int):
        raise RelabelError(f"{server.url}: expected an 'id' in {str(entry)[:60]!r}: is it a Label Studio server?")
    return number
