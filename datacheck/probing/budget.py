"""The time budget: read from what the user gives, counted down, and kept by a training."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from datacheck.errors import ConfigError

SETTLING = 0.1
"""Share of a training, in steps and in time, whose speed is not judged: the first steps are slow everywhere."""

NEARLY_ALL = 0.95
"""A training is cut only when less than this share of its steps fits: a smaller excess is within measuring error."""

STEPS_BETWEEN_CHECKS = 10
"""Steps between two looks at the clock: a look costs more than nothing on a GPU."""

CHECKS = 10
"""A short training looks at the clock about so many times at least."""

LEAST_STEP_SECONDS = 1e-9
"""Guards a division where a clock stands still."""

TICKS_A_SECOND = 10
"""Progress is reported in tenths of a second."""

CUT_SHORT = "cut the training short: the machine became slower than it was at first"
"""The note of a backend that had to stop early."""

_UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_budget(budget: str | float) -> float:
    """Return a budget in seconds.

    Raises
    ------
    ConfigError
        When it is not a positive number of seconds, minutes or hours.

    Examples
    --------
    >>> parse_budget("60s"), parse_budget("10 min"), parse_budget("1h"), parse_budget(30)
    (60.0, 600.0, 3600.0, 30.0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(budget).lower())
    if not found or found[2] not in _UNITS or float(found[1]) <= 0:
        raise ConfigError(f"expected a budget such as '60s', '10m' or '1h', found {budget!r}")
    return float(found[1]) * _UNITS[found[2]]


class OutOfTimeError(Exception):
    """A backend cannot give anything useful within the budget; the text says why, for the notes of another backend."""


class StoppedError(Exception):
    """A thread stops because another thread failed, or because the user interrupted."""


@dataclass
class Clock:
    """Counts a budget down and reports progress.

    Attributes
    ----------
    seconds
        The budget.
    now
        Reads the time in seconds; tests pass their own.
    progress
        Called as ``progress(done, total)`` in tenths of a second, the total being the time that is expected.
    """

    seconds: float
    now: Callable[[], float] = time.perf_counter
    progress: Callable[[int, int], None] | None = None
    started: float = field(init=False)
    stopped: bool = False

    def __post_init__(self) -> None:
        self.started = self.now()

    def stop(self) -> None:
        """Make every thread that uses this clock stop at its next `check`."""
        self.stopped = True

    def check(self) -> None:
        """Raise `StoppedError` once the clock was stopped."""
        if self.stopped:
            raise StoppedError

    @property
    def used(self) -> float:
        """Seconds since the start."""
        return self.now() - self.started

    @property
    def left(self) -> float:
        """Seconds that are left, never below 0."""
        return max(0.0, self.seconds - self.used)

    def part(self, share: float) -> Clock:
        """Return a clock that starts now with a share of what is left."""
        return Clock(share * self.left, self.now, self.progress)

    def report(self) -> None:
        """Report progress: the time used, and the rest of the budget as what remains."""
        if self.progress is not None:
            done = round(TICKS_A_SECOND * self.used)
            self.progress(done, done + max(1, round(TICKS_A_SECOND * self.left)))

    def finish(self) -> None:
        """Report that all is done, whatever is left of the budget."""
        if self.progress is not None:
            done = max(1, round(TICKS_A_SECOND * self.used))
            self.progress(done, done)


@dataclass
class Pace:
    """The steps of one training: planned ahead, and fewer while the machine is slower than planned.

    The learning rate follows `progress`, so a training with fewer steps still ends at a learning rate of 0. As long as
    nothing is cut, the steps do not depend on time, and the same plan gives the same network.
    """

    steps: int
    clock: Clock
    deadline: float
    progress: float = 0.0
    made: int = 0
    left: int = field(init=False)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.steps
        self.started = self.clock.used

    @property
    def going(self) -> bool:
        """Whether a step is left."""
        return self.left > 0

    @property
    def cut(self) -> bool:
        """Whether fewer steps than planned will be made, as things stand."""
        return self.made + self.left < self.steps

    def advance(self) -> None:
        """Count one step; now and then compare with the deadline (seconds of the clock).

        Raises
        ------
        StoppedError
            When the clock was stopped.
        """
        self.clock.check()
        self.progress += (1 - self.progress) / self.left
        self.left -= 1
        self.made += 1
        if self.left and self.made % min(STEPS_BETWEEN_CHECKS, 1 + self.steps // CHECKS) == 0:
            self._fit_to_deadline()
            self.clock.report()

    def _fit_to_deadline(self) -> None:
        used, planned = self.clock.used - self.started, self.steps - self.made
        if self.made < SETTLING * self.steps and used < SETTLING * (self.deadline - self.started):
            return
        fits = int((self.deadline - self.clock.used) / max(used / self.made, LEAST_STEP_SECONDS))
        self.left = planned if fits >= NEARLY_ALL * planned else max(1, fits)
