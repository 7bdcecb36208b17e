"""Temporary folders of a scan: deleted when it ends, or by a later scan when it was killed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from datacheck.scanning.worker import exclusive

PREFIX = "datacheck-scan-"
_ALIVE = ".alive"
_NEWBORN_SECONDS = 600.0
"""Younger folders are left alone: a scan takes its lock right after it has made the folder."""


class Scratch:
    """A temporary folder that is locked while its process runs.

    Attributes
    ----------
    path
        The folder.

    Examples
    --------
    >>> scratch = Scratch()
    >>> scratch.path.is_dir(), (scratch.remove(), scratch.path.exists())[1]
    (True, False)
    """

    def __init__(self) -> None:
        sweep()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = ExitStack()
        self._lock.enter_context(exclusive(self.path / _ALIVE))

    def remove(self) -> None:
        """Delete the folder; what is mapped from it stays readable."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(now: float | None = None) -> None:
    """Delete the temporary folders of this user's killed scans: older than ten minutes, and not locked."""
    if importlib.util.find_spec("fcntl") is None:  # without locks, a running scan cannot be recognised
        return
    now = time.time() if now is None else now
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
            if not ours or not folder.is_dir() or folder.is_symlink() or now - found.st_mtime < _NEWBORN_SECONDS:
                continue
            with exclusive(folder / _ALIVE, wait=False):
                shutil.rmtree(folder, ignore_errors=True)
