"""How a sample's bytes or pixels are reached, and why they sometimes cannot be."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

SampleContent = bytes | NDArray[np.generic]
"""Encoded bytes, or decoded pixels as [H, W] or [H, W, C]."""


class ReadFailure(StrEnum):
    """Why a sample cannot be read; the value stands in ``measurements.error`` and in DC101."""

    ZERO_BYTES = "zero-bytes"
    NOT_AN_IMAGE = "not-an-image"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    DECOMPRESSION_BOMB = "decompression-bomb"
    PERMISSION = "permission"
    VANISHED = "vanished"
    NOT_A_FILE = "not-a-file"
    UNSUPPORTED_MODE = "unsupported-mode"
    ESCAPES_ROOT = "escapes-root"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    """The decoder took its whole process down (a segmentation fault, or the system ran out of memory)."""


class SampleReadError(Exception):
    """One sample cannot be read; the scan turns it into a row."""

    def __init__(self, reason: ReadFailure, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


@dataclass(frozen=True)
class FileStamp:
    """What tells an unchanged file without reading it: size in bytes and modification time in ns."""

    byte_size: int
    mtime_ns: int


class SampleReader(Protocol):
    """Reaches samples by their ``uri``. A reader with ``workers = "process"`` can be sent to other processes."""

    @property
    def workers(self) -> Literal["process", "thread"]:
        """Whether the reader can be sent to other processes, or its data live in this one."""
        ...

    def stamp(self, uri: str) -> FileStamp | None:
        """Return the sample's stamp, or None where there is none (then it is read at every scan)."""
        ...

    def read(self, uri: str) -> SampleContent:
        """Return the sample's content; raise `SampleReadError` when it cannot be had."""
        ...


@dataclass(frozen=True)
class FileReader:
    """Reads files below one root and refuses every path that leads out of it.

    Symbolic links inside the root may point anywhere (people link datasets together); a path with ``..`` or an
    absolute path that leads out of the root is refused.

    Examples
    --------
    >>> FileReader(Path("/data")).path("../etc/passwd")
    Traceback (most recent call last):
        ...
    datacheck.readers.SampleReadError: escapes-root: '../etc/passwd' leads out of the dataset's root /data
    """

    root: Path
    workers: Literal["process", "thread"] = "process"

    def path(self, uri: str) -> Path:
        """Return the path of a sample below the root."""
        root = os.path.abspath(self.root)  # noqa: PTH100 - must not follow links
        path = os.path.normpath(os.path.join(root, uri))  # noqa: PTH118
        if "\0" in uri or not (path == root or path.startswith(root.rstrip(os.sep) + os.sep)):
            raise SampleReadError(ReadFailure.ESCAPES_ROOT, f"{uri!r} leads out of the dataset's root {self.root}")
        return Path(path)

    def stamp(self, uri: str) -> FileStamp | None:
        """Return size and modification time; None when the file cannot be reached."""
        try:
            status = os.stat(self.path(uri))  # noqa: PTH116 - hot path
        except (OSError, SampleReadError):
            return None
        return FileStamp(status.st_size, status.st_mtime_ns)

    def read(self, uri: str) -> bytes:
        """Return the file's bytes."""
        path = self.path(uri)
        try:
            # Without waiting, so that a named pipe is told from a file before it hangs the scan.
            with open(os.open(path, _OPEN_FLAGS), "rb", buffering=0) as file:  # noqa: PTH123 - hot path
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise SampleReadError(ReadFailure.NOT_A_FILE, f"{path}: expected a file, found something else")
                return file.read()
        except OSError as error:
            raise SampleReadError(_failure_of(error), f"{path}: {error.strerror}") from None


def _failure_of(error: OSError) -> ReadFailure:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return ReadFailure.PERMISSION
    if error.errno in {errno.EISDIR, errno.ENXIO}:
        return ReadFailure.NOT_A_FILE
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
        return ReadFailure.VANISHED
    return ReadFailure.CORRUPT
