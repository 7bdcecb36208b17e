"""Atomic writes, and reads that say what is wrong with a saved artefact."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.errors import DatacheckError, StorageError

_UNFINISHED = ".unfinished"
"""Ends the name of a folder that is being written."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it over ``path`` when the block succeeds.

    A reader sees the old file or the new one, never half of one, even after a power cut; a failed block leaves nothing.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "a.txt").read_text()
    'whole'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        _to_disk(temporary)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; rename it to ``path`` when the block succeeds.

    ``path`` must be new or an empty folder. A failed block leaves no trace; what a killed one left is removed by the
    next.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp()) / "new"
    >>> with new_folder(folder) as temporary:
    ...     write_text(temporary / "a.txt", "whole")
    >>> [one.name for one in folder.iterdir()]
    ['a.txt']
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{escape(path.name)}.*{_UNFINISHED}"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
    temporary.mkdir()
    try:
        yield temporary
        if path.is_dir():
            path.rmdir()
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _to_disk(path: Path) -> None:
    """Have the system write a file to disk: otherwise a power cut after the rename can leave an empty file."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object atomically, keys in the order given; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, *, schema: str, version: int) -> dict[str, Any]:
    """Read a JSON object that names its schema and version.

    Raises
    ------
    StorageError
        When the file is missing, is not JSON, names another schema, or a newer version.
    """
    with reading(path, schema):
        value = json.loads(path.read_text(encoding="utf-8"))
    found = value.get("schema") if isinstance(value, dict) else type(value).__name__
    if found != schema:
        raise StorageError(f"expected schema {schema!r} in {path}, found {found!r}")
    check_version(value.get("version"), version, what=schema, where=path)
    return cast("dict[str, Any]", value)


def check_version(found: object, supported: int, *, what: str, where: Path) -> None:
    """Raise a `StorageError` unless ``found`` is an integer version no newer than ``supported``."""
    if not isinstance(found, int) or found < 1:
        raise StorageError(f"expected a schema version of {what} in {where}, found {found!r}")
    if found > supported:
        raise StorageError(
            f"{where} holds {what} version {found}; this datacheck reads up to version {supported}: upgrade datacheck"
        )


def write_table(path: Path, table: pa.Table, metadata: Mapping[str, Any] | None = None) -> None:
    """Write an Arrow table as Parquet atomically, with ``metadata`` as JSON under the key ``datacheck``."""
    with table_writer(path, table.schema, metadata) as writer:
        writer.write_table(table)


@contextmanager
def table_writer(
    path: Path, schema: pa.Schema, metadata: Mapping[str, Any] | None = None
) -> Iterator[pq.ParquetWriter]:
    """Write tables as the parts of one Parquet file, which is whole or as it was before; as `write_table`."""
    if metadata is not None:
        encoded = json.dumps(metadata, ensure_ascii=False).encode()
        schema = schema.with_metadata({**(schema.metadata or {}), b"datacheck": encoded})
    with (
        atomic_path(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        yield writer


def read_table(path: Path, *, what: str) -> tuple[pa.Table, dict[str, Any]]:
    """Read a Parquet table and the metadata that `write_table` stored with it.

    Raises
    ------
    StorageError
        When the file is missing or is not a Parquet file that datacheck wrote.
    """
    with reading(path, what):
        table = pq.read_table(path, page_checksum_verification=True)
        table.validate(full=True)
        return table, _metadata(table.schema, path, what)


def read_metadata(path: Path, *, what: str) -> tuple[int, dict[str, Any]]:
    """Return the number of rows of a Parquet table and the metadata that `write_table` stored with it; no row is read.

    Raises
    ------
    StorageError
        When the file is missing or is not a Parquet file that datacheck wrote.
    """
    with reading(path, what), pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows), _metadata(file.schema_arrow, path, what)


def _metadata(schema: pa.Schema, path: Path, what: str) -> dict[str, Any]:
    raw = (schema.metadata or {}).get(b"datacheck")
    if raw is None:
        raise StorageError(f"{path} is Parquet, but not {what} written by datacheck (its metadata is missing)")
    metadata = json.loads(raw)
    if not isinstance(metadata, dict):
        raise StorageError(f"expected the metadata of {what} in {path} to be an object, found {metadata!r:.80}")
    return metadata


@contextmanager
def reading(path: Path, what: str, remedy: str = "make it again") -> Iterator[None]:
    """Turn every error that a damaged or edited file causes in the block into a `StorageError` that names the file.

    Other errors of datacheck keep their class and get the name of the file.

    Examples
    --------
    >>> with reading(Path("run.json"), "numbers"):
    ...     {}["width"]
    Traceback (most recent call last):
        ...
    datacheck.errors.StorageError: expected numbers in run.json, but it has no 'width'; make it again
    """
    try:
        yield
    except StorageError:
        raise
    except DatacheckError as error:
        raise type(error)(f"{path}: {error}") from error
    except FileNotFoundError:
        raise StorageError(f"expected {what} in {path}, but the file does not exist") from None
    except KeyError as error:
        raise StorageError(f"expected {what} in {path}, but it has no {error}; {remedy}") from error
    except _DAMAGED as error:
        raise StorageError(f"expected {what} in {path}, but {type(error).__name__}: {error}; {remedy}") from error


_DAMAGED = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError,
    ValueError, pa.ArrowException, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading a damaged file raises: the parsers' own errors, and those of values that are missing or of another
type."""
