"""The local engine: shards to processes of this machine, or to threads where the data live in this process."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import DatacheckError, ScanError
from datacheck.manifest.readers import ReadFailure
from datacheck.scanning.shard import ShardResult, ShardSettings, failed, shard
from datacheck.scanning.temporary import Scratch
from datacheck.scanning.worker import BEAT, Heartbeat, receive, send

STARTUP_SECONDS = 120.0
"""A worker without a first file after so long is ended: imports from a slow network disk can take a minute."""

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from datacheck.scanning.worker import main; main()"
_TRIES = 3
"""Workers that end before their first file, one after the other, until the scan gives up."""


@dataclass(frozen=True)
class ShardTask:
    """Samples to measure: their positions in the caller's list, uris, and content hashes when last measured."""

    positions: NDArray[np.int64]
    uris: list[str]
    known: list[str | None]

    def __len__(self) -> int:
        return len(self.uris)

    def take(self, rows: list[int]) -> ShardTask:
        """Return the task of some of the samples."""
        return ShardTask(self.positions[rows], [self.uris[row] for row in rows], [self.known[row] for row in rows])


Outcome = tuple[NDArray[np.int64], ShardResult]


def run_threads(tasks: Iterable[ShardTask], settings: ShardSettings, jobs: int) -> Iterator[Outcome]:
    """Measure shards in threads; at most two a thread are under way, so memory stays bounded."""
    waiting = iter(tasks)
    running: dict[Future[ShardResult], NDArray[np.int64]] = {}
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="datacheck-scan")
    try:
        while True:
            while len(running) < 2 * jobs and (task := next(waiting, None)) is not None:
                running[pool.submit(shard, task.uris, task.known, settings)] = task.positions
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def run_processes(
    tasks: Iterable[ShardTask], settings: ShardSettings, jobs: int, *, timeout_s: float
) -> Iterator[Outcome]:
    """Measure shards in processes. A file that hangs or kills its process becomes a row of its own.

    Raises
    ------
    ScanError
        When the processes cannot be started.
    """
    with contextlib.ExitStack() as stack:
        scratch = Scratch()
        stack.callback(scratch.remove)
        folder = scratch.path
        (folder / "beats").write_bytes(BEAT.pack(0, -1, 0) * jobs)
        pool = _Pool(tasks, settings, jobs, timeout_s, folder)
        stack.callback(pool.stop)
        yield from pool.results()


class _Worker:
    """One worker process and what is known of it."""

    def __init__(self, slot: int, setup: dict[str, Any], heartbeat: Heartbeat) -> None:
        self.heartbeat = heartbeat
        self.heartbeat.write(0, -1)
        self.seen = (0, -1, 0)
        self.since: float | None = None
        self.timed_out = False
        self.complaint = ""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "SILENT"}
        # A session of its own: Ctrl-C reaches the parent alone, which then ends its workers.
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.inward, self.outward = self.process.stdin, self.process.stdout
        with contextlib.suppress(OSError):
            send(cast("Any", self.inward), {**setup, "slot": slot})

    def ask(self, task: ShardTask) -> ShardResult:
        """Have a shard measured; raise `EOFError` or `OSError` when the process dies over it."""
        self.seen, self.since = self.heartbeat.read(), time.monotonic()
        try:
            send(cast("Any", self.inward), (task.uris, task.known))
            answer = receive(cast("Any", self.outward))
        finally:
            self.since = None
        if isinstance(answer, DatacheckError):
            raise answer
        if isinstance(answer, str):
            self.complaint = answer
            raise EOFError
        return cast("ShardResult", answer)

    def check(self, timeout_s: float) -> None:
        """Kill the process when it has been at one file for too long."""
        since, beat = self.since, self.heartbeat.read()
        if since is None:
            return
        now = time.monotonic()
        if beat != self.seen or beat[2]:
            self.seen, self.since = beat, now
        elif now - since > (timeout_s if beat[1] >= 0 else max(timeout_s, STARTUP_SECONDS)):
            self.timed_out = True
            self.process.kill()

    def stop(self) -> None:
        """End the process at once and let go of everything."""
        self.process.kill()
        self.process.wait()
        for stream in (self.inward, self.outward):
            with contextlib.suppress(OSError):
                stream.close()


class _Pool:
    """A thread a worker process feeds it and hears it; the caller's thread watches over them."""

    def __init__(
        self, tasks: Iterable[ShardTask], settings: ShardSettings, jobs: int, timeout_s: float, folder: Path
    ) -> None:
        self.tasks, self.lock = iter(tasks), threading.Lock()
        self.pixels, self.timeout_s = settings.pixels, timeout_s
        beats = folder / "beats"
        self.setup = {
            "settings": pickle.dumps(settings),
            "heartbeat": beats,
            "turn": folder / "turn",
        }
        self.beats = [Heartbeat(beats, slot) for slot in range(jobs)]
        self.finished: queue.Queue[Outcome | BaseException | None] = queue.Queue(maxsize=2 * jobs)
        self.stopping = threading.Event()
        self.workers: list[_Worker | None] = [None] * jobs
        self.threads = [threading.Thread(target=self._drive, args=(slot,), daemon=True) for slot in range(jobs)]

    def results(self) -> Iterator[Outcome]:
        for thread in self.threads:
            thread.start()
        open_ends = len(self.threads)
        while open_ends:
            try:
                item = self.finished.get(timeout=0.1)
            except queue.Empty:
                item = ()  # type: ignore[assignment]
            for worker in self.workers:
                if worker is not None:
                    worker.check(self.timeout_s)
            if item is None:
                open_ends -= 1
            elif isinstance(item, BaseException):
                raise item
            elif item:
                yield item

    def stop(self) -> None:
        self.stopping.set()
        for worker in self.workers:
            if worker is not None:
                worker.process.kill()
        for thread in self.threads:
            if thread.ident is not None:
                thread.join()
        for worker in self.workers:
            if worker is not None:
                worker.stop()
        for heartbeat in self.beats:
            heartbeat.close()

    def _put(self, item: Outcome | BaseException | None) -> None:
        while not self.stopping.is_set():
            with contextlib.suppress(queue.Full):
                self.finished.put(item, timeout=0.2)
                return

    def _next(self) -> ShardTask | None:
        with self.lock:
            return next(self.tasks, None)

    def _drive(self, slot: int) -> None:
        """Feed one worker until there is nothing left."""
        try:
            again: deque[ShardTask] = deque()
            false_starts = 0
            while not self.stopping.is_set():
                task = again.popleft() if again else self._next()
                if task is None:
                    break
                worker = self.workers[slot]
                if worker is None:
                    worker = self.workers[slot] = _Worker(slot, self.setup, self.beats[slot])
                try:
                    self._put((task.positions, worker.ask(task)))
                except (EOFError, OSError):
                    if self.stopping.is_set():
                        return
                    self.workers[slot] = None
                    worker.stop()
                    position = worker.heartbeat.read()[1]
                    false_starts = false_starts + 1 if position < 0 else 0
                    if false_starts >= _TRIES or worker.complaint:
                        raise ScanError(_cannot_start(worker)) from None
                    again.extend(self._after_death(worker, task, position))
            self._put(None)
        except BaseException as error:
            self._put(error)

    def _after_death(self, worker: _Worker, task: ShardTask, position: int) -> list[ShardTask]:
        """Turn the file that did it into a row, or try it once more alone; return what is still to do."""
        if position < 0:
            return [task]
        rest = task.take([row for row in range(len(task)) if row != position])
        again = [rest] if len(rest) else []
        if worker.timed_out:
            detail = f"not decoded within {self.timeout_s:g} s"
            self._put((task.take([position]).positions, failed(1, ReadFailure.TIMEOUT, detail, self.pixels)))
        elif len(task) == 1:
            detail = f"the process that decoded it died twice ({_exit_words(worker.process.returncode)})"
            self._put((task.positions, failed(1, ReadFailure.CRASHED, detail, self.pixels)))
        else:
            again.insert(0, task.take([position]))
        return again


def _exit_words(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"


def _cannot_start(worker: _Worker) -> str:
    reason = worker.complaint or _exit_words(worker.process.returncode)
    return (
        f"expected the scan's worker processes to run with {sys.executable}, but they end at once ({reason}); "
        "run the scan with a reader that works in threads, or report this"
    )
