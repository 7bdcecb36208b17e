"""A table that stays on disk: a column is read when it is asked for, and kept by nobody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from datacheck.storage import atomic_path, reading, table_writer


class StoredTable:
    """The columns of a Parquet file, by name, each read anew; the file may be replaced meanwhile, the old one is read.

    Parameters
    ----------
    path
        A Parquet file.
    schema
        The types that the columns are given.
    own
        Whether nothing else needs the file.

    Raises
    ------
    StorageError
        When the file is missing or damaged, or has no such column; for one column when that one is read.
    """

    def __init__(self, path: Path, schema: pa.Schema, *, own: bool = False) -> None:
        self.path, self._own = path, own
        with reading(path, "measurements"):
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
            self.schema = schema if self._file.schema_arrow.names == schema.names else self._file.schema_arrow
        self.num_rows: int = self._file.metadata.num_rows

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """Return one column."""
        return self.read([name])[name]

    def read(self, names: list[str] | None = None) -> pa.Table:
        """Return some columns as a table in memory, or all."""
        wanted = self.schema if names is None else pa.schema([self.schema.field(name) for name in names])
        with reading(self.path, "measurements"):
            table = self._file.read(columns=wanted.names).replace_schema_metadata(None).cast(wanted)
            table.validate(full=True)
            return table

    def parts(self, name: str) -> Iterator[pa.Array]:
        """Yield one column in parts, in the order of the rows."""
        field = self.schema.field(name)
        for group in range(self._file.num_row_groups):
            with reading(self.path, "measurements"):
                column = self._file.read_row_group(group, columns=[name])[name].cast(field.type)
                column.validate(full=True)
            yield column.combine_chunks()

    def blocks(self) -> Iterator[pa.Table]:
        """Yield all columns in parts, in the order of the rows."""
        for group in range(self._file.num_row_groups):
            with reading(self.path, "measurements"):
                yield self._file.read_row_group(group).replace_schema_metadata(None).cast(self.schema)

    def copy_to(self, path: Path) -> None:
        """Write the same file to another place; one that was made for this table alone is moved there."""
        if path.exists() and self.path.exists() and path.samefile(self.path):
            return
        if self._own and not path.is_symlink():
            self._own = False
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):  # another disk
                self.path = self.path.replace(path)
                return
        if self.path.exists():
            with atomic_path(path) as temporary:
                shutil.copyfile(self.path, temporary)
            return
        with table_writer(path, self._file.schema_arrow) as writer:  # removed or moved since: it is still open here
            for group in range(self._file.num_row_groups):
                writer.write_table(self._file.read_row_group(group))


def rows_of(parts: Iterator[pa.Array], rows: NDArray[np.int64]) -> pa.Array:
    """Return the values of some ascending rows of a column that comes in parts.

    Examples
    --------
    >>> rows_of(iter([pa.array([10, 11]), pa.array([12])]), np.array([1, 2])).to_pylist()
    [11, 12]
    """
    found, start = [], 0
    for part in parts:
        low, high = np.searchsorted(rows, (start, start + len(part)))
        found.append(part.take(pa.array(rows[low:high] - start)))
        start += len(part)
    return pa.concat_arrays(found)
