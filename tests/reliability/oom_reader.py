"""A reader that leaves its process too little memory for one image."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from pathlib import Path

from datacheck.manifest.readers import FileReader, FileStamp, Workers

SPARE_BYTES = 64 << 20
"""Room that is left: enough for small images, not for one of 8,000 x 8,000 pixels (192 MB)."""


@dataclass(frozen=True)
class TightReader:
    """Reads files below a root; from ``big.png`` on, its process may take hardly more memory than it has."""

    root: Path
    workers: Workers = "process"

    def stamp(self, uri: str) -> FileStamp | None:
        return None

    def read(self, uri: str) -> bytes:
        content = FileReader(self.root).read(uri)
        if uri == "big.png":
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * resource.getpagesize() + SPARE_BYTES
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        return content
