"""Hugging Face ``imagefolder``: pictures and a ``metadata.csv`` beside them, loadable with ``datasets``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from datacheck.errors import RelabelError
from datacheck.manifest import Task
from datacheck.relabel.formats.base import ALL_TASKS, Row
from datacheck.relabel.formats.csv import csv_rows, to_csv
from datacheck.relabel.formats.links import Links, media_type
from datacheck.relabel.formats.spreadsheet import spreadsheet, spreadsheet_rows
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_text

_SUFFIX = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/bmp": ".bmp", "image/tiff": ".tif"}


@dataclass(frozen=True)
class HuggingFace:
    """A folder for ``load_dataset("imagefolder", data_dir=…)``.

    The split's folder holds ``metadata.csv`` and the pictures, since ``datasets`` ignores a ``metadata.csv`` above it.
    People fill in ``label`` or ``answer`` there, or in a copy of it.
    """

    name: str = "huggingface"
    tasks: frozenset[Task] = ALL_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write ``target/train/metadata.csv`` and the pictures by hard links, or copies where those cannot be."""
        if target.exists() and any(target.iterdir()):
            raise RelabelError(f"expected a new or empty folder, {target} has files")
        items = queue.rows()
        width = len(str(len(items)))
        folder = target / "train"
        # Everything is looked up before anything is written.
        contents = [(row, _file_of(row, links)) for row in items]
        names = []
        for row, file in contents:
            name = f"images/{row['rank']:0{width}d}"
            names.append(_link(file, folder / name) if file is not None else _write(links.content(row), folder / name))
        table = spreadsheet(queue)
        table = table.drop_columns(["image"]).add_column(0, "file_name", pa.array(names, pa.string()))
        write_text(folder / "metadata.csv", to_csv(table))
        return [folder / "metadata.csv"]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of a filled-in ``metadata.csv``, given as a file or as its folder."""
        if source.is_dir():
            found = [path for path in (source / "metadata.csv", source / "train/metadata.csv") if path.is_file()]
            if not found:
                raise RelabelError(f"expected a metadata.csv in {source} or {source / 'train'}, found none")
            source = found[0]
        return spreadsheet_rows(csv_rows(source), self.name, annotator)


def _file_of(item: Row, links: Links) -> Path | None:
    if links.root is None or item.get("uri") is None:
        links.content(item)
        return None
    links.refuse_link_out(item)
    path = links.path(item)
    if path.is_file():
        return path
    links.content(item)
    return None


def _link(source: Path, target: Path) -> str:
    target = target.with_name(target.name + source.suffix.lower())
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copy2(source, target)
    return f"images/{target.name}"


def _write(data: bytes, target: Path) -> str:
    target = target.with_name(target.name + _SUFFIX.get(media_type(data), ".jpg"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return f"images/{target.name}"


FORMAT = HuggingFace()
