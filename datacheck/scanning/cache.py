"""What earlier scans of the same folder measured, saved in the run folder during the scan.

::

    scan/index.arrow         a row a file, from the last scan that finished: an Arrow stream and its xxh3 digest
    scan/part-*.arrow        rows since then, each part written whole or not at all
    scan/thumbs-*.bin        thumbnails end to end
    scan/pixels-*.npy        fixed-size pixels
    scan/thumbnails.arrow    where each sample's thumbnail is

Rows point into the thumbnail and pixel files, which are written before the part that points to them: a scan killed at
any moment leaves only bytes that nothing points to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import PIL
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from datacheck.manifest.readers import ReadFailure
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA
from datacheck.scanning.shard import ShardResult
from datacheck.storage import atomic_path

SCAN_VERSION = 4
"""Raised whenever a measured value changes its meaning; rows of another version are measured again."""

DETERMINED_BY_CONTENT = tuple(
    reason.value
    for reason in (
        ReadFailure.ZERO_BYTES,
        ReadFailure.NOT_AN_IMAGE,
        ReadFailure.TRUNCATED,
        ReadFailure.CORRUPT,
        ReadFailure.DECOMPRESSION_BOMB,
        ReadFailure.UNSUPPORTED_MODE,
    )
)
"""Failures that stay as they are while the file does; the others are tried again at every scan."""

ROW_SCHEMA = pa.schema(
    [
        pa.field("uri", pa.string()),
        pa.field("stamp_size", pa.int64()),
        pa.field("ctime_ns", pa.int64()),
        *[MEASUREMENTS_SCHEMA.field(name) for name in MEASUREMENTS_SCHEMA.names if name != "sample_id"],
        pa.field("thumb_file", pa.string()),
        pa.field("thumb_offset", pa.int64()),
        pa.field("thumb_length", pa.int32()),
        pa.field("pixel_file", pa.string()),
        pa.field("pixel_row", pa.int64()),
    ]
)
"""A measured file: its measurements, the stamp it had (without a size where it was too new to be trusted, see
`may_hide_a_change`), and where its thumbnail and pixels are."""

_DIGEST_BYTES = 16
"""Each file of rows ends with the digest of its content: rows that were damaged or edited are measured again."""

_MANY_FILES = 16
"""More thumbnail files than this are gathered into one."""
_SLACK_BYTES = 1 << 20
"""Unused bytes (1 MiB) below which gathering the thumbnails is not worth it."""


def library_versions() -> str:
    """Return what, besides a file's bytes, decides what is measured."""
    return f"{SCAN_VERSION} pillow={PIL.__version__} opencv={cv2.__version__}"


def to_rows(result: ShardResult, places: Mapping[str, Any]) -> pa.Table:
    """Return a shard's result as rows; ``places`` has the columns that the result does not."""
    columns = {**result.columns, **places}
    columns["perceptual_hash"] = pa.array(columns["perceptual_hash"], mask=~columns["hashed"])
    columns["perceptual_signature"] = signature_array(columns["perceptual_signature"], columns["hashed"])
    readable = np.array(columns["readable"], dtype=bool)
    columns["greyscale"] = pa.array(columns["greyscale"] == 1.0, mask=~readable)
    arrays = [_array(columns[field.name], field.type) for field in ROW_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=ROW_SCHEMA)


def signature_array(values: NDArray[np.int8], known: NDArray[np.bool_]) -> pa.Array:
    """Return signatures, shape [n, `SIGNATURE_LENGTH`], as fixed-size binary, null where unknown."""
    type_ = MEASUREMENTS_SCHEMA.field("perceptual_signature").type
    validity = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.FixedSizeBinaryArray.from_buffers(type_, len(values), [validity, pa.py_buffer(values.tobytes())])


def _array(values: Any, wanted: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(wanted)
    return pa.array(values, wanted, from_pandas=True)


def _read_rows(path: Path) -> pa.Table | None:
    """Read rows that `ScanCache` wrote; None where the file is missing, or differs from what was written."""
    with suppress(OSError, pa.ArrowException), pa.memory_map(str(path)) as source:
        content = source.read_buffer()
        body = content.slice(0, max(0, content.size - _DIGEST_BYTES))
        if xxhash.xxh3_128_digest(body) == content.slice(body.size).to_pybytes():
            return pa.ipc.open_stream(body).read_all()
    return None


class ScanCache:
    """The rows, thumbnails and pixels of one run folder. Not safe for two writers: the scan holds a lock."""

    def __init__(self, folder: Path, versions: str) -> None:
        self.folder, self.versions = folder, versions
        self.rows = self._load()
        self._thumbs: BinaryIO | None = None
        self._token = os.urandom(6).hex()
        self._parts = 0
        self._remove_unreferenced(keep=())

    @property
    def has_parts(self) -> bool:
        """Whether there are rows that are not in the index yet."""
        return any(self.folder.glob("part-*.arrow"))

    def _load(self) -> pa.Table:
        """Read every whole part of this version; of several rows of one file the last counts."""
        tables = []
        parts = sorted(self.folder.glob("part-*.arrow"), key=lambda path: path.stat().st_mtime_ns)
        for path in [self.folder / "index.arrow", *parts]:
            table = _read_rows(path)
            if table is not None and (table.schema.metadata or {}).get(b"versions") == self.versions.encode():
                tables.append(table.replace_schema_metadata(None).cast(ROW_SCHEMA))
        if not tables:
            return ROW_SCHEMA.empty_table()
        rows = pa.concat_tables(tables)
        if len(tables) > 1:
            last = rows.append_column("place", pa.array(np.arange(rows.num_rows)))
            last = last.group_by("uri").aggregate([("place", "max")])["place_max"]
            rows = rows.take(last)
        return self._without_lost_files(rows.combine_chunks())

    def _without_lost_files(self, rows: pa.Table) -> pa.Table:
        """Remove references to files that are gone or too short."""
        sizes = {path.name: path.stat().st_size for path in self.folder.iterdir() if path.is_file()}
        ends = pc.add(rows["thumb_offset"], rows["thumb_length"].cast(pa.int64()))
        for column, end in (("thumb_file", ends), ("pixel_file", None)):
            for name in pc.unique(rows[column]).to_pylist():
                if name is None:
                    continue
                bad = pc.equal(rows[column], name)
                if name in sizes and end is not None:
                    bad = pc.and_(bad, pc.greater(end, sizes[name]))
                elif name in sizes:
                    continue
                position = rows.column_names.index(column)
                blank = pc.if_else(pc.fill_null(bad, False), pa.scalar(None, pa.string()), rows[column])
                rows = rows.set_column(position, column, blank)
        return rows

    def add_thumbnails(self, thumbnails: list[bytes | None]) -> dict[str, Any]:
        """Append pictures and return their places as columns."""
        name = f"thumbs-{self._token}.bin"
        if self._thumbs is None and any(thumbnails):
            self._thumbs = (self.folder / name).open("ab")
        lengths = np.array([len(picture) if picture else 0 for picture in thumbnails], dtype=np.int64)
        start = self._thumbs.tell() if self._thumbs is not None else 0
        if self._thumbs is not None:
            self._thumbs.write(b"".join(picture for picture in thumbnails if picture))
            self._thumbs.flush()
        missing = lengths == 0
        return {
            "thumb_file": pa.array(np.full(len(lengths), name, dtype=object), pa.string(), mask=missing),
            "thumb_offset": pa.array(start + np.cumsum(lengths) - lengths, mask=missing),
            "thumb_length": pa.array(lengths, mask=missing),
        }

    def append(self, rows: pa.Table) -> None:
        """Keep rows, whole or not at all; failures that may pass are not kept."""
        keep = pc.or_(rows["readable"], pc.is_in(rows["error"], value_set=pa.array(DETERMINED_BY_CONTENT)))
        rows = rows.filter(keep)
        if rows.num_rows:
            self._parts += 1
            self._write(self.folder / f"part-{self._token}-{self._parts:06d}.arrow", rows)

    def compact(self, rows: pa.Table) -> pa.Table:
        """Make these rows the index, drop everything that nothing points to, and return the rows as they are now."""
        if self._thumbs is not None:
            self._thumbs.close()
            self._thumbs = None
        rows = self._gather_thumbnails(rows)
        keep = pc.or_(rows["readable"], pc.is_in(rows["error"], value_set=pa.array(DETERMINED_BY_CONTENT)))
        kept = rows.filter(keep)
        parts = list(self.folder.glob("part-*.arrow"))
        self._write(self.folder / "index.arrow", kept)
        for part in parts:
            part.unlink(missing_ok=True)
        self.rows = kept
        self._remove_unreferenced(keep=())
        return rows

    def close(self) -> None:
        """Close open files."""
        if self._thumbs is not None:
            self._thumbs.close()
            self._thumbs = None

    def _write(self, path: Path, rows: pa.Table) -> None:
        rows = rows.replace_schema_metadata({b"versions": self.versions.encode()})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        body = sink.getvalue()
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            file.write(body)
            file.write(xxhash.xxh3_128_digest(body))

    def _gather_thumbnails(self, rows: pa.Table) -> pa.Table:
        """Copy the pictures into one file when more than half of the bytes are unused, or there are many files."""
        files = list(self.folder.glob("thumbs-*.bin"))
        total = sum(path.stat().st_size for path in files)
        live = int(pc.sum(rows["thumb_length"].filter(pc.is_valid(rows["thumb_file"]))).as_py() or 0)
        if total <= 2 * live + _SLACK_BYTES and len(files) <= _MANY_FILES:
            return rows
        name = f"thumbs-{os.urandom(6).hex()}.bin"
        names = rows["thumb_file"].to_pylist()
        offsets, lengths = rows["thumb_offset"].to_pylist(), rows["thumb_length"].to_pylist()
        places: list[int | None] = []
        sources = {path.name: path.open("rb") for path in files}
        with (self.folder / name).open("wb") as target:
            for file, offset, length in zip(names, offsets, lengths, strict=True):
                places.append(None if file is None else target.tell())
                if file is not None:
                    sources[file].seek(offset)
                    target.write(sources[file].read(length))
        for source in sources.values():
            source.close()
        moved = [None if file is None else name for file in names]
        rows = rows.set_column(rows.column_names.index("thumb_file"), "thumb_file", pa.array(moved, pa.string()))
        return rows.set_column(rows.column_names.index("thumb_offset"), "thumb_offset", pa.array(places, pa.int64()))

    def _remove_unreferenced(self, keep: tuple[str, ...]) -> None:
        """Delete what no row points to, and temporary files of a killed scan."""
        live = {*keep, *pc.unique(self.rows["thumb_file"]).to_pylist(), *pc.unique(self.rows["pixel_file"]).to_pylist()}
        for path in self.folder.iterdir():
            ours = path.name.startswith(("thumbs-", "pixels-")) and path.name not in live
            if ours or (path.name.startswith(".") and path.name.endswith(".tmp")):
                with suppress(OSError):
                    path.unlink()
