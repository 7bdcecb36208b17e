"""A folder of images whose labels stand in a ``metadata.csv``, as Hugging Face lays them out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.manifest import Manifest, Task
from datacheck.sources import image_folder, table
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.files import existing
from datacheck.sources.split_words import normalise_split, split_names
from datacheck.sources.splits import join_splits

NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
"""Tables beside the images; their column ``file_name`` holds paths relative to their own folder."""

_MOST_HEADER_BYTES = 1 << 16
"""Bytes read of a first line: enough for a header, and no whole file without line ends."""


def open_metadata_folder(folder: str | Path, options: SourceOptions) -> Manifest:
    """Open the table of the folder, or one of each split folder.

    Class folders win over tables that say no label: those hold captions, say.

    Raises
    ------
    SourceError
        When a table cannot be opened.
    """
    root = Path(os.path.abspath(existing(Path(folder))))  # noqa: PTH100 - must not follow links
    found = _tables(root)
    options = replace(options, path=options.path or "file_name")
    if len(found) == 1:
        manifest = _with_splits(table.open_table(found[0], options))
    else:
        names = split_names(path.parent.name for path in found)
        manifest = join_splits({names[path.parent.name]: table.open_table(path, options) for path in found})
    if manifest.task is Task.UNLABELLED and options.task is None:
        by_folders = image_folder.open_image_folder(root, replace(options, path=None))
        return manifest if by_folders.task is Task.UNLABELLED else by_folders
    return manifest


def _tables(root: Path) -> list[Path]:
    """Return the table of the folder itself, or those of the folders in it, or in its folder ``data``."""
    for top in (root, root / "data"):
        own = [top / name for name in NAMES if _names_files(top / name)]
        if own:
            return own[:1]
        if top.is_dir():
            below = sorted(path for path in top.iterdir() if path.is_dir())
            tables = [next((path / name for name in NAMES if _names_files(path / name)), None) for path in below]
            if any(tables):
                return [path for path in tables if path is not None]
    return []


def _names_files(path: Path) -> bool:
    """Tell whether a table is there and has a column ``file_name``."""
    if not path.is_file():
        return False
    try:
        if path.suffix == ".parquet":
            return "file_name" in pq.read_schema(path).names
        with path.open("rb") as file:
            return b"file_name" in file.readline(_MOST_HEADER_BYTES)
    except (OSError, pa.ArrowException):
        return False


def _with_splits(manifest: Manifest) -> Manifest:
    """Read the split off the first folder of each path, where the table has none and all are words for splits."""
    if "split" in manifest:
        return manifest
    tops = [(uri or "").partition("/")[0] for uri in manifest.table["uri"].to_pylist()]
    if not all(normalise_split(top) for top in set(tops)):
        return manifest
    names = split_names(dict.fromkeys(tops))
    return manifest.with_column("split", [names[top] for top in tops])


def recognises(source: object) -> bool:
    """A folder with such a table in it, or in the folders of it."""
    path = as_path(source)
    return path is not None and path.is_dir() and bool(_tables(path))


SOURCE = Source("metadata-folder", table.SOURCE.options - {"columns", "delimiter"}, recognises, open_metadata_folder)
