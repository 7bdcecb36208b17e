"""How an annotation tool reaches the pictures: by path, by address, or embedded."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from datacheck.errors import RelabelError
from datacheck.manifest.readers import FileReader, SampleReadError
from datacheck.manifest.shards import ShardReader

Manner = Literal["path", "url", "embed"]

MAX_EMBEDDED = 20 * 2**20
"""Bytes of a picture that is still embedded."""

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)


@dataclass(frozen=True)
class Links:
    """How exported items point to their pictures.

    Attributes
    ----------
    root
        The dataset's root; a path that leads out of it is never exported.
    manner
        ``path`` (on this machine), ``url`` (``url_prefix`` and the path below the root), or ``embed`` (data URI).
    url_prefix
        What the path below the root is appended to, such as ``https://images.example/set/``.
    pictures
        Encoded pictures by sample id that are embedded where there is no file (arrays, tars), such as thumbnails.
    shards
        Reads the pictures in full, where they are in rows of shards.
    served_root
        The folder above the root that an annotation tool's server serves files from (its document root); the parent of
        the root where it is None, for Label Studio wants the files below it.

    Examples
    --------
    >>> Links(Path("/data"), "url", "https://images.example/").link({"sample_id": "1", "uri": "cats/a b.png"})
    'https://images.example/cats/a%20b.png'
    >>> Links(Path("/data")).link({"sample_id": "1", "uri": "../secret.png"})
    Traceback (most recent call last):
        ...
    datacheck.errors.RelabelError: sample '1': escapes-root: '../secret.png' leads out of the dataset's root /data
    """

    root: Path | None
    manner: Manner = "path"
    url_prefix: str = ""
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    served_root: Path | None = None
    shards: ShardReader | None = None

    def __post_init__(self) -> None:
        if self.manner not in {"path", "url", "embed"}:
            raise RelabelError(f"images: expected path, url or embed, found {self.manner!r}")
        if self.manner == "url" and not self.url_prefix:
            raise RelabelError("images by url need the address that the dataset's root is served at: --url-prefix")

    def has_picture(self, item: Mapping[str, object]) -> bool:
        """Whether there is anything to link to: rows of a plain table have none."""
        return item.get("uri") is not None or str(item["sample_id"]) in self.pictures

    def link(self, item: Mapping[str, object]) -> str:
        """Return what a tool finds a item's picture by.

        Raises
        ------
        RelabelError
            When the path leads out of the dataset's root, or there is nothing to embed.
        """
        if self.manner == "embed":
            self.refuse_link_out(item)
            data = self.content(item)
            return f"data:{media_type(data)};base64,{base64.b64encode(data).decode('ascii')}"
        if self.manner == "url":
            return self.url_prefix + quote(self.relative(item))
        return str(self.path(item))

    def relative(self, item: Mapping[str, object]) -> str:
        """Return the picture's path below the root, with forward slashes."""
        path = self.path(item)
        return Path(os.path.relpath(path, os.path.abspath(str(self.root)))).as_posix()  # noqa: PTH100 - keeps links

    @property
    def document_root(self) -> Path:
        """The folder that a tool's server serves files from."""
        if self.root is None:
            raise RelabelError("the dataset is not files below a root: embed the pictures (--images embed)")
        return self.root.resolve().parent if self.served_root is None else self.served_root.resolve()

    def served(self, item: Mapping[str, object]) -> str:
        """Return the picture's path below the document root, with forward slashes.

        Raises
        ------
        RelabelError
            When the dataset is not below it, or the picture not in the dataset.
        """
        below = self.relative(item)
        if self.root is None or not self.root.resolve().is_relative_to(self.document_root):
            raise RelabelError(f"the dataset {self.root} is not below the document root {self.served_root}")
        return (self.root.resolve().relative_to(self.document_root) / below).as_posix()

    def path(self, item: Mapping[str, object]) -> Path:
        """Return the picture's path, which is below the root."""
        uri = item.get("uri")
        if self.root is None or not isinstance(uri, str):
            raise RelabelError(
                f"sample {item['sample_id']!r} is no file below a root: embed the pictures (--images embed)"
            )
        try:
            return FileReader(self.root).path(uri)
        except SampleReadError as error:
            raise RelabelError(f"sample {item['sample_id']!r}: {error}") from None

    def refuse_link_out(self, item: Mapping[str, object]) -> None:
        """Raise where a picture's content must not be passed on: it is a link out of the root, to anybody's file.

        Raises
        ------
        RelabelError
            When the picture is such a link, or its path leads out of the root.
        """
        if self.root is None or not isinstance(item.get("uri"), str):
            return
        try:
            FileReader(self.root).contained(str(item["uri"]))
        except SampleReadError as error:
            raise RelabelError(
                f"sample {item['sample_id']!r} is not passed on: {error}; put a copy of the file there if it belongs "
                "to the dataset, or give the pictures by --images path or url"
            ) from None

    def content(self, item: Mapping[str, object]) -> bytes:
        """Return the picture's encoded bytes: the file's or the shard's, else those in `pictures`."""
        kept = self.pictures.get(str(item["sample_id"]))
        data: bytes | None = kept
        if self.shards is not None and isinstance(item.get("uri"), str):
            with suppress(SampleReadError):
                whole = self.shards.read(str(item["uri"]))
                data = whole if len(whole) <= MAX_EMBEDDED else kept
        if self.root is not None and isinstance(item.get("uri"), str):
            path = self.path(item)
            stamp = FileReader(self.root).stamp(str(item["uri"]))
            if stamp is not None and stamp.byte_size > MAX_EMBEDDED and kept is None:
                raise RelabelError(f"{path}: {stamp.byte_size:,} bytes are too many to embed; use --images url")
            if stamp is not None and stamp.byte_size <= MAX_EMBEDDED:
                try:
                    data = FileReader(self.root).read(str(item["uri"]))
                except SampleReadError as error:
                    if kept is None:
                        raise RelabelError(f"sample {item['sample_id']!r} cannot be embedded: {error}") from None
        if data is None:
            raise RelabelError(f"sample {item['sample_id']!r}: expected a picture to embed, found none")
        return data

    def size(self, item: Mapping[str, object]) -> tuple[int, int]:
        """Return the picture's width and height in pixels, read from its header; (1, 1) where it cannot be read."""
        from PIL import Image

        try:
            with Image.open(io.BytesIO(self.content(item))) as picture:
                return picture.size
        except (OSError, ValueError, RelabelError, Image.DecompressionBombError):
            return 1, 1


def media_type(data: bytes) -> str:
    """Return the media type of an encoded picture by its first bytes.

    Examples
    --------
    >>> media_type(b"GIF89a")
    'image/gif'
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), "application/octet-stream")
