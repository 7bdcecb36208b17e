"""The Ray engine: the same shards, on a cluster. For datasets that outgrow one machine."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from datacheck.errors import DatacheckError, ScanError, require
from datacheck.manifest.readers import ReadFailure
from datacheck.scanning.local import Outcome, ShardTask
from datacheck.scanning.shard import ShardSettings, failed, shard

_STARTUP_SECONDS = 60.0
"""Time that a Ray worker may need to start, on top of the time for its files."""

_CONNECT_SECONDS = 10.0
"""Time in which a cluster's address must answer."""

RETRIES = 3
"""Times that a task is given to another worker when its own is lost; so a file alone must end four workers in a row to
count as the cause."""

_LOSSES = 10
"""Lost nodes and results that one task may suffer on top, until the cluster counts as unusable: no file is blamed."""


def run_ray(tasks: Iterable[ShardTask], settings: ShardSettings, jobs: int, *, timeout_s: float) -> Iterator[Outcome]:
    """Measure shards as Ray tasks, on the cluster that is connected, else on the one that Ray's own variable
    ``RAY_ADDRESS`` names, else on one that is started on this machine and ended after.

    The loss of a worker or of a node costs its tasks time and nothing else: they run again elsewhere. A file is blamed
    for its worker's end only when it was alone in the task, and each of four workers ended over it.

    Raises
    ------
    MissingExtraError
        When Ray is not installed.
    ScanError
        When the cluster is not there, keeps losing its nodes, or is gone.
    """
    with connected(jobs, purpose='the scan with engine="ray"') as ray:
        yield from _Run(ray, tasks, settings, timeout_s).results()


@contextmanager
def connected(jobs: int, *, purpose: str) -> Iterator[Any]:
    """Yield Ray, connected to the cluster as `run_ray` says; it raises the same errors."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    ray: Any = require("ray", extra="ray", purpose=purpose)
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, jobs)
    try:
        yield ray
    finally:
        if ours:
            ray.shutdown()


def _connect(ray: Any, jobs: int) -> None:
    """Connect to the cluster of ``RAY_ADDRESS``, or start one of so many processors on this machine."""
    address = os.environ.get("RAY_ADDRESS")
    if not address:
        ray.init(
            num_cpus=jobs,
            include_dashboard=False,
            logging_level="ERROR",
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
        )
        return
    try:
        _check_reachable(address)
        ray.init(address=address, logging_level="ERROR", log_to_driver=False)
    except (OSError, ValueError) as error:  # Ray's ConnectionError is an OSError
        raise ScanError(
            f"expected a Ray cluster at RAY_ADDRESS={address}, found {str(error).splitlines()[0]}; start it with 'ray "
            "start --head', or unset RAY_ADDRESS to use this machine alone"
        ) from None


def _check_reachable(address: str) -> None:
    """Raise OSError where nothing answers at ``host:port`` or ``ray://host:port``; Ray would wait for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()


@dataclass
class _Submitted:
    """A task under way: since when, and how often a node or a result of it was lost."""

    task: ShardTask
    since: float
    losses: int = 0


@dataclass
class _Run:
    ray: Any
    tasks: Iterable[ShardTask]
    settings: ShardSettings
    timeout_s: float
    again: deque[tuple[ShardTask, int]] = field(default_factory=deque)
    running: dict[Any, _Submitted] = field(default_factory=dict)

    def results(self) -> Iterator[Outcome]:
        remote = self.ray.remote(num_cpus=1, max_retries=RETRIES)(shard)
        shared = self.ray.put(self.settings)
        slots = 2 * max(1, int(self.ray.cluster_resources().get("CPU", 1)))
        waiting = iter(self.tasks)
        progress = time.monotonic()
        while True:
            while len(self.running) < slots:
                task, losses = self.again.popleft() if self.again else (next(waiting, None), 0)
                if task is None:
                    break
                reference = remote.remote(task.uris, task.known, shared)
                self.running[reference] = _Submitted(task, time.monotonic(), losses)
            if not self.running:
                return
            done, _ = self.ray.wait(list(self.running), num_returns=1, timeout=1.0)
            for reference in done:
                progress = time.monotonic()
                yield from self._finished(reference, self.running.pop(reference))
            yield from self._late(progress)

    def _finished(self, reference: Any, submitted: _Submitted) -> Iterator[Outcome]:
        """Yield a task's outcome, or have it done again."""
        task, errors = submitted.task, self.ray.exceptions
        try:
            yield task.positions, self.ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, DatacheckError):
                raise error.cause from None
            raise ScanError(f"expected Ray's workers to measure files, found {error.cause!r}; report this") from None
        except errors.WorkerCrashedError as error:
            if len(task) > 1:
                self._split(task)
                return
            detail = f"each of {RETRIES + 1} processes that decoded it died ({type(error).__name__})"
            yield task.positions, failed(1, ReadFailure.CRASHED, detail, self.settings.pixels)
        except errors.RayError as error:  # a node or a result was lost: not the files' doing
            if submitted.losses >= _LOSSES:
                raise ScanError(
                    f"expected a Ray cluster that keeps its nodes, found the same task lost {_LOSSES + 1} times "
                    f"({type(error).__name__}); what was measured is kept: mend the cluster and run it again"
                ) from None
            self.again.append((task, submitted.losses + 1))

    def _late(self, progress: float) -> Iterator[Outcome]:
        """Cancel the tasks that hang: a task waits for its turn as long as others finish."""
        limit = _STARTUP_SECONDS + 2 * self.timeout_s
        now = time.monotonic()
        late = [each for each, task in self.running.items() if now - max(progress, task.since) > limit]
        if late and not self.ray.cluster_resources().get("CPU", 0):
            raise ScanError("expected a Ray cluster with processors, found none left; what was measured is kept")
        for reference in late:
            task = self.running.pop(reference).task
            self.ray.cancel(reference, force=True)
            if len(task) > 1:
                self._split(task)
            else:
                detail = f"not decoded within {self.timeout_s:g} s"
                yield task.positions, failed(1, ReadFailure.TIMEOUT, detail, self.settings.pixels)

    def _split(self, task: ShardTask) -> None:
        """Have each file of a task done alone."""
        self.again.extend((task.take([row]), 0) for row in range(len(task)))
