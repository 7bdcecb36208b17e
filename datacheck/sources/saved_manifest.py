"""A manifest that datacheck wrote, such as the one that relabelling leaves behind."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.errors import SourceError, StorageError
from datacheck.manifest import Manifest
from datacheck.sources.base import Source, SourceOptions, as_path


def recognises(source: object) -> bool:
    """A Parquet file whose metadata says that it is a manifest."""
    path = as_path(source)
    if path is None or path.suffix.lower() != ".parquet" or not path.is_file():
        return False
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException, UnicodeDecodeError):
        return False
    return b'"schema": "datacheck.manifest"' in metadata.get(b"datacheck", b"")


def open_saved(source: Any, options: SourceOptions) -> Manifest:
    """Read the manifest back, its root and classes as they were."""
    path = as_path(source)
    assert path is not None
    try:
        return Manifest.load(path)
    except StorageError as error:
        raise SourceError(str(error)) from error


SOURCE = Source("manifest", frozenset(), recognises, open_saved)
