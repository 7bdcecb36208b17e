"""The pictures of a dataset, read a second time, and who works on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.duplicates.details import LONG_SIDE
from datacheck.duplicates.laid_over import Picture
from datacheck.manifest.readers import SampleReader, SampleReadError
from datacheck.scanning.decode import decode_array, decode_bytes
from datacheck.scanning.pools import Pool

CHUNK = 16
"""Pictures or pairs that a worker is sent at a time: under a second of work."""


@dataclass(frozen=True)
class PictureReader:
    """Returns a picture by its row; None where it cannot be read now. It can be sent to other processes."""

    reader: SampleReader
    uris: pa.ChunkedArray | None

    def __call__(self, row: int) -> Picture | None:
        """Return the picture, grey or blue-green-red."""
        try:
            content: Any = self.reader.read(str(row) if self.uris is None else self.uris[row].as_py())
            decode = decode_array if isinstance(content, np.ndarray) else decode_bytes
            picture = decode(content, short_side=LONG_SIDE).small
        except (SampleReadError, OSError, ValueError):
            return None
        return np.asarray(np.clip(picture, 0, 255), np.uint8)


@dataclass(frozen=True)
class Pictures:
    """What is done with pictures.

    Attributes
    ----------
    read
        Returns a picture by its row; None where it cannot be read.
    pool
        Reads and compares them.
    unread
        Rows that could not be read a second time, from all that was done so far.
    """

    read: Callable[[int], Picture | None]
    pool: Pool
    unread: set[int] = field(default_factory=set)

    def each(self, fn: Callable[[Picture], Any], rows: list[int]) -> Iterator[Any]:
        """Yield what a function makes of each picture; None for one that cannot be read, which goes to `unread`."""
        made = self.pool.map(partial(_made, self.read, fn), rows, chunksize=CHUNK)
        for row, one in zip(rows, made, strict=True):
            if one is None:
                self.unread.add(row)
            yield one


def _made(read: Callable[[int], Picture | None], fn: Callable[[Picture], Any], row: int) -> Any:
    picture = read(row)
    return None if picture is None else fn(picture)
