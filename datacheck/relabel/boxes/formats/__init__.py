"""Questions about boxes in the files of annotation tools, and answers back. One module a tool; boxes keep their ids."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

from datacheck.errors import RelabelError, did_you_mean
from datacheck.relabel.answers import Refusal
from datacheck.relabel.boxes.answers import BoxAnswers, accept_boxes
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.links import Links

BOX_FORMATS = ("label-studio", "cvat", "coco", "yolo", "parquet")
"""The names that ``datacheck queue export --to`` and ``import --from`` take for boxes."""

__all__ = ["BOX_FORMATS", "export_boxes", "import_boxes"]


class BoxFormat(Protocol):
    """One annotation tool's files, in both directions."""

    def export(self, queue: BoxQueue, links: Links, target: Path) -> list[Path]:
        """Write the images with their boxes, and return the paths written, the main one first."""
        ...

    def read(self, source: Path, queue: BoxQueue, annotator: str) -> Iterator[dict[str, Any]]:
        """Yield the answers in a file of the tool; ``annotator`` where the file does not name one."""
        ...


def _format(name: str) -> BoxFormat:
    if name not in BOX_FORMATS:
        raise RelabelError(
            f"expected a format for boxes among {', '.join(BOX_FORMATS)}, found {name!r}"
            f"{did_you_mean(name, BOX_FORMATS)}"
        )
    module = importlib.import_module(f"datacheck.relabel.boxes.formats.{name.replace('-', '_')}")
    return cast("BoxFormat", module.FORMAT)


def export_boxes(queue: BoxQueue, name: str, target: Path, links: Links) -> list[Path]:
    """Write a queue of boxes in a tool's format and return the paths written, the main one first.

    Raises
    ------
    RelabelError
        When the format is unknown, or a path leads out of the dataset's root. Nothing is written then.
    """
    return _format(name).export(queue, links, target)


def import_boxes(
    source: Path, queue: BoxQueue, name: str, *, annotator: str = "annotator"
) -> tuple[BoxAnswers, list[Refusal]]:
    """Read a tool's file and check every answer in it against the queue.

    Raises
    ------
    RelabelError
        When the file as a whole cannot be read; nothing is taken then.
    """
    return accept_boxes(_format(name).read(source, queue, annotator), queue.images)
