"""Rows of the scan's cache in files: each is whole or counts as missing; many rows are read in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from datacheck.scanning.measurements import MAX_ROWS_IN_MEMORY
from datacheck.storage import atomic_path

BLOCK_ROWS = 1 << 16
"""Rows that are read, put in order and written at a time: about 30 MB."""

_DIGEST_BYTES = 16
"""Each file ends with the digest of its content: rows that were damaged or edited are measured again."""

_READ_BYTES = 1 << 20
"""Bytes whose digest is taken at a time (1 MiB)."""

_VERSIONS = b"versions"
"""In the metadata of the schema: what, besides the bytes of the images, decided what was measured."""

_KEPT_BATCHES = 4
"""Batches that stay in memory after they were read, since neighbouring rows are asked for next."""


@contextmanager
def row_writer(path: Path, schema: pa.Schema, versions: str) -> Iterator[pa.ipc.RecordBatchStreamWriter]:
    """Write rows to a file, whole or not at all; ``versions`` says what measured them."""
    with atomic_path(path) as temporary:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(
            str(temporary), schema.with_metadata({_VERSIONS: versions.encode()}), options=options
        ) as writer:
            yield writer
        digest = _digest(temporary, temporary.stat().st_size)
        with temporary.open("ab") as file:
            file.write(digest)


def _digest(path: Path, n_bytes: int) -> bytes:
    """Return the xxh3-128 of the first bytes of a file."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while n_bytes > 0 and (block := file.read(min(_READ_BYTES, n_bytes))):
            digest.update(block)
            n_bytes -= len(block)
    return digest.digest()


@dataclass(frozen=True)
class RowFile:
    """A file that `row_writer` wrote.

    Attributes
    ----------
    path
        Where it is.
    schema
        The columns as they were written.
    offsets
        Where each batch of rows starts, in bytes.
    """

    path: Path
    schema: pa.Schema
    offsets: tuple[int, ...]

    @classmethod
    def open(cls, path: Path, versions: str) -> RowFile | None:
        """Return the file, None where it is missing, differs from what was written, or is of other versions."""
        with suppress(OSError, pa.ArrowException):
            n_bytes = path.stat().st_size - _DIGEST_BYTES
            with path.open("rb") as file:
                file.seek(max(0, n_bytes))
                if _digest(path, n_bytes) != file.read():
                    return None
            with pa.OSFile(str(path)) as source:
                schema = pa.ipc.read_schema(pa.ipc.read_message(source))
                offsets = []
                with suppress(EOFError):
                    while True:
                        offset = source.tell()
                        pa.ipc.read_message(source)
                        offsets.append(offset)
            return (
                cls(path, schema, tuple(offsets))
                if (schema.metadata or {}).get(_VERSIONS) == versions.encode()
                else None
            )
        return None

    def read(self, number: int, schema: pa.Schema) -> pa.Table:
        """Return one batch, with the columns of ``schema`` alone."""
        columns = [self.schema.get_field_index(name) for name in schema.names]
        with pa.OSFile(str(self.path)) as source:
            source.seek(self.offsets[number])
            message = pa.ipc.read_message(source)
        batch = pa.ipc.read_record_batch(message, self.schema)
        return pa.Table.from_arrays([batch.column(place) for place in columns], names=schema.names).cast(schema)


@dataclass
class Rows:
    """The batches of several files, their rows numbered end to end; up to `MAX_ROWS_IN_MEMORY` are kept in memory."""

    schema: pa.Schema
    starts: list[int] = field(default_factory=lambda: [0])
    _places: list[tuple[RowFile, int]] = field(default_factory=list)
    _tables: dict[int, pa.Table] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.starts[-1]

    def add(self, file: RowFile) -> Iterator[tuple[int, pa.Table]]:
        """Add the batches of a file; yield the number of the first row of each, and its rows."""
        for number in range(len(file.offsets)):
            table = file.read(number, self.schema)
            self._places.append((file, number))
            self._keep(len(self._places) - 1, table)
            self.starts.append(len(self) + table.num_rows)
            yield self.starts[-2], table

    def take(self, rows: NDArray[np.int64]) -> pa.Table:
        """Return some rows, in the order in which they are asked for."""
        batch = np.searchsorted(self.starts, rows, side="right") - 1
        order = np.argsort(batch, kind="stable")
        found: list[pa.Table] = [self.schema.empty_table()]
        for number in np.unique(batch).tolist():
            members = rows[order[slice(*np.searchsorted(batch[order], (number, number + 1)))]]
            found.append(self._table(number).take(pa.array(members - self.starts[number])))
        table = pa.concat_tables(found)
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return table if np.array_equal(back, np.arange(len(back))) else table.combine_chunks().take(pa.array(back))

    def blocks(self, rows: NDArray[np.int64]) -> Iterator[tuple[slice, pa.Table]]:
        """Yield rows a block at a time, each with its place among those asked for."""
        for start in range(0, len(rows), BLOCK_ROWS):
            part = slice(start, min(start + BLOCK_ROWS, len(rows)))
            yield part, self.take(rows[part])

    def _table(self, number: int) -> pa.Table:
        if number not in self._tables:
            file, batch = self._places[number]
            self._keep(number, file.read(batch, self.schema))
        return self._tables[number]

    def _keep(self, number: int, table: pa.Table) -> None:
        self._tables[number] = table
        if len(self) + table.num_rows > MAX_ROWS_IN_MEMORY:
            for old in list(self._tables)[:-_KEPT_BATCHES]:
                del self._tables[old]


def joined(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    """Return tables end to end, each column in one piece."""
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()
