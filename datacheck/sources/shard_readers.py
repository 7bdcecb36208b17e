"""Reading encoded images out of a column in memory, and out of several readers at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.manifest.readers import FileStamp, ReadFailure, SampleContent, SampleReader, SampleReadError, Workers
from datacheck.manifest.shards import encoded_bytes, row_number


@dataclass(frozen=True, eq=False)
class EncodedReader:
    """Reads images as encoded bytes from an Arrow column of ``{bytes, path}``; the uri is the row number.

    Attributes
    ----------
    images
        Struct or binary column.
    rows
        Row of the column for each sample; None where they are the same.
    """

    images: pa.ChunkedArray
    rows: NDArray[np.int64] | None = None
    workers: Workers = "thread"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return None: what is in memory may have changed."""
        return None

    def read(self, uri: str) -> bytes:
        """Return the encoded bytes, or those of the file that stands for them."""
        row = row_number(uri, len(self.images if self.rows is None else self.rows))
        row = row if self.rows is None else int(self.rows[row])
        return encoded_bytes(self.images[row].as_py(), root=Path("/"))


@dataclass(frozen=True, eq=False)
class ChainReader:
    """Reads from several readers; the uri starts with the name of the one, and a slash."""

    readers: Mapping[str, SampleReader]

    @property
    def workers(self) -> Workers:
        """``process`` when every reader is."""
        return "process" if all(reader.workers == "process" for reader in self.readers.values()) else "thread"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return the stamp that the sample's own reader has."""
        name, _, rest = uri.partition("/")
        return self.readers[name].stamp(rest) if name in self.readers else None

    def read(self, uri: str) -> SampleContent:
        """Return what the sample's own reader reads."""
        name, _, rest = uri.partition("/")
        if name not in self.readers:
            raise SampleReadError(ReadFailure.VANISHED, f"expected one of {sorted(self.readers)} before '/': {uri!r}")
        return self.readers[name].read(rest)
