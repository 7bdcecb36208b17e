"""A challenge set as a dataset of its own: a manifest, and a folder with its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from datacheck.errors import ConfigError, StorageError
from datacheck.manifest import Manifest
from datacheck.manifest.file_copies import Source, StoredFile, free_path, place_files, safe_name
from datacheck.manifest.object_store import StoreReader, reads_whole_files
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.slices.challenge import ChallengeSet
from datacheck.storage import new_folder
from datacheck.text import plural

IMAGES = "images"
"""The folder of the files, beside the manifest: it opens as a folder of splits and classes."""


def export_challenge(manifest: Manifest, chosen: ChallengeSet, folder: Path) -> tuple[Manifest, int]:
    """Write ``manifest.parquet`` and the files of a challenge set into a new folder, whole or not at all.

    Files go to ``images/[split/][class/]``, as hard links where the file system has them. The manifest keeps the ids
    and all columns, and gets ``challenge``, ``challenge_rank`` (from 1) and ``challenge_value``. Objects of
    a store are fetched. Samples that are no
    files of their own (in an archive, in memory, in a table) stay where they are.

    Returns
    -------
    manifest, n_files
        What was written, and how many files.

    Raises
    ------
    ConfigError
        When the folder is not new or empty, or is inside the dataset.
    StorageError
        When a file is missing, lies outside the dataset, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"--to: expected a new or empty folder at {folder}, found files: name another")
    subset = manifest.take(chosen.rows)
    subset = subset.with_column("challenge", pa.array([chosen.kind] * len(chosen)))
    subset = subset.with_column("challenge_rank", pa.array(np.arange(1, len(chosen) + 1)))
    subset = subset.with_column("challenge_value", pa.array(chosen.value))
    subset = replace(subset, took_for=f"{plural(len(chosen), 'sample')}, {chosen.kind} by {chosen.meaning}")
    files = _places(subset, folder)
    if files is not None:
        images = folder.resolve() / IMAGES
        uris = pa.array([path.as_posix() for path in files], pa.string())
        subset = replace(subset.with_column("uri", uris), root=images, reader=FileReader(images))
    try:
        with new_folder(folder) as temporary:
            place_files(files or {}, temporary / IMAGES, "hard")
            subset.save(temporary / "manifest.parquet")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written, nothing is left of it: {error}") from error
    return subset, len(files or {})


def _places(subset: Manifest, folder: Path) -> dict[Path, Source] | None:
    """Return the source of each file by its place below the folder of images; None where the samples are no files."""
    reader = subset.reader
    if not isinstance(reader, FileReader | StoreReader) or not reads_whole_files(reader) or "uri" not in subset:
        return None
    root = reader.path("") if isinstance(reader, FileReader) else None
    if root is not None and folder.resolve().is_relative_to(root):
        raise ConfigError(f"--to: {folder} is inside the dataset {root}, whose files stay as they are: name another")
    files: dict[Path, Source] = {}
    columns = [name for name in ("uri", "label", "split") if name in subset]
    for row in subset.table.select(columns).to_pylist():
        uri = row["uri"] or ""
        try:
            source = reader.contained(uri) if isinstance(reader, FileReader) else StoredFile(reader, uri)
        except SampleReadError as error:
            raise StorageError(f"a challenge set takes only files inside the dataset: {error}") from None
        if isinstance(source, Path) and not source.is_file():
            raise StorageError(f"{source} is missing: restore it, or audit the dataset again; nothing was written")
        parts = [safe_name(row[name]) for name in ("split", "label") if row.get(name)]
        files[free_path(Path(*parts, Path(uri).name), files)] = source
    return files
