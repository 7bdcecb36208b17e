"""The stamps of many files at once: size, modification time and change time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.manifest.object_store import StoreReader
from datacheck.manifest.readers import FileReader, FileStamp, SampleReader

STAMPS = ("stamp_size", "mtime_ns", "ctime_ns")
"""The columns of a stamp. A copying tool can restore size and modification time, but not the time of the last change
of the file's entry (ctime), so that a file that was overwritten is read again."""

_CHUNK = 1 << 17
"""Uris that are Python objects at a time: about 10 MB."""

_TICK_NS = 10_000_000
"""Files changed within so many ns may bear one time: the coarsest tick of Linux (10 ms, at 100 Hz)."""
_COARSE_TICK_NS = 2_000_000_000
"""The same where times are whole seconds: FAT keeps even seconds only, older file systems and object stores each."""
_SECOND_NS = 1_000_000_000
"""A second: times that are all multiples of it come from a file system that keeps no finer ones."""


def now_ns() -> int:
    """Return the time that files written now bear, in ns since 1970."""
    return time.time_ns()


def read_stamps(reader: SampleReader, uris: pa.Array) -> NDArray[np.int64]:
    """Return sizes in bytes, modification and change times in ns; shape [3, U], -1 where there is no stamp.

    Examples
    --------
    >>> from pathlib import Path
    >>> read_stamps(FileReader(Path("/nonexistent")), pa.array(["a.png"])).tolist()
    [[-1], [-1], [-1]]
    """
    stamps = np.full((len(STAMPS), len(uris)), -1, dtype=np.int64)
    if isinstance(reader, StoreReader):
        for row, stamp in enumerate(reader.stamps(uris.to_pylist())):
            stamps[:, row] = stamps[:, row] if stamp is None else _numbers(stamp)
        return stamps
    # A scan that finds nothing changed spends most of its time here: plain paths skip the reader's own checks.
    root = os.path.join(os.path.abspath(reader.root), "") if type(reader) is FileReader else None  # noqa: PTH100, PTH118
    for row, uri in enumerate(_texts(uris)):
        if root is not None and ".." not in uri and not uri.startswith("/") and "\0" not in uri and "\\" not in uri:
            try:
                status = os.stat(root + uri)  # noqa: PTH116
            except OSError:
                continue
            stamps[:, row] = status.st_size, status.st_mtime_ns, status.st_ctime_ns
        else:
            stamp = reader.stamp(uri)
            if stamp is not None:
                stamps[:, row] = _numbers(stamp)
    return stamps


def _texts(column: pa.Array) -> Iterator[str]:
    """Yield the texts of a column; few of them are Python objects at a time."""
    for start in range(0, len(column), _CHUNK):
        yield from column.slice(start, _CHUNK).to_pylist()


def may_hide_a_change(stamps: NDArray[np.int64], now: int, *, tagged: bool = False) -> NDArray[np.bool_]:
    """Return which files, changed after their stamp was read, may keep that stamp; shape [U].

    A change in the tick of the last one bears the same time. As in git's index, a stamp that is not older than a tick
    when it is read does not show that the file stayed as it was; one of an older file does.

    Parameters
    ----------
    stamps
        What `read_stamps` returned, shape [3, U].
    now
        The time just before they were read, in ns since 1970.
    tagged
        Whether what stands for the change time is made from a tag of the content, which shows any change.

    Examples
    --------
    >>> second = 1_000_000_000
    >>> stamps = np.array([[9, 9, 9], [5, 5, 5], [4 * second - 5, 4 * second + 5, 3 * second]])
    >>> may_hide_a_change(stamps, 4 * second + 10).tolist()
    [True, True, True]
    >>> may_hide_a_change(stamps, 4 * second + 20_000_000).tolist()
    [False, False, True]
    """
    changed = stamps[2] > 0  # it cannot be set, so that the modification time does not matter where there is one
    times = np.where(changed, stamps[2], stamps[1])
    ticks = np.where(times % _SECOND_NS == 0, _COARSE_TICK_NS, _TICK_NS)
    found: NDArray[np.bool_] = (times >= now - ticks) & ~(changed & tagged)
    return found


def _numbers(stamp: FileStamp) -> tuple[int, int, int]:
    return stamp.byte_size, stamp.mtime_ns, stamp.ctime_ns
