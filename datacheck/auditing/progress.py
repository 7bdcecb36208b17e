"""How an audit reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done, and how much there is."""


def stage(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """Return the progress of one stage."""
    return None if progress is None else lambda done, total: progress(name, done, total)


def saving(checkpoint: Callable[[], None], progress: Progress | None) -> Progress:
    """Return a progress that has the scan's work saved, between two writes of the scan."""

    def told(name: str, done: int, total: int) -> None:
        if name == "scan":
            checkpoint()
        if progress is not None:
            progress(name, done, total)

    return told
