"""A manifest that datacheck wrote, such as the one that relabelling or an export leaves behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.errors import SourceError, StorageError
from datacheck.manifest import Inventory, Manifest
from datacheck.manifest.readers import FileReader
from datacheck.sources.base import Source, SourceOptions, as_path
from datacheck.sources.folder_inventory import left_out, unread_files
from datacheck.sources.walking import walk

EXPORTED, FILES = "manifest.parquet", "data"
"""What an export leaves in its folder: the manifest, and the files that it names, below another folder."""

OF_AN_AUDIT = "findings.json"
"""What lies beside the manifest in the run folder of an audit."""


def recognises(source: object) -> bool:
    """A Parquet file whose metadata says that it is a manifest, a folder that an export wrote, or a run folder."""
    path = as_path(source)
    if path is None:
        return False
    if path.is_dir():
        return ((path / FILES).is_dir() or (path / OF_AN_AUDIT).is_file()) and _is_manifest(path / EXPORTED)
    return path.suffix.lower() == ".parquet" and _is_manifest(path)


def _is_manifest(path: Path) -> bool:
    try:
        metadata = pq.read_schema(path).metadata or {} if path.is_file() else {}
    except (OSError, pa.ArrowException, UnicodeDecodeError):
        return False
    return b'"schema": "datacheck.manifest"' in metadata.get(b"datacheck", b"")


def open_saved(source: Any, options: SourceOptions) -> Manifest:
    """Read the manifest back, its root and classes as they were; an export may have been moved since."""
    path = as_path(source)
    assert path is not None
    if (path / OF_AN_AUDIT).is_file():
        raise SourceError(
            f"{path} is the run folder of an audit, not a dataset: name the dataset, or {path / EXPORTED} for the "
            "samples as they were audited"
        )
    try:
        if path.is_dir():
            return _exported(path)
        manifest = Manifest.load(path)
    except StorageError as error:
        raise SourceError(str(error)) from error
    moved = path.name == EXPORTED and manifest.root is not None and not manifest.root.is_dir()
    return _below(manifest, path.parent / FILES) if moved and (path.parent / FILES).is_dir() else manifest


def _exported(folder: Path) -> Manifest:
    """Open an exported folder: the samples of its manifest; other files in it are named as not read."""
    manifest = _below(Manifest.load(folder / EXPORTED), folder / FILES)
    known = {EXPORTED}
    for name in ("uri", "label_uri", "annotation_file"):
        if name in manifest:
            known.update(f"{FILES}/{one}" for one in manifest.table[name].to_pylist() if one is not None)
    if manifest.has_instances:
        known.update(f"{FILES}/{one}" for each in manifest.table["mask_files"].to_pylist() for one in each or ())
    folders = list(walk(folder))
    others = [place for each in folders for name in each.names if (place := each.place(name)) not in known]
    beside = Inventory(unread=unread_files(others, "the manifest of the export does not name it")) + left_out(folders)
    return replace(manifest, inventory=Inventory(manifest.inventory.used) + beside)


def _below(manifest: Manifest, root: Path) -> Manifest:
    root = root.absolute()
    return replace(manifest, root=root, reader=FileReader(root))


SOURCE = Source("manifest", frozenset(), recognises, open_saved)
