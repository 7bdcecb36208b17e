"""What earlier scans of the same folder measured, saved in the run folder during the scan.

::

    scan/index.arrow         a row a file, from the last scan that finished: an Arrow stream and its xxh3 digest
    scan/part-*.arrow        rows since then, each part written whole or not at all
    scan/measurements-*.parquet  what was measured, of more samples than are kept in memory
    scan/thumbs-*.bin        thumbnails end to end
    scan/pixels-*.npy        fixed-size pixels
    scan/thumbnails.arrow    where each sample's thumbnail is

Rows point into the thumbnail and pixel files, which are written before the part that points to them: a scan killed at
any moment leaves only bytes that nothing points to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.errors import ScanError
from datacheck.manifest.repeated_texts import maybe_repeated
from datacheck.scanning.cached_rows import KEY_SCHEMA, PLACES, ROW_SCHEMA, lasting
from datacheck.scanning.row_files import BLOCK_ROWS, RowFile, Rows, joined, row_writer

INDEX = "index.arrow"
"""The file of the rows of the last scan that finished."""

_MANY_FILES = 16
"""More thumbnail files than this are gathered into one."""
_SLACK_BYTES = 1 << 20
"""Unused bytes (1 MiB) below which gathering the thumbnails is not worth it."""


class ScanCache:
    """The rows, thumbnails and pixels of one run folder. Not safe for two writers: the scan holds a lock."""

    def __init__(self, folder: Path, versions: str) -> None:
        self.folder, self.versions = folder, versions
        self.rows = Rows(ROW_SCHEMA)
        self.keys, self.places = self._load()
        self._thumbs: BinaryIO | None = None
        self._token = os.urandom(6).hex()
        self._parts = 0
        self._remove_unreferenced(self.keys)
        for path in folder.glob("measurements-*.parquet"):
            path.unlink()

    @property
    def measured(self) -> Path:
        """Where what this scan measures may be written: the next scan removes it."""
        return self.folder / f"measurements-{self._token}.parquet"

    @property
    def has_parts(self) -> bool:
        """Whether there are rows that are not in the index yet."""
        return any(self.folder.glob("part-*.arrow"))

    def _load(self) -> tuple[pa.Table, NDArray[np.int64]]:
        """Read every whole file of this version; of several rows of one file the last counts."""
        keys, places = [], []
        parts = sorted(self.folder.glob("part-*.arrow"), key=lambda path: path.stat().st_mtime_ns)
        for path in [self.folder / INDEX, *parts]:
            file = RowFile.open(path, self.versions)
            for start, rows in () if file is None else self.rows.add(file):
                kept = np.flatnonzero(lasting(rows))
                keys.append(rows.select(KEY_SCHEMA.names).take(pa.array(kept)))
                places.append(start + kept)
        table = joined(keys, KEY_SCHEMA)
        keys.clear()
        place = np.concatenate([np.empty(0, np.int64), *places])
        last = _last_of_each(table["uri"]) if parts else None
        if last is not None:
            table, place = table.take(pa.array(last)), place[last]
        return self._without_lost_files(table), place

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

    def append(self, rows: pa.Table) -> NDArray[np.int64]:
        """Save rows, whole or not at all, and return their numbers in `rows`."""
        self._parts += 1
        path = self.folder / f"part-{self._token}-{self._parts:06d}.arrow"
        with row_writer(path, ROW_SCHEMA, self.versions) as writer:
            writer.write_table(rows.combine_chunks(), max_chunksize=BLOCK_ROWS)
        file = RowFile.open(path, self.versions)
        if file is None:
            raise ScanError(f"expected the rows that were just written to {path}, found others: is the disk sound?")
        return np.concatenate([start + np.arange(len(table)) for start, table in self.rows.add(file)])

    def compact(self, blocks: Iterator[pa.Table], thumbnail_bytes: int) -> pa.Table:
        """Make these rows the index, and drop everything that nothing points to.

        Parameters
        ----------
        blocks
            The rows of all files, in parts.
        thumbnail_bytes
            Bytes that their thumbnails take together.

        Returns
        -------
        pa.Table
            The columns that say where the thumbnail and the pixels of each row are now.
        """
        self.close()
        parts = list(self.folder.glob("part-*.arrow"))
        files = list(self.folder.glob("thumbs-*.bin"))
        total = sum(path.stat().st_size for path in files)
        places = []
        with ExitStack() as stack:
            writer = stack.enter_context(row_writer(self.folder / INDEX, ROW_SCHEMA, self.versions))
            move = total > 2 * thumbnail_bytes + _SLACK_BYTES or len(files) > _MANY_FILES
            gathered = _Gathered(self.folder, stack) if move else None
            for block in blocks:
                rows = block if gathered is None else gathered.moved(block)
                kept = rows.filter(lasting(rows)).combine_chunks()
                writer.write_table(kept, max_chunksize=BLOCK_ROWS)
                places.append(_with_codes(rows.select(PLACES)))
        for part in parts:
            part.unlink(missing_ok=True)
        found = (
            pa.concat_tables(places).unify_dictionaries()
            if places
            else _with_codes(ROW_SCHEMA.empty_table().select(PLACES))
        )
        self._remove_unreferenced(found)
        return found

    def close(self) -> None:
        """Close open files."""
        if self._thumbs is not None:
            self._thumbs.close()
            self._thumbs = None

    def _remove_unreferenced(self, rows: pa.Table) -> None:
        """Delete what no row points to, and temporary files of a killed scan."""
        live = {*pc.unique(rows["thumb_file"]).to_pylist(), *pc.unique(rows["pixel_file"]).to_pylist()}
        for path in self.folder.iterdir():
            ours = path.name.startswith(("thumbs-", "pixels-")) and path.name not in live
            if ours or (path.name.startswith(".") and path.name.endswith(".tmp")):
                with suppress(OSError):
                    path.unlink()


def _last_of_each(texts: pa.ChunkedArray) -> NDArray[np.int64] | None:
    """Return the last row of each text, ascending; None where no text is there twice."""
    rows = maybe_repeated(texts)
    again = texts.take(pa.array(rows)).to_pylist()
    last = dict(zip(again, rows.tolist(), strict=True))
    if len(last) == len(rows):
        return None
    kept = np.ones(len(texts), dtype=bool)
    kept[rows] = False
    kept[list(last.values())] = True
    return np.flatnonzero(kept)


def _with_codes(places: pa.Table) -> pa.Table:
    """Return places with the names of files, of which there are few, as codes."""
    names = [name for name in PLACES if name.endswith("_file")]
    return places.cast(
        pa.schema(
            [
                (name, pa.dictionary(pa.int32(), pa.string())) if name in names else places.schema.field(name)
                for name in PLACES
            ]
        )
    )


class _Gathered:
    """Copies pictures into one file when more than half of the bytes are unused, or there are many files."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.name = f"thumbs-{os.urandom(6).hex()}.bin"
        files = folder.glob("thumbs-*.bin")
        self.sources = {path.name: stack.enter_context(path.open("rb")) for path in files}
        self.target = stack.enter_context((folder / self.name).open("wb"))

    def moved(self, rows: pa.Table) -> pa.Table:
        """Copy the pictures of some rows, and return the rows with their new places."""
        files, offsets = [], []
        for file, offset, length in zip(*(rows[name].to_pylist() for name in PLACES[:3]), strict=True):
            known = file in self.sources
            files.append(self.name if known else None)
            offsets.append(self.target.tell() if known else None)
            if known:
                self.sources[file].seek(offset)
                self.target.write(self.sources[file].read(length))
        for name, values in (("thumb_file", files), ("thumb_offset", offsets)):
            rows = rows.set_column(rows.column_names.index(name), ROW_SCHEMA.field(name), [values])
        return rows
