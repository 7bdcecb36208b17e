"""Row-wise passes over a large, possibly memory-mapped, array: chunked and threaded, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from datacheck.cpus import available_cpus

CHUNK_BYTES = 8 << 20
"""Rows are read this many bytes at a time: small enough for a core's cache, large enough to hide the Python loop."""

T = TypeVar("T")


def row_chunks(n_rows: int, row_bytes: int, chunk_bytes: int = CHUNK_BYTES) -> Iterator[slice]:
    """Cut ``n_rows`` rows of ``row_bytes`` each into slices of about ``chunk_bytes``.

    Examples
    --------
    >>> list(row_chunks(5, 4, chunk_bytes=8))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, chunk_bytes // max(1, row_bytes))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def map_chunks(function: Callable[[slice], T], n_rows: int, row_bytes: int, *, threads: int | None = None) -> list[T]:
    """Call ``function`` on each slice of rows and return the results in row order.

    Slices run on threads, as many as there are processors by default; numpy releases the interpreter's lock.

    Examples
    --------
    >>> map_chunks(lambda rows: rows.stop, 5, CHUNK_BYTES // 2)
    [2, 4, 5]
    """
    slices = list(row_chunks(n_rows, row_bytes))
    n_threads = min(threads or available_cpus(), len(slices))
    if n_threads <= 1:
        return [function(rows) for rows in slices]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, slices))
