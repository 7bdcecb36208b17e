"""Files of this machine written to an object store and read back, each checked by its digest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from datacheck.errors import ConfigError, StorageError
from datacheck.manifest.object_store import Address, store_errors
from datacheck.manifest.store_errors import error_code, is_missing

WRITABLE = ("s3", "gs", "az", "memory")
"""The schemes whose libraries write an object whole or not at all."""

_CONDITIONAL = ("s3",)
"""The schemes whose library passes the conditions of a write on; with others the last of two writers wins."""

_LOST_RACE = frozenset(("PreconditionFailed", "412", "ConditionalRequestConflict", "409"))
"""What S3 answers to a conditional write when the object is not the one that the condition names."""

_REQUESTS = 8
"""Objects that are sent or fetched at the same time."""

_BLOCK = 1 << 20
"""Bytes that are hashed at a time: a file of any size is hashed in 1 MiB of memory."""


@dataclass(frozen=True)
class FileDigest:
    """The size of a file in bytes, and the xxh3-128 of its content in hexadecimal."""

    size: int
    xxh3: str

    @classmethod
    def of(cls, path: Path) -> FileDigest:
        """Return the digest of a file.

        Examples
        --------
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a"
        >>> _ = path.write_bytes(b"abc")
        >>> FileDigest.of(path).size
        3
        """
        hashed, size = xxhash.xxh3_128(), 0
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                hashed.update(block)
                size += len(block)
        return cls(size, hashed.hexdigest())


Digests = Mapping[str, FileDigest]
"""The files of a folder by their path below it, with forward slashes."""


def digests_of(folder: Path, keep: Callable[[str], bool]) -> dict[str, FileDigest]:
    """Return the digests of the regular files below a folder whose path ``keep`` accepts, sorted by path."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: FileDigest.of(folder / name) for name in names if keep(name)}


@dataclass(frozen=True)
class StoredObjects:
    """The objects below one address of a store that can be written.

    Raises
    ------
    ConfigError
        When the store cannot be written to, or the address names a whole bucket.
    """

    address: Address

    def __post_init__(self) -> None:
        """Refuse a store that cannot be written, and a whole bucket."""
        if self.address.scheme not in WRITABLE:
            expected = ", ".join(f"{one}://" for one in WRITABLE if one != "memory")
            raise ConfigError(f"expected a run folder on a disk or in {expected}; found {self.address}")
        if "/" not in self.address.path:
            raise ConfigError(f"expected a folder in the bucket, such as {self.address}/run, found {self.address}")

    @property
    def conditional(self) -> bool:
        """Whether a write can be made to fail when another writer came first."""
        return self.address.scheme in _CONDITIONAL

    def _at(self, name: str) -> Address:
        return Address(self.address.scheme, f"{self.address.path}/{name}")

    def read(self, name: str) -> bytes | None:
        """Return the bytes of an object; None where there is none.

        Raises
        ------
        SourceError
            When the store refuses; the message names the bucket and the permission.
        """
        place = self._at(name)
        with store_errors(place, "read"):
            store = place.filesystem()
            store.invalidate_cache()
            try:
                return bytes(store.cat_file(place.path))
            except Exception as error:
                if is_missing(error):
                    return None
                raise

    def tag(self, name: str) -> str | None:
        """Return the tag that the store gives to the present content of an object; None where there is none."""
        place = self._at(name)
        with store_errors(place, "read"):
            store = place.filesystem()
            store.invalidate_cache()
            try:
                info = store.info(place.path)
                return str(info.get("ETag") or info.get("etag") or info.get("mtime") or info.get("created") or "")
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes, *, tag: str | None, check: bool = True) -> None:
        """Write an object, if it still has the tag that it had when it was read; None for an object that is new.

        Stores without such a condition, and ``check=False``, write it in any case.

        Raises
        ------
        StorageError
            When another writer came first.
        """
        place = self._at(name)
        condition: dict[str, Any] = {}
        if check and self.conditional:
            condition = {"mode": "create"} if tag is None else {"IfMatch": tag}
        with store_errors(place, "write"):
            store = place.filesystem()
            try:
                store.pipe_file(place.path, content, **condition)
            except Exception as error:
                if condition and error_code(error) == "NotImplemented":
                    store.pipe_file(place.path, content)
                elif condition and (isinstance(error, FileExistsError) or error_code(error) in _LOST_RACE):
                    raise StorageError(
                        f"another process wrote {self.address} while this one was at work; what that one saved is "
                        "kept: wait for it, or name another run folder, and run this again"
                    ) from None
                else:
                    raise

    def upload(self, folder: Path, names: Iterable[str], *, to: str = "") -> None:
        """Write some files below a folder, each as an object of the same name below ``to``."""

        def put(name: str) -> None:
            place = self._at(to + name)
            with store_errors(place, "write"):
                place.filesystem().put_file(str(folder / name), place.path)

        _each(put, names)

    def download(self, folder: Path, wanted: Digests, *, of: str = "") -> list[str]:
        """Fetch files; return those that are missing or differ from their digest, of which no file is left."""
        bad: list[str] = []

        def get(name: str) -> None:
            place, path = self._at(of + name), folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with store_errors(place, "read"):
                try:
                    place.filesystem().get_file(place.path, str(path))
                except Exception as error:
                    if not is_missing(error):
                        raise
            if not path.is_file() or FileDigest.of(path) != wanted[name]:
                path.unlink(missing_ok=True)
                bad.append(name)

        _each(get, wanted)
        return sorted(bad)

    def remove(self, names: Iterable[str]) -> None:
        """Delete objects; those that are gone, or may not be deleted, are left as they are: nothing points to them."""

        def delete(name: str) -> None:
            with suppress(Exception):
                self._at(name).filesystem().rm_file(self._at(name).path)

        _each(delete, names)


def _each(do: Callable[[str], None], names: Iterable[str]) -> None:
    with ThreadPoolExecutor(_REQUESTS) as pool:
        for _ in pool.map(do, names):
            pass
