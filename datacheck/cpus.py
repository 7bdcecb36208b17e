"""How many processors this process may use."""

from __future__ import annotations

import os


def available_cpus() -> int:
    """Return how many processors this process may use: its affinity where the system has one, else all of them.

    Examples
    --------
    >>> available_cpus() >= 1
    True
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
