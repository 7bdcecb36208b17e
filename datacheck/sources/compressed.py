"""Files that are packed by themselves, such as ``train.csv.gz`` and Kaggle's ``train.csv.zip``."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datacheck.errors import SourceError


def _open_zip(path: Path) -> Any:
    """Open the only file in a zip, besides what macOS adds."""
    archive = zipfile.ZipFile(path)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if len(names) != 1:
        raise SourceError(f"expected one file in {path}, found {len(names)}; unpack it and open the one that is meant")
    if Path(names[0]).suffix.lower() != Path(path.stem).suffix.lower():
        raise SourceError(f"expected a file like {path.stem} in {path}, found {names[0]}; unpack it and open that")
    return archive.open(names[0])


_OPENERS: Mapping[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zip": _open_zip,
}

_DAMAGED = (zipfile.BadZipFile, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, RuntimeError)


def unpacked_name(path: Path) -> Path:
    """Return the name without the extension of the packing, where it has one.

    Examples
    --------
    >>> unpacked_name(Path("a/train.csv.gz")).name, unpacked_name(Path("train.csv")).name
    ('train.csv', 'train.csv')
    """
    return path.with_suffix("") if path.suffix.lower() in _OPENERS else path


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give the unpacked file, which is deleted at the end; the file itself where it is not packed.

    Raises
    ------
    SourceError
        When the packing is damaged, or a zip holds several files.
    """
    opener = _OPENERS.get(path.suffix.lower())
    if opener is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="datacheck-unpacked-") as folder:
        target = Path(folder) / path.with_suffix("").name
        try:
            with opener(path) as packed, target.open("wb") as plain:
                shutil.copyfileobj(packed, plain)
        except _DAMAGED as error:
            raise SourceError(f"expected a packed file in {path}, found: {error}; pack it again") from None
        try:
            yield target
        except SourceError as error:
            raise SourceError(str(error).replace(str(target), str(path))) from None
