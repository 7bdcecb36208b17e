"""Reading encoded images out of Parquet and Arrow files, a row a sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.manifest.readers import FileReader, FileStamp, ReadFailure, SampleReader, SampleReadError, Workers

_SHARDS_INDEXED = 64
"""Shards whose row numbers a process keeps: a few kB each."""

_STREAMS_OPEN = 16
"""Arrow streams that a process keeps mapped: an open file each."""

_GROUPS_KEPT = 2
"""Row groups in memory at a time: rows are read in order, and a scan's batch may end in the middle of one."""


def row_number(uri: str, n_rows: int) -> int:
    """Return the row that a uri names, or raise a `SampleReadError`."""
    if not uri.isdecimal() or int(uri) >= n_rows:
        raise SampleReadError(ReadFailure.VANISHED, f"expected a row number below {n_rows}, found {uri!r}")
    return int(uri)


def encoded_bytes(image: Any, *, root: Path) -> bytes:
    """Return the bytes of a ``{bytes, path}`` value; a path is read where there are no bytes."""
    if isinstance(image, Mapping):
        inner, path = image.get("bytes"), image.get("path")
        if inner is None and path:
            return FileReader(root).read(path)
        image = inner
    if not isinstance(image, bytes):
        raise SampleReadError(ReadFailure.NOT_AN_IMAGE, "expected encoded bytes, found nothing")
    return image


@dataclass(frozen=True)
class ShardReader:
    """Reads images from a column of Parquet or Arrow shards; the uri is ``shard#row``.

    One row group (or record batch) is kept in each process, so reading in order reads each once.

    Attributes
    ----------
    root
        Folder of the shards.
    column
        Name of the column of encoded images.
    """

    root: Path
    column: str
    workers: Workers = "process"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return the stamp of the shard."""
        return FileReader(self.root).stamp(uri.rpartition("#")[0])

    def read(self, uri: str) -> bytes:
        """Return the encoded bytes of one row."""
        shard, _, number = uri.rpartition("#")
        path = FileReader(self.root).path(shard)
        try:
            starts = _starts(str(path))
            row = row_number(number, starts[-1])
            group = int(np.searchsorted(starts, row, side="right")) - 1
            value = _group(str(path), group, self.column)[row - starts[group]].as_py()
        except FileNotFoundError:
            raise SampleReadError(ReadFailure.VANISHED, f"{path}: no such file") from None
        except (OSError, pa.ArrowException) as error:
            raise SampleReadError(ReadFailure.CORRUPT, f"{path}: {error}") from error
        return encoded_bytes(value, root=self.root)


def open_stream(path: str) -> pa.Table:
    """Map an Arrow stream file into memory."""
    with pa.memory_map(path) as file:
        return pa.ipc.open_stream(file).read_all()


@lru_cache(maxsize=_SHARDS_INDEXED)
def _starts(path: str) -> tuple[int, ...]:
    """First row of each row group or record batch, and the number of rows at the end."""
    if path.endswith(".arrow"):
        sizes = [batch.num_rows for batch in _stream(path).to_batches()]
    else:
        metadata = pq.read_metadata(path)
        sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    return (0, *(int(end) for end in np.cumsum(sizes)))


@lru_cache(maxsize=_STREAMS_OPEN)
def _stream(path: str) -> pa.Table:
    return open_stream(path)


@lru_cache(maxsize=_GROUPS_KEPT)
def _group(path: str, number: int, column: str) -> pa.ChunkedArray:
    if path.endswith(".arrow"):
        return pa.chunked_array([_stream(path).to_batches()[number][column]])
    with pq.ParquetFile(path) as file:
        return file.read_row_group(number, columns=[column])[column]


def whole_files(reader: SampleReader | None) -> FileReader | None:
    """Return what reads the files in which the samples of a reader are; None where they are in no files below a root.

    Examples
    --------
    >>> whole_files(ShardReader(Path("/data"), "image"))
    FileReader(root=PosixPath('/data'), workers='process')
    """
    if isinstance(reader, ShardReader):
        return FileReader(reader.root)
    return reader if isinstance(reader, FileReader) else None
