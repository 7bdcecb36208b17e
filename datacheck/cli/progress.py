"""Progress on standard error: bars on a terminal, and elsewhere a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datacheck.text import percent

if TYPE_CHECKING:
    from datacheck.auditing import Progress


SECONDS_BETWEEN_LINES = 10.0
"""A log of a long run shows that it goes on, and that of a short one stays empty."""


class Lines:
    """Writes a line now and then: ``probe: 20 % done, about 48 s left``.

    Attributes
    ----------
    now
        Reads the time in seconds; tests pass their own.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.last = now()
        self.stages: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` are done, and write a line where the last one is long ago."""
        now = self.now()
        began = self.stages.setdefault(stage, now)
        if now - self.last < SECONDS_BETWEEN_LINES or done >= total:
            return
        self.last = now
        left = f", about {(now - began) * (total - done) / done:.0f} s left" if done and now > began else ""
        print(f"{stage}: {percent(done / total)} done{left}", file=sys.stderr, flush=True)


@contextmanager
def progress_bars(*, quiet: bool = False) -> Iterator[Progress | None]:
    """Yield a callback ``progress(stage, done, total)`` that shows how far each stage is, or None when quiet."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )
    stages: dict[str, TaskID] = {}

    def advance(stage: str, done: int, total: int) -> None:
        if stage not in stages:
            stages[stage] = bars.add_task(stage, total=total)
        bars.update(stages[stage], completed=done, total=total)

    with bars:
        yield advance
