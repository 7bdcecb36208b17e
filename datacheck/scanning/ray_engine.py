"""The Ray engine: the same shards, on a cluster. For datasets that outgrow one machine."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from datacheck.errors import require
from datacheck.manifest.readers import ReadFailure
from datacheck.scanning.local import Outcome, ShardTask
from datacheck.scanning.shard import ShardSettings, failed, shard

_STARTUP_SECONDS = 60.0
"""Time that a Ray worker may need to start, on top of the time for its files."""


def run_ray(tasks: Iterable[ShardTask], settings: ShardSettings, jobs: int, *, timeout_s: float) -> Iterator[Outcome]:
    """Measure shards as Ray tasks: those of the cluster that is connected, or of one started here and ended after.

    Raises
    ------
    MissingExtraError
        When Ray is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    ray: Any = require("ray", extra="ray", purpose='the scan with engine="ray"')
    ours = not ray.is_initialized()
    if ours:
        ray.init(
            num_cpus=jobs,
            include_dashboard=False,
            logging_level="ERROR",
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
        )
    try:
        yield from _results(ray, tasks, settings, timeout_s)
    finally:
        if ours:
            ray.shutdown()


def _results(ray: Any, tasks: Iterable[ShardTask], settings: ShardSettings, timeout_s: float) -> Iterator[Outcome]:
    remote = ray.remote(num_cpus=1, max_retries=0)(shard)
    shared = ray.put(settings)
    slots = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting, again = iter(tasks), deque[ShardTask]()
    running: dict[Any, tuple[ShardTask, float]] = {}
    while True:
        while len(running) < slots:
            task = again.popleft() if again else next(waiting, None)
            if task is None:
                break
            deadline = time.monotonic() + _STARTUP_SECONDS + timeout_s * len(task) * 2
            running[remote.remote(task.uris, task.known, shared)] = (task, deadline)
        if not running:
            return
        done, _ = ray.wait(list(running), num_returns=1, timeout=1.0)
        for reference in done:
            task, _ = running.pop(reference)
            try:
                yield task.positions, ray.get(reference)
            except ray.exceptions.RayError as error:
                if len(task) == 1:
                    detail = f"the process that decoded it died twice ({type(error).__name__})"
                    yield task.positions, failed(1, ReadFailure.CRASHED, detail, settings.pixels)
                again.extend(task.take([row]) for row in range(len(task)) if len(task) > 1)
        for reference in [late for late, (_, deadline) in running.items() if time.monotonic() > deadline]:
            task, _ = running.pop(reference)
            ray.cancel(reference, force=True)
            if len(task) == 1:
                detail = f"not decoded within {timeout_s:g} s"
                yield task.positions, failed(1, ReadFailure.TIMEOUT, detail, settings.pixels)
            again.extend(task.take([row]) for row in range(len(task)) if len(task) > 1)
