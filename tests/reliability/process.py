"""Runs commands in forks of one process that has imported datacheck, and makes them fail at a chosen write.

A fork starts in milliseconds where a new interpreter takes seconds, so each write of a command can be its last in turn.
Python reports each change of the file system to audit hooks before it happens; the hook counts those below one folder.
"""

from __future__ import annotations

import errno
import importlib
import json
import math
import os
import resource
import signal
import sys
from collections.abc import Sequence
from typing import Any

_CHANGES = frozenset(
    {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.utime"}
)
_REMOVALS = frozenset({"os.remove", "os.rmdir"})
_WRITING = os.O_WRONLY | os.O_RDWR


class Fault:
    """Counts changes below a folder; at the given one the process is killed, or from it on the disk is full."""

    def __init__(self, folder: str, kind: str, at: int) -> None:
        self.folder, self.kind, self.at, self.count = folder, kind, at, 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_change(event, arguments):
            return
        self.count += 1
        if self.kind == "killed" and self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "full" and self.count >= self.at and event not in _REMOVALS:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[0]))

    def _is_change(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            _, _, flags = arguments
            changes = bool(flags & _WRITING)
        else:
            changes = event in _CHANGES
        return changes and isinstance(arguments[0], str | os.PathLike) and self._is_below(os.fspath(arguments[0]))

    def _is_below(self, path: str | bytes) -> bool:
        return os.path.abspath(os.fsdecode(path)).startswith(self.folder + os.sep)  # noqa: PTH100 - keeps links


def run_job(job: dict[str, Any]) -> int:
    """Run one command in a fork and return its wait status; the number of changes goes to ``changes.txt``."""
    reading, writing = os.pipe()  # not a file, which the limit on file sizes would concern
    child = os.fork()
    if child:
        os.close(writing)
        with open(reading, "rb") as printed, open(job["output"], "wb") as output:  # noqa: PTH123
            output.write(printed.read())
        return os.waitpid(child, 0)[1]
    os.setsid()
    os.chdir(job["folder"])
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    if job["kind"] == "file-size":
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["at"], resource.RLIM_INFINITY))
    if job.get("uid"):
        os.setgroups([])
        os.setgid(job["uid"])
        os.setuid(job["uid"])
    fault = Fault(job["folder"], job["kind"], job["at"])
    sys.addaudithook(fault)
    code = 70
    try:
        from datacheck.cli import main

        main(job["arguments"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if not job.get("uid"):  # who may not write there
            with open(job["output"] + ".changes", "w") as file:  # noqa: PTH123
                file.write(str(fault.count))
        os._exit(code)


def serve(lines: Sequence[str] | Any) -> None:
    """Run the jobs that come in, one a line, and print the status of each."""
    for name in ("datacheck.auditing.flow", "datacheck.cli.app", "datacheck_expectations"):
        importlib.import_module(name)  # once, for all forks
    importlib.import_module("datacheck.scanning.job").COMMIT_SECONDS = math.inf  # so that a run's writes can be counted
    for line in lines:
        print(run_job(json.loads(line)), flush=True)


if __name__ == "__main__":
    serve(sys.stdin)
