"""Independent fits beside each other, each on one thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(function: Callable[[A], B], arguments: Iterable[A]) -> list[B]:
    """Return ``function`` of each argument, in order.

    Threads within a matrix product wait for each other: on small matrices, and on a busy machine, that costs more than
    it brings. Independent fits need not wait.

    Examples
    --------
    >>> side_by_side(lambda x: x * x, [1, 2, 3])
    [1, 4, 9]
    """
    affinity = getattr(os, "sched_getaffinity", None)
    n_threads = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, arguments))
