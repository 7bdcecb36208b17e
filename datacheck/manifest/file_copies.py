"""Places for copies of a dataset's files in a folder of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Container, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from datacheck.errors import StorageError
from datacheck.manifest.object_store import StoreReader
from datacheck.manifest.readers import SampleReadError
from datacheck.text import plural

Link = Literal["hard", "symbolic", "copy"]
"""How a file gets into the copy."""


@dataclass(frozen=True)
class StoredFile:
    """An object of a store, which is copied by reading it; its size in bytes where it is known."""

    reader: StoreReader
    uri: str
    size: int | None = None

    def content(self) -> bytes:
        """Return its bytes.

        Raises
        ------
        StorageError
            When it cannot be read, or has another size than when it was audited.
        """
        try:
            content = self.reader.read(self.uri)
        except SampleReadError as error:
            raise StorageError(f"{error}: restore it, or audit the dataset again; nothing was written") from error
        if self.size is not None and len(content) != self.size:
            raise StorageError(
                f"{self.reader.url}/{self.uri} has {plural(len(content), 'byte')}, and had {self.size:,} when it was "
                "audited: audit the dataset again; nothing was written"
            )
        return content


Source = Path | StoredFile
"""Where the content of a copy comes from."""


def safe_name(label: str) -> str:
    """Return a class name as one folder name, which leads nowhere else.

    Examples
    --------
    >>> safe_name("../cat/dog")
    '.._cat_dog'
    """
    name = "".join("_" if character in '/\\\0:*?"<>|' else character for character in label)
    return name if name.strip(". ") else "_" + name.replace(".", "_")


def free_path(path: Path, used: Container[Path]) -> Path:
    """Return the path, or with a number where two files of one class have the same name."""
    candidate, number = path, 2
    while candidate in used:
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return candidate


def place_files(files: Mapping[Path, Source], folder: Path, link: Link) -> None:
    """Bring files to their places below a folder; objects of a store are fetched several at a time."""

    def place(path: Path) -> None:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        place_file(files[path], target, link)

    stored = [source.reader.ahead for source in files.values() if isinstance(source, StoredFile)]
    with ThreadPoolExecutor(max(stored, default=1)) as pool:
        for _ in pool.map(place, files):
            pass


def place_file(source: Source, target: Path, link: Link) -> None:
    """Bring a file to its place; as a copy of its content where it cannot be linked."""
    if isinstance(source, StoredFile):
        target.write_bytes(source.content())
    elif link == "symbolic":
        target.symlink_to(source.resolve())
    elif link == "copy":
        shutil.copy2(source, target)
    else:
        try:
            os.link(source.resolve(), target)  # of the file, where the source is a link to it
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, target)
