"""Datasets in object stores: ``s3://``, ``gs://``, ``az://``, ``hf://``.

Every kind of source reads folders of this machine. So the objects are listed, and a temporary folder gets a file of the
same name for each: an empty one for an image, the content for a table or an annotation file, the headers for a tar. The
source opens that folder as it opens any other, which is why a dataset in a store is read as its local copy is. Then the
folder is deleted, and the manifest reads the images from the store.
"""

from __future__ import annotations

import glob
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datacheck.errors import DatacheckError, SourceError
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Unread, examples_of
from datacheck.manifest.object_store import Address, StoreReader, store_errors
from datacheck.manifest.readers import MAX_FILE_BYTES, FileReader, FileStamp, TarReader
from datacheck.sources.base import SourceOptions
from datacheck.sources.files import is_image_name
from datacheck.sources.tar_headers import copy_headers
from datacheck.text import plural

_CONTENT = frozenset(
    (
        *(".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".txt", ".lst", ".list", ".parquet", ".pq", ".json", ".xml"),
        *(".yaml", ".yml", ".names", ".data", ".feather"),
    )
)
"""Extensions of tables and annotation files, whose content is read when a dataset is opened."""

_MOST_BYTES = 2 << 30
"""Tables and annotation files of more than 2 GiB together are not fetched: they hold the images themselves."""

_REQUESTS = 16
"""Tables and annotation files that are fetched at the same time."""

_LONGEST_NAME = 255
"""Bytes of a file name that a local folder can hold."""

Open = Callable[[Any, SourceOptions], Manifest]


def is_stored(source: object) -> bool:
    """Return whether a source is, or a pair of sources are, addresses in an object store.

    Examples
    --------
    >>> is_stored("s3://bucket/pets"), is_stored(("s3://b/images", "s3://b/labels")), is_stored("pets")
    (True, True, False)
    """
    parts = source if isinstance(source, tuple) else (source,)
    return bool(parts) and all(Address.of(part) is not None for part in parts)


def open_stored(source: Any, options: SourceOptions, open_local: Open) -> Manifest:
    """Open a dataset in an object store; ``open_local`` opens the folder that stands for it.

    Raises
    ------
    SourceError
        When the place cannot be listed or read, or the dataset holds its images in a way that is read from disk only.
    """
    parts = source if isinstance(source, tuple) else (source,)
    places = [address for part in parts if (address := Address.of(part)) is not None]
    root = Address.of(options.root)
    with tempfile.TemporaryDirectory(prefix="datacheck-store-") as name:
        local = _Local(Path(os.path.realpath(name)), places[0].scheme)
        for place in [*places, *([root] if root is not None else [])]:
            local.add(place)
        local_parts = tuple(str(local.folder / place.path) for place in places)
        if root is not None:
            options = replace(options, root=local.folder / root.path)
        try:
            manifest = open_local(local_parts if isinstance(source, tuple) else local_parts[0], options)
        except DatacheckError as error:
            raise type(error)(local.in_store(str(error))) from None
        return local.moved(manifest)


@dataclass
class _Local:
    """The folder that stands for a store: ``folder/bucket/key`` for each object."""

    folder: Path
    scheme: str

    def __post_init__(self) -> None:
        self.large: dict[str, int] = {}
        self.left_out: dict[str, list[str]] = {}
        self.made: set[Path] = set()

    def add(self, place: Address) -> None:
        """Make the files of a place: a folder, a pattern, or one file and what lies beside it."""
        if place.scheme != self.scheme or not place.bucket:
            raise SourceError(f"expected a bucket of one store, such as {self.scheme}://bucket/folder, found {place}")
        base = Address(place.scheme, _fixed_part(place.path))
        objects = base.list()
        if not objects:
            raise SourceError(f"expected objects below {base}, found none; check the name of the bucket and the folder")
        if base.path in objects and not base.path.endswith(".tar"):
            beside = Address(place.scheme, base.path.rpartition("/")[0])
            objects = beside.list()
        tars = {name for name in objects if name.endswith(".tar") and self._is_shard(name, place, objects)}
        wanted: dict[str, FileStamp] = {}
        for name, stamp in objects.items():
            path = self._path(name)
            if path is None or path in self.made:
                continue
            self.made.add(path)
            path.touch()
            if stamp.byte_size > MAX_FILE_BYTES:
                self.large[name] = stamp.byte_size
            if name in tars or path.suffix.lower() in _CONTENT:
                wanted[name] = stamp
        self._fetch(wanted, tars)

    @staticmethod
    def _is_shard(name: str, place: Address, objects: Iterable[str]) -> bool:
        """Return whether a tar is a shard of the dataset, not an archive that lies beside images."""
        if name.rpartition("/")[0] != place.path:
            return place.path.endswith(".tar") or glob.has_magic(place.path)
        return not any(other.rpartition("/")[0] == place.path and is_image_name(other) for other in objects)

    def _path(self, name: str) -> Path | None:
        """Return the file for an object, its folder made; None for a name that no local file can have."""
        reason, path = "", self.folder.joinpath(*name.split("/"))
        if any(part in ("", ".", "..") or "\0" in part for part in name.split("/")):
            reason = "a part of its name is empty or a dot"
        elif any(len(part.encode()) > _LONGEST_NAME for part in path.parts):
            reason = f"a part of its name has more than {_LONGEST_NAME} bytes"
        else:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError):
                reason = "another object has the name of its folder"
            if path.is_dir():
                reason = "there is a folder of the same name"
        if reason:
            self.left_out.setdefault(reason, []).append(name)
        return None if reason else path

    def _fetch(self, wanted: Mapping[str, FileStamp], tars: set[str]) -> None:
        """Fill in the tables and annotation files, and the headers of tars."""
        total = sum(stamp.byte_size for name, stamp in wanted.items() if name not in tars)
        if total > _MOST_BYTES:
            raise SourceError(
                f"expected tables and annotation files of at most {_MOST_BYTES >> 30} GiB in {self.scheme}://"
                f"{os.path.commonpath([*wanted])}, found {total / (1 << 30):.1f} GiB; copy the folder to this machine"
            )
        with ThreadPoolExecutor(_REQUESTS) as pool:
            for _ in pool.map(lambda name: self._fetch_one(name, is_tar=name in tars), wanted):
                pass

    def _fetch_one(self, name: str, *, is_tar: bool) -> None:
        place = Address(self.scheme, name)
        with store_errors(place, "read"):
            if is_tar:
                with place.filesystem().open(name, "rb") as file:
                    copy_headers(file, self.folder / name)
            else:
                place.filesystem().get_file(name, str(self.folder / name))

    def in_store(self, text: str) -> str:
        """Return a text with the addresses of the store in place of the folder's paths."""
        return text.replace(f"{self.folder}/", f"{self.scheme}://").replace(str(self.folder), f"{self.scheme}://")

    def moved(self, manifest: Manifest) -> Manifest:
        """Return the manifest with the store in place of the folder."""
        reader = manifest.reader
        if isinstance(reader, FileReader | TarReader):
            if not Path(os.path.abspath(reader.root)).is_relative_to(self.folder):  # noqa: PTH100
                raise SourceError(
                    f"expected paths below {self.scheme}://, found paths below {reader.root}; write them relative to "
                    "the table, or name the folder with root= (--root)"
                )
            url = f"{self.scheme}://{Path(os.path.abspath(reader.root)).relative_to(self.folder).as_posix()}"  # noqa: PTH100
            reader = StoreReader(url, isinstance(reader, TarReader), self.large)
        elif reader is not None and not isinstance(reader, StoreReader):
            raise SourceError(
                f"expected image files or tars in {self.scheme}://, found images inside of tables; copy the dataset to "
                "this machine, or open it with the datasets library"
            )
        inventory = Inventory.from_json(json.loads(self.in_store(json.dumps(manifest.inventory.to_json()))))
        left_out = Inventory(
            unread=tuple(
                Unread(names[0] if len(names) == 1 else plural(len(names), "object"), ItemKind.FILE, reason,
                       HoldsLabels.MAYBE, len(names), examples_of(names))
                for reason, names in self.left_out.items()
            )
        )  # fmt: skip
        took_for = self.in_store(manifest.took_for)
        return replace(manifest, root=None, reader=reader, took_for=took_for, inventory=inventory + left_out)


def _fixed_part(path: str) -> str:
    """Return the folder of a pattern; a path without a pattern as it is.

    Examples
    --------
    >>> _fixed_part("b/shards/{a,b}-*.tar"), _fixed_part("b/pets")
    ('b/shards', 'b/pets')
    """
    fixed: list[str] = []
    for part in path.split("/"):
        if glob.has_magic(part) or "{" in part:
            return "/".join(fixed)
        fixed.append(part)
    return path
