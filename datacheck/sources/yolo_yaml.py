"""The YAML file that describes a dataset for YOLO: it names the folder, the splits and the classes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.manifest import Manifest
from datacheck.sources.annotations.class_names import DeclaredClasses, read_description
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.image_folder import open_image_folder

_SPLITS = ("train", "val", "test")


def open_description(source: str | Path, options: SourceOptions) -> Manifest:
    """Open the folder that a YAML file describes.

    Raises
    ------
    SourceError
        When the file describes no dataset, or one outside its own folder.
    """
    path = Path(os.path.abspath(source))  # noqa: PTH100 - must not follow links
    value = read_description(path)
    if value is None:
        raise SourceError(
            f"expected a YAML file that names classes ('names') and splits ('train', 'val'), found {path} without them"
        )
    folder = _folder(path, value)
    declared = DeclaredClasses.of(path, value)
    if options.classes is None and declared is not None and not folder.samefile(path.parent):
        options = replace(options, classes=declared.names)
    return _with_splits(open_image_folder(folder, options), value)


def _folder(path: Path, value: dict[str, Any]) -> Path:
    """Return the dataset's folder: that of the file, or the one in it that ``path`` names."""
    given = value.get("path")
    if not isinstance(given, str) or not given:
        return path.parent
    folder = Path(os.path.normpath(path.parent / given))
    if not folder.is_relative_to(path.parent):
        if folder.is_dir():
            raise SourceError(f"{path} describes a dataset outside its own folder: open that folder instead: {folder}")
        return path.parent
    return folder if folder.is_dir() else path.parent


def _prefixes(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the folders of each split, relative to the dataset's."""
    for split in _SPLITS:
        places = value.get(split)
        for place in [places] if isinstance(places, str) else places if isinstance(places, list) else []:
            if isinstance(place, str) and not place.lower().endswith(".txt"):
                yield os.path.normpath(place).removeprefix("../").rstrip("/") + "/", split


def _with_splits(manifest: Manifest, value: dict[str, Any]) -> Manifest:
    """Return the manifest with the splits of the file, where the folders' names say none."""
    prefixes = list(_prefixes(value))
    if "split" in manifest or not prefixes or "uri" not in manifest:
        return manifest
    uris = manifest.table["uri"].to_pylist()
    splits = [next((split for prefix, split in prefixes if uri.startswith(prefix)), None) for uri in uris]
    if not any(splits):
        return manifest
    return manifest.with_column("split", pa.array(splits, pa.string()))


def recognises(source: object) -> bool:
    """Whether a source is a YAML file."""
    path = as_path(source)
    return path is not None and path.suffix.lower() in (".yaml", ".yml") and path.is_file()


SOURCE = Source("yolo-yaml", frozenset({"task", "classes"}), recognises, open_description)
