"""Folds in parallel on a CPU, torch's threads shared out among them. Needs torch.

The threads of one network wait for each other at every layer; networks of several folds do not wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import torch

from datacheck.models.parallel import run_parallel
from datacheck.probing.budget import Clock

R = TypeVar("R")


def count_workers(device: torch.device, n_folds: int) -> int:
    """Return how many folds train at once: as many as torch has threads on a CPU, one on an accelerator."""
    return max(1, min(n_folds, torch.get_num_threads())) if device.type == "cpu" else 1


def on_workers(function: Callable[[int], R], folds: Iterable[int], n_workers: int, clock: Clock) -> list[R]:
    """Return ``function`` of each fold, in order, ``n_workers`` at once."""
    if n_workers == 1:
        return [function(fold) for fold in folds]
    threads_each = max(1, torch.get_num_threads() // n_workers)
    return on_threads(function, folds, n_workers, threads_each=threads_each, stop=clock.stop)


def on_threads(
    function: Callable[[int], R],
    arguments: Iterable[int],
    n_workers: int,
    *,
    threads_each: int,
    stop: Callable[[], None] | None = None,
) -> list[R]:
    """Return ``function`` of each argument, in order, on workers with ``threads_each`` threads of torch each."""
    threads = torch.get_num_threads()
    try:
        return run_parallel(
            function,
            arguments,
            n_workers=n_workers,
            start=lambda: torch.set_num_threads(threads_each),
            stop=stop,
        )
    finally:
        torch.set_num_threads(threads)
