"""A copy of a tar that holds its headers and labels alone, for tars that are far away."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

from datacheck.sources.files import is_image_name

_MOST_LABEL_BYTES = 1 << 20
"""A larger member (1 MiB) is data, not a label."""


class _Recorder:
    """Reads from one file, and writes what was read to the same place of another."""

    def __init__(self, source: Any, copy: Any) -> None:
        self.source, self.copy = source, copy

    def read(self, size: int = -1) -> bytes:
        place = self.source.tell()
        content = bytes(self.source.read(size))
        self.copy.seek(place)
        self.copy.write(content)
        return content

    def seek(self, place: int, whence: int = 0) -> int:
        return int(self.source.seek(place, whence))

    def tell(self) -> int:
        return int(self.source.tell())


def copy_headers(source: Any, target: Path) -> None:
    """Copy the headers and the small members that are no images to the same places of a sparse file.

    Where the tar is damaged or compressed the copy ends as it does, so that reading it finds the same damage.

    Parameters
    ----------
    source
        An open file that can seek; only what is needed is read.
    target
        The copy, of the same size.
    """
    size = source.seek(0, 2)
    source.seek(0)
    with target.open("wb") as copy:
        copy.truncate(size)
        recorder = _Recorder(source, copy)
        recorder.read(512)
        recorder.seek(0)
        try:
            with tarfile.open(fileobj=recorder, mode="r:") as archive:  # type: ignore[call-overload]
                for member in archive:
                    if member.isreg() and member.size <= _MOST_LABEL_BYTES and not is_image_name(member.name):
                        place = recorder.tell()
                        recorder.seek(member.offset_data)
                        recorder.read(member.size)
                        recorder.seek(place)
                    archive.members = []
        except (tarfile.TarError, EOFError):
            return
