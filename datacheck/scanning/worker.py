"""A worker process of the local engine: takes shards from its standard input, answers on its standard output.

It is started as a fresh interpreter on this file's `main`, not through `multiprocessing`, so the user's main module is
never imported again: an unguarded script is safe. Frames are a length and a pickle, between processes of our own.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import pickle
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

BEAT = struct.Struct("<qqq")
"""The heartbeat: files begun since the start, position in the shard (-1 before the first), 1 while waiting its turn."""

_LENGTH = struct.Struct("<Q")

_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""What some network disks answer to a request for a lock."""


def send(stream: BinaryIO, value: Any) -> None:
    """Write one frame."""
    payload = pickle.dumps(value, protocol=5)
    stream.write(_LENGTH.pack(len(payload)))
    stream.write(payload)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one frame; raise `EOFError` when the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    payload = stream.read(_LENGTH.unpack(head)[0])
    if len(payload) < _LENGTH.unpack(head)[0]:
        raise EOFError
    return pickle.loads(payload)


class Heartbeat:
    """Writes to shared memory which file is being read: the parent sees which file killed or blocked a worker."""

    def __init__(self, path: Path, slot: int) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._offset = slot * BEAT.size

    def write(self, count: int, position: int, waiting: int = 0) -> None:
        """Write the position of the worker."""
        BEAT.pack_into(self._memory, self._offset, count, position, waiting)

    def read(self) -> tuple[int, int, int]:
        """Return count, position, waiting."""
        count, position, waiting = BEAT.unpack_from(self._memory, self._offset)
        return int(count), int(position), int(waiting)

    def close(self) -> None:
        """Close the shared memory."""
        self._memory.close()


class _Beats:
    def __init__(self, heartbeat: Heartbeat, turn: Path) -> None:
        self.heartbeat, self.turn = heartbeat, turn
        self.count = self.position = 0

    def started(self, position: int) -> None:
        self.count, self.position = self.count + 1, position
        self.heartbeat.write(self.count, position)

    @contextlib.contextmanager
    def big(self) -> Iterator[None]:
        """Wait for the turn to decode a big image: one at a time bounds the memory of all workers."""
        with exclusive(self.turn, before=lambda: self.heartbeat.write(self.count, self.position, 1)):
            self.count += 1
            self.heartbeat.write(self.count, self.position)
            yield


@contextlib.contextmanager
def exclusive(path: Path, *, before: Callable[[], None] | None = None, wait: bool = True) -> Iterator[None]:
    """Hold a lock file; it frees itself when the process dies. No lock where system or disk have no ``flock``."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("ab") as file:
        if before is not None:
            before()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield


def main() -> None:
    """Serve shards until the standard input ends."""
    inward, outward = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a decoder prints must not reach the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        serve(inward, outward)
    except (EOFError, BrokenPipeError):
        pass
    except BaseException as error:
        from datacheck.errors import DatacheckError

        known = isinstance(error, DatacheckError)  # of the dataset's store, not of one file
        with contextlib.suppress(OSError):
            send(outward, type(error)(str(error)) if known else f"{type(error).__name__}: {error}")
    os._exit(0)


def serve(inward: BinaryIO, outward: BinaryIO) -> None:
    """Answer each shard with its result."""
    setup = receive(inward)
    import cv2

    from datacheck.scanning.shard import shard

    cv2.setNumThreads(1)
    settings = pickle.loads(setup["settings"])
    beats = _Beats(Heartbeat(setup["heartbeat"], setup["slot"]), setup["turn"])
    call: Callable[..., Any] = shard
    big: Callable[[], AbstractContextManager[None]] = beats.big
    while True:
        uris, known = receive(inward)
        send(outward, call(uris, known, settings, started=beats.started, big=big))
