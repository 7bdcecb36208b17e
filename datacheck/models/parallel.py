"""Independent fits in parallel, one thread each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.cpus import available_cpus

A = TypeVar("A")
B = TypeVar("B")


def run_parallel(
    function: Callable[[A], B],
    arguments: Iterable[A],
    *,
    n_workers: int | None = None,
    start: Callable[[], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> list[B]:
    """Return ``function`` of each argument, in order; BLAS uses one thread in each worker.

    Several threads inside one small matrix product spend most of their time waiting for each other, above all on a
    busy machine. Independent fits do not wait.

    Parameters
    ----------
    function, arguments
        What to call, and with what.
    n_workers
        Threads; the number of processors by default.
    start
        Called once in each thread, before its first call.
    stop
        Called when a call fails or the user interrupts, so that the other calls can end early.

    Examples
    --------
    >>> run_parallel(lambda x: x * x, [1, 2, 3])
    [1, 4, 9]
    """
    n_workers = available_cpus() if n_workers is None else n_workers
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(n_workers, initializer=start) as pool:
        calls = [pool.submit(function, argument) for argument in arguments]
        try:
            wait(calls, return_when=FIRST_EXCEPTION)
            for call in calls:
                if call.done():
                    call.result()
            return [call.result() for call in calls]
        except BaseException:
            for call in calls:
                call.cancel()
            if stop is not None:
                stop()
            raise
