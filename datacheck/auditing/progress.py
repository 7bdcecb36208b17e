"""How an audit reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done, and how much there is."""


def stage(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """Return the progress of one stage."""
    return None if progress is None else lambda done, total: progress(name, done, total)
