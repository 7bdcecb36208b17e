"""How a sample's bytes or pixels are reached, and why they sometimes cannot be."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

_MEMBER = re.compile(r"(?P<shard>.+?)/@(?P<offset>\d+)\+(?P<size>\d+)/(?P<name>.*)", re.DOTALL)
ESCAPED_BYTE = r"\\x([89a-f][0-9a-f])"
"""How a listing writes a byte of a file name that is no UTF-8."""

_ESCAPED_BYTE = re.compile(ESCAPED_BYTE.encode())
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

MAX_FILE_BYTES = 1 << 30
"""Larger files (1 GiB) are not read: no image that fits into memory needs them, and a sparse file can have any size."""

Workers = Literal["process", "thread"]
"""Whether a reader can be sent to other processes, or its data live in this one."""

SampleContent = bytes | NDArray[np.generic]
"""Encoded bytes, or decoded pixels as [H, W] or [H, W, C]."""


class ReadFailure(StrEnum):
    """Why a sample cannot be read; the value stands in ``measurements.error`` and in DC101."""

    ZERO_BYTES = "zero-bytes"
    NOT_AN_IMAGE = "not-an-image"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_LARGE = "too-large"
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
    """What shows that a file is unchanged without reading it.

    Size in bytes, time of the last modification, and time of the last change of the file's entry (ctime; 0 where there
    is none), both in ns. Copying tools can restore the modification time, but not the change time.
    """

    byte_size: int
    mtime_ns: int
    ctime_ns: int = 0


class SampleReader(Protocol):
    """Reaches samples by their ``uri``. A reader with ``workers = "process"`` can be sent to other processes."""

    @property
    def workers(self) -> Workers:
        """Where the reader can work."""
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

    Symbolic links inside the root may point anywhere (people link datasets together) and are read, but what they point
    to outside the root is never passed on: see `contained`. A path with ``..`` or an absolute path that leads out of
    the root is refused.

    Examples
    --------
    >>> FileReader(Path("/data")).path("../etc/passwd")
    Traceback (most recent call last):
        ...
    datacheck.manifest.readers.SampleReadError: escapes-root: '../etc/passwd' leads out of the dataset's root /data
    """

    root: Path
    workers: Workers = "process"

    def path(self, uri: str) -> Path:
        """Return the path of a sample below the root."""
        root = os.path.abspath(self.root)  # noqa: PTH100 - must not follow links
        path = os.path.normpath(os.path.join(root, uri))  # noqa: PTH118
        if "\0" in uri or not (path == root or path.startswith(root.rstrip(os.sep) + os.sep)):
            raise SampleReadError(ReadFailure.ESCAPES_ROOT, f"{uri!r} leads out of the dataset's root {self.root}")
        return Path(_on_disk(path))

    def contained(self, uri: str) -> Path:
        """Return the path of a sample whose content may be passed on: no link leads out of the root.

        Raises
        ------
        SampleReadError
            When the file, or a folder above it, is a link to a place outside the root.
        """
        path = self.path(uri)
        real, root = os.path.realpath(path), os.path.realpath(self.root)
        if not real.startswith(root.rstrip(os.sep) + os.sep):
            raise SampleReadError(ReadFailure.ESCAPES_ROOT, f"{uri!r} is a link to {real}, outside the root {root}")
        return path

    def stamp(self, uri: str) -> FileStamp | None:
        """Return size and modification time; None when the file cannot be reached."""
        try:
            status = os.stat(self.path(uri))  # noqa: PTH116 - hot path
        except (OSError, SampleReadError):
            return None
        return FileStamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def read(self, uri: str) -> bytes:
        """Return the file's bytes."""
        path = self.path(uri)
        try:
            # Without waiting, so that a named pipe is refused and does not stop the scan.
            with open(os.open(path, _OPEN_FLAGS), "rb", buffering=0) as file:  # noqa: PTH123 - hot path
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise SampleReadError(ReadFailure.NOT_A_FILE, f"{path}: expected a file, found something else")
                _refuse_large(status.st_size, path)
                return file.read()
        except OSError as error:
            raise SampleReadError(_failure_of(error), f"{path}: {error.strerror}") from None


@dataclass(frozen=True)
class TarReader:
    """Reads members of tar archives by their place, without unpacking; the uri is ``shard/@offset+size/member``.

    A member's name only names it: nothing is ever written, and no path is made from it.

    Attributes
    ----------
    root
        Folder of the shards.
    """

    root: Path
    workers: Workers = "process"

    def stamp(self, uri: str) -> FileStamp | None:
        """Return the member's size and the shard's modification time."""
        found = _MEMBER.fullmatch(uri)
        stamp = None if found is None else FileReader(self.root).stamp(found["shard"])
        if stamp is None or found is None:
            return None
        return FileStamp(int(found["size"]), stamp.mtime_ns, stamp.ctime_ns)

    def read(self, uri: str) -> bytes:
        """Return a member's bytes."""
        shard, offset, size = member_place(uri)
        path = FileReader(self.root).path(shard)
        _refuse_large(size, uri)
        try:
            with path.open("rb") as file:
                file.seek(offset)
                content = file.read(size)
        except FileNotFoundError:
            raise SampleReadError(ReadFailure.VANISHED, f"{path}: no such file") from None
        except OSError as error:
            raise SampleReadError(ReadFailure.CORRUPT, f"{path}: {error.strerror}") from error
        if len(content) < size:
            raise SampleReadError(ReadFailure.TRUNCATED, f"{uri}: expected {size} bytes, found {len(content)}")
        return content


def _refuse_large(n_bytes: int, name: object) -> None:
    if n_bytes > MAX_FILE_BYTES:
        raise SampleReadError(
            ReadFailure.TOO_LARGE, f"{name}: {n_bytes:,} bytes, more than the limit of {MAX_FILE_BYTES:,}"
        )


def member_place(uri: str) -> tuple[str, int, int]:
    """Return the shard, offset and size that a member's uri says.

    Examples
    --------
    >>> member_place("train-0.tar/@512+100/cat/1.jpg")
    ('train-0.tar', 512, 100)
    """
    found = _MEMBER.fullmatch(uri)
    if found is None:
        raise SampleReadError(ReadFailure.VANISHED, f"expected shard/@offset+size/member, found {uri!r}")
    return found["shard"], int(found["offset"]), int(found["size"])


def member_uri(shard: str, offset: int, size: int, name: str) -> str:
    """Return the uri that `TarReader` reads.

    Examples
    --------
    >>> member_uri("train-0.tar", 512, 100, "cat/1.jpg")
    'train-0.tar/@512+100/cat/1.jpg'
    """
    return f"{shard}/@{offset}+{size}/{name}"


def _on_disk(path: str) -> str:
    r"""Return the path whose bytes that are no UTF-8 a listing wrote as ``\xNN``, or the path as it is."""
    if "\\x" not in path or os.path.lexists(path):
        return path
    # Only bytes beyond ASCII are put back: no separator and no dot can come in this way.
    written = path.encode("utf-8", "surrogateescape")
    return _ESCAPED_BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), written).decode("utf-8", "surrogateescape")


def _failure_of(error: OSError) -> ReadFailure:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return ReadFailure.PERMISSION
    if error.errno in {errno.EISDIR, errno.ENXIO}:
        return ReadFailure.NOT_A_FILE
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
        return ReadFailure.VANISHED
    return ReadFailure.CORRUPT
