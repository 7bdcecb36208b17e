"""The scan: every file of a manifest read once, decoded once, measured, and remembered."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from datacheck.cpus import available_cpus
from datacheck.errors import ConfigError, ScanError, did_you_mean
from datacheck.manifest import Manifest
from datacheck.manifest.readers import SampleReader
from datacheck.memory import give_back
from datacheck.scanning.job import Progress, ScanJob, ScanResult
from datacheck.scanning.local import Outcome, ShardTask, run_processes, run_threads
from datacheck.scanning.measurements import Measurements
from datacheck.scanning.pools import can_travel
from datacheck.scanning.shard import ShardSettings
from datacheck.scanning.stored_table import StoredTable
from datacheck.scanning.temporary import Scratch
from datacheck.scanning.thumbnails import ThumbnailStore
from datacheck.scanning.worker import exclusive
from datacheck.scanning.working_copy import on_this_machine

ENGINES = ("local", "ray")
FILE_TIMEOUT_S = 60.0
"""A file that takes longer counts as hanging: even a large image on a slow network disk takes less."""


def scan(
    manifest: Manifest,
    *,
    run_dir: Path | None = None,
    jobs: int | None = None,
    engine: str = "local",
    pixels: int | None = None,
    thumbnails: bool = True,
    progress: Progress | None = None,
    timeout_s: float = FILE_TIMEOUT_S,
) -> ScanResult:
    """Measure every sample of a manifest. An unreadable file is a row with its reason, never an error.

    Parameters
    ----------
    manifest
        The dataset; its reader reaches the samples.
    run_dir
        Keeps finished work: a later scan with the same folder reads only what is new or changed.
    jobs
        Processes or threads; as many as there are processors by default.
    engine
        ``"local"`` or ``"ray"``; the result is the same.
    pixels
        Side S of the fixed-size pixels to make, or None.
    thumbnails
        Whether to keep small pictures for the report.
    progress
        Called with (done, total) during the scan.
    timeout_s
        Seconds after which a file counts as hanging; its row says ``timeout``. Threads are not interrupted.

    Raises
    ------
    ScanError
        When the manifest has nothing that can be read, or another scan is using the run folder.
    ConfigError
        When an option has an unusable value.

    Examples
    --------
    >>> import numpy as np
    >>> class Arrays:
    ...     workers = "thread"
    ...     def stamp(self, uri): return None
    ...     def read(self, uri): return np.full((4, 4, 3), int(uri), dtype=np.uint8)
    >>> manifest = Manifest.from_columns({"uri": ["0", "255"]}, reader=Arrays())
    >>> scan(manifest).measurements.values("brightness").tolist()
    [0.0, 1.0]
    """
    reader = _check(manifest, engine, jobs, pixels)
    scratch, folder = (None, on_this_machine(run_dir, "run_dir") / "scan") if run_dir is not None else _scratch()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder):
            job = ScanJob(manifest, reader, folder, pixels or 0, thumbnails, progress)
            result = job.run(partial(_start, engine, settings=job.settings, jobs=jobs, timeout_s=timeout_s))
            del job
            give_back()
    except BaseException:
        if scratch is not None:
            scratch.remove()
        raise
    return result if scratch is None else _detached(result, scratch)


def _check(manifest: Manifest, engine: str, jobs: int | None, pixels: int | None) -> SampleReader:
    if engine not in ENGINES:
        raise ConfigError(f"engine: expected one of {list(ENGINES)}, found {engine!r}{did_you_mean(engine, ENGINES)}")
    if jobs is not None and jobs < 1:
        raise ConfigError(f"jobs: expected at least 1, found {jobs}")
    if pixels is not None and not 1 <= pixels <= 1024:
        raise ConfigError(f"pixels: expected a side from 1 to 1024, found {pixels}")
    if manifest.reader is None:
        raise ScanError(
            "expected a manifest whose samples can be read, but it has no reader: open its source again, or give "
            "root= to Manifest.from_columns"
        )
    return manifest.reader


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    try:
        with exclusive(folder / ".lock", wait=False):
            yield
    except BlockingIOError:
        raise ScanError(f"another scan is using {folder}: wait for it, or choose another run folder") from None


def _scratch() -> tuple[Scratch, Path]:
    scratch = Scratch()
    return scratch, scratch.path


def _detached(result: ScanResult, scratch: Scratch) -> ScanResult:
    """Delete a temporary folder when nothing reads from it any more."""
    table = result.measurements.table
    owners: list[Any] = [one for one in (result.thumbnails, table) if isinstance(one, ThumbnailStore | StoredTable)]
    left = len(owners)

    def let_go() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            scratch.remove()

    for owner in owners:
        weakref.finalize(owner, let_go)
    if not owners:
        scratch.remove()  # an open memory map outlives its file
    return ScanResult(Measurements(table), result.pixels, result.thumbnails)


def _start(
    engine: str, tasks: Iterator[ShardTask], *, settings: ShardSettings, jobs: int | None, timeout_s: float
) -> Iterator[Outcome]:
    jobs = jobs or available_cpus()
    if not can_travel(settings.reader):
        return run_threads(tasks, settings, jobs)
    if engine == "ray":
        from datacheck.scanning.ray_engine import run_ray

        return run_ray(tasks, settings, jobs, timeout_s=timeout_s)
    return run_processes(tasks, settings, jobs, timeout_s=timeout_s)
