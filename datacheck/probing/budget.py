"""Seconds: how many the user gives, how many are left, and what fits into them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from datacheck.errors import ConfigError

SETTLING = 0.1
"""Share of a training's steps, and of its time, in which its speed is not judged."""

CUT_SHORT = "cut the training short: the machine became slower than it was at first"
"""What a backend says in its choices when it had to stop early."""

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


class StoppedError(Exception):
    """Work was given up because work beside it failed, or the user interrupted."""


@dataclass
class Clock:
    """Counts a budget down and tells the caller how far the probe is.

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
        """Let whoever counts on this clock, in whatever thread, end at its next `check`."""
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

    def tell(self, expected_left: float | None = None) -> None:
        """Report progress; ``expected_left`` seconds remain, the rest of the budget by default."""
        if self.progress is not None:
            left = self.left if expected_left is None else expected_left
            done = round(10 * self.used)
            self.progress(done, done + max(1, round(10 * left)))


@dataclass
class Pace:
    """Steps of one training: planned ahead, cut while the machine turns out slower than it was.

    The learning rate follows `progress`, so that a cut training still ends with its rate run down. As long as nothing
    is cut the steps do not depend on the time, and the same plan gives the same network.
    """

    steps: int
    clock: Clock
    deadline: float
    check_every: int = 10
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
        """Whether fewer steps than planned are made, as it stands."""
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
        if self.left and self.made % min(self.check_every, 1 + self.steps // 10) == 0:
            self._keep_to_the_deadline()
            self.clock.tell()

    def _keep_to_the_deadline(self) -> None:
        used, planned = self.clock.used - self.started, self.steps - self.made
        # The first steps are slow everywhere, and say little of those to come.
        if self.made < SETTLING * self.steps and used < SETTLING * (self.deadline - self.started):
            return
        fits = int((self.deadline - self.clock.used) / max(used / self.made, 1e-9))
        self.left = planned if fits >= 0.95 * planned else max(1, fits)
