"""The files of annotation tools: items out, answers back. One module a tool."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from datacheck.errors import RelabelError, did_you_mean

if TYPE_CHECKING:
    from datacheck.relabel.answers import Answers, Refusal
    from datacheck.relabel.formats.base import Format
    from datacheck.relabel.formats.links import Links
    from datacheck.relabel.queue import RelabelQueue

FORMATS = ("label-studio", "cvat", "labelbox", "argilla", "prodigy", "huggingface", "csv", "parquet")
"""The names that ``datacheck queue export --to`` and ``import --from`` take."""

__all__ = ["FORMATS", "export_queue", "get_format", "import_answers"]


def get_format(name: str) -> Format:
    """Return a format by its name.

    Raises
    ------
    RelabelError
        When there is none of that name.

    Examples
    --------
    >>> get_format("prodigy").name
    'prodigy'
    """
    if name not in FORMATS:
        raise RelabelError(f"expected a format among {', '.join(FORMATS)}, found {name!r}{did_you_mean(name, FORMATS)}")
    module = importlib.import_module(f"datacheck.relabel.formats.{name.replace('-', '_')}")
    return cast("Format", module.FORMAT)


def export_queue(queue: RelabelQueue, name: str, target: Path, links: Links) -> list[Path]:
    """Write a queue in a tool's format and return the paths written, the main one first.

    Raises
    ------
    RelabelError
        When the tool cannot label the task, or a path leads out of the dataset's root. Nothing is written then.
    """
    found = get_format(name)
    if queue.task not in found.tasks:
        raise RelabelError(
            f"{name} cannot label a {queue.task.value} dataset here; it takes "
            f"{', '.join(sorted(task.value for task in found.tasks))}: export to csv, parquet or label-studio instead"
        )
    return found.export(queue, links, target)


def import_answers(
    source: Path, queue: RelabelQueue, name: str, *, annotator: str = "annotator"
) -> tuple[Answers, list[Refusal]]:
    """Read a tool's file and check every row of it against the queue.

    Parameters
    ----------
    source
        The file (or folder) that the tool exported.
    queue
        The items that it answers.
    name
        The format.
    annotator
        Who answered, where the file does not say.

    Raises
    ------
    RelabelError
        When the file as a whole cannot be read; nothing is taken then.
    """
    from datacheck.relabel.answers import accept

    return accept(get_format(name).read(source, queue, annotator), queue)
