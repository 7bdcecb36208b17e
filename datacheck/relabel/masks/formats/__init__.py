"""Questions about masks in the files of annotation tools, and answers back. One module a tool."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from datacheck.errors import RelabelError, did_you_mean
from datacheck.relabel.answers import Refusal
from datacheck.relabel.formats.links import Links
from datacheck.relabel.masks.answers import MaskAnswers, accept_masks
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.relabel.submissions import Row

MASK_FORMATS = {"label-studio": "label_studio", "coco": "coco", "parquet": "tables", "csv": "tables"}
"""The names that ``datacheck queue export --to`` and ``import --from`` take for masks, and the module of each."""

__all__ = ["MASK_FORMATS", "export_masks", "import_masks"]


class MaskFile(Protocol):
    """One annotation tool's files, in both directions."""

    def export(self, queue: MaskQueue, links: Links, target: Path) -> list[Path]:
        """Write the questions, and return the paths written, the main one first."""
        ...

    def read(self, source: Path, queue: MaskQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers in a file of the tool; ``annotator`` where the file does not name one."""
        ...


def _format(name: str) -> MaskFile:
    if name not in MASK_FORMATS:
        raise RelabelError(
            f"expected a format for masks among {', '.join(MASK_FORMATS)}, found {name!r}"
            f"{did_you_mean(name, list(MASK_FORMATS))}"
        )
    module = importlib.import_module(f"datacheck.relabel.masks.formats.{MASK_FORMATS[name]}")
    return cast("MaskFile", module.FORMATS[name])


def export_masks(queue: MaskQueue, name: str, target: Path, links: Links) -> list[Path]:
    """Write a queue of masks in a tool's format and return the paths written, the main one first.

    Raises
    ------
    RelabelError
        When the format is unknown, or a path leads out of the dataset's root. Nothing is written then.
    """
    return _format(name).export(queue, links, target)


def import_masks(
    source: Path, queue: MaskQueue, name: str, *, annotator: str = "annotator"
) -> tuple[MaskAnswers, list[Refusal]]:
    """Read a tool's file and check every answer in it against the queue.

    Raises
    ------
    RelabelError
        When the file as a whole cannot be read; nothing is taken then.
    """
    return accept_masks(_format(name).read(source, queue, annotator), queue)
