"""Object stores: addresses, listings, and reading objects by the credentials that the user's machine already has."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import xxhash

from datacheck.errors import DatacheckError, SourceError, require
from datacheck.manifest.readers import (
    MAX_FILE_BYTES,
    FileReader,
    FileStamp,
    ReadFailure,
    SampleReader,
    SampleReadError,
    Workers,
    member_place,
)
from datacheck.manifest.store_errors import explain_store_error, is_denied, is_missing

_LIBRARIES = {
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", "gcs"),
    "az": ("adlfs", "azure"),
    "hf": ("huggingface_hub", "hf"),
    "memory": ("fsspec", "s3"),
}
"""The library behind each scheme, and the extra that brings it; ``memory`` is a store in this process, for tests."""

_ADDRESS = re.compile(rf"({'|'.join(_LIBRARIES)}):/+(.*)", re.DOTALL)
_TIMES = ("LastModified", "mtime", "updated", "last_modified", "created")
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "blob_id")


@dataclass(frozen=True)
class Address:
    """A place in an object store.

    Attributes
    ----------
    scheme
        ``s3``, ``gs``, ``az``, ``hf`` or ``memory``.
    path
        Bucket and key prefix, without a slash at either end.

    Examples
    --------
    >>> address = Address.of("s3://bucket/pets/")
    >>> address.bucket, address.path, str(address)
    ('bucket', 'bucket/pets', 's3://bucket/pets')
    >>> str(Address.of(Path("s3://bucket/pets"))), Address.of("pets")
    ('s3://bucket/pets', None)
    """

    scheme: str
    path: str

    @classmethod
    def of(cls, place: object) -> Address | None:
        """Return the address that a text or a path is; None where it is none."""
        found = _ADDRESS.fullmatch(str(place)) if isinstance(place, str | Path) else None
        return None if found is None else cls(found[1], found[2].strip("/"))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"

    @property
    def bucket(self) -> str:
        """The first part of the path."""
        return self.path.partition("/")[0]

    def filesystem(self) -> Any:
        """Return the store as an fsspec file system.

        Raises
        ------
        MissingExtraError
            When the library of the store is not installed.
        """
        library, extra = _LIBRARIES[self.scheme]
        require(library, extra=extra, purpose=f"reading {self.scheme}://")
        return require("fsspec", extra=extra, purpose=f"reading {self.scheme}://").filesystem(self.scheme)

    def list(self) -> dict[str, FileStamp]:
        """Return every object at or below this place: its key, which starts with `path`, and its stamp.

        Raises
        ------
        SourceError
            When the place cannot be listed; the message names the bucket and what is missing.
        """
        with store_errors(self, "list"):
            store = self.filesystem()
            store.invalidate_cache()
            found = store.find(self.path, detail=True)
            return {
                name.lstrip("/"): _stamp(info)
                for name, info in found.items()
                if info.get("type", "file") == "file" and not name.endswith("/")
            }


@contextmanager
def store_errors(address: Address, action: str) -> Iterator[None]:
    """Turn what a store's library raises into a `SourceError` that says what is missing."""
    try:
        yield
    except (DatacheckError, SampleReadError):
        raise
    except Exception as error:  # each library has its own tree of errors
        raise SourceError(explain_store_error(error, str(address), address.bucket, action)) from error


def _stamp(info: Mapping[str, Any]) -> FileStamp:
    """Return size, time, and in place of the change time a number made from the object's tag."""
    time = next((info[name] for name in _TIMES if info.get(name) is not None), 0)
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    seconds = time.timestamp() if isinstance(time, datetime) else float(time)
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
    return FileStamp(
        int(info["size"] or 0), int(seconds * 1e9), xxhash.xxh3_64_intdigest(tag.encode()) >> 1 if tag else 0
    )


@dataclass(frozen=True)
class StoreReader:
    """Reads the objects below one address, or members of tars there by range; a path that leads out is refused.

    A single object that is denied or gone is a row of the scan. When the store refuses the credentials or no longer
    answers, a `SourceError` ends the scan, since the objects may be sound; what was read until then is kept.

    Attributes
    ----------
    url
        The address that uris start from.
    members
        Whether uris name members of tars, as `TarReader` has them.
    large
        The keys and sizes of objects that are too large to be read.
    ahead
        Objects that are requested at the same time: a store answers each slowly, and many at once.

    Examples
    --------
    >>> StoreReader("s3://bucket/pets").key("../other/a.jpg")
    Traceback (most recent call last):
        ...
    datacheck.manifest.readers.SampleReadError: escapes-root: '../other/a.jpg' leads out of s3://bucket/pets
    """

    url: str
    members: bool = False
    large: Mapping[str, int] = field(default_factory=dict, compare=False)
    ahead: int = 8

    @property
    def workers(self) -> Workers:
        """``process``, but for what is in this process alone."""
        return "thread" if self._address.scheme == "memory" else "process"

    @property
    def _address(self) -> Address:
        address = Address.of(self.url)
        if address is None:
            raise SourceError(f"expected an address such as s3://bucket/folder, found {self.url!r}")
        return address

    def key(self, uri: str) -> str:
        """Return the key of a sample with its bucket."""
        return f"{self._address.path}/{self.below(uri)}"

    def below(self, uri: str) -> str:
        """Return the place of a sample below the address."""
        below = posixpath.normpath(uri)
        if "\0" in uri or below.startswith(("/", "../")) or below in ("..", "."):
            raise SampleReadError(ReadFailure.ESCAPES_ROOT, f"{uri!r} leads out of {self.url}")
        return below

    def stamp(self, uri: str) -> FileStamp | None:
        """Return the stamp of one object; None where it cannot be reached."""
        try:
            key, place = self._place(uri)
            return _of_member(_stamp(self._address.filesystem().info(key)), place)
        except (OSError, SampleReadError):
            return None

    def stamps(self, uris: Sequence[str]) -> list[FileStamp | None]:
        """Return the stamps of many samples, from one listing of the address."""
        found = self._address.list()
        stamps: list[FileStamp | None] = []
        for uri in uris:
            try:
                key, place = self._place(uri)
                stamps.append(_of_member(found.get(key), place))
            except SampleReadError:
                stamps.append(None)
        return stamps

    def read(self, uri: str) -> bytes:
        """Return an object's bytes, or those of a member."""
        key, place = self._place(uri)
        size = self.large.get(key, 0) if place is None else place[1]
        if size > MAX_FILE_BYTES:
            detail = f"{uri}: {size:,} bytes, more than the limit of {MAX_FILE_BYTES:,}"
            raise SampleReadError(ReadFailure.TOO_LARGE, detail)
        content = self._fetch(Address(self._address.scheme, key), place)
        if place is not None and len(content) < place[1]:
            raise SampleReadError(ReadFailure.TRUNCATED, f"{uri}: expected {place[1]} bytes, found {len(content)}")
        return content

    def _place(self, uri: str) -> tuple[str, tuple[int, int] | None]:
        """Return the key of the object that holds a sample, and a member's offset and size."""
        if not self.members:
            return self.key(uri), None
        shard, offset, size = member_place(uri)
        return self.key(shard), (offset, size)

    def _fetch(self, address: Address, place: tuple[int, int] | None) -> bytes:
        if place is not None and place[1] == 0:
            return b""
        with store_errors(address, "read"):
            store = address.filesystem()
            try:
                if place is None:
                    return bytes(store.cat_file(address.path))
                return bytes(store.cat_file(address.path, start=place[0], end=sum(place)))
            except Exception as error:
                if is_missing(error):
                    raise SampleReadError(ReadFailure.VANISHED, f"{address}: no such object") from None
                if is_denied(error):
                    detail = explain_store_error(error, str(address), address.bucket, "read")
                    raise SampleReadError(ReadFailure.PERMISSION, detail) from None
                raise


def _of_member(stamp: FileStamp | None, place: tuple[int, int] | None) -> FileStamp | None:
    return stamp if stamp is None or place is None else replace(stamp, byte_size=place[1])


def reads_whole_files(reader: SampleReader | None) -> bool:
    """Return whether a reader's uris are paths of files or keys of objects, not places inside of them."""
    return isinstance(reader, FileReader) or (isinstance(reader, StoreReader) and not reader.members)
