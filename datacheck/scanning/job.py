"""One scan: which files are cached, which have to be read, and the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.cpus import available_cpus
from datacheck.manifest import Manifest
from datacheck.manifest.object_store import StoreReader
from datacheck.manifest.readers import ReadFailure, SampleReader
from datacheck.scanning.cache import ScanCache
from datacheck.scanning.cached_rows import PLACES, ROW_SCHEMA, library_versions, to_rows
from datacheck.scanning.distinct_files import files_of, positions, taken
from datacheck.scanning.gathered import gathered
from datacheck.scanning.local import Outcome, ShardTask
from datacheck.scanning.measurements import MEASUREMENTS_SCHEMA, Measurements
from datacheck.scanning.pixels import pixel_sides, place_pixels
from datacheck.scanning.read_again import KEPT_FROM_BYTES, THUMBNAIL_SIDE, ReadAgain, can_read_again
from datacheck.scanning.row_files import BLOCK_ROWS
from datacheck.scanning.shard import SAME, ShardSettings, failed, merge
from datacheck.scanning.stamps import STAMPS, may_hide_a_change, now_ns, read_stamps
from datacheck.scanning.thumbnails import INDEX, SCHEMA, ThumbnailStore
from datacheck.storage import atomic_path

COMMIT_SECONDS = 1.0
"""Finished work is saved at least this often: a killed scan loses about a second."""

_COMMIT_ROWS = 4096
"""Finished work is saved at least after so many files: a batch of a few MB."""
_SHARD_ROWS = 48
"""Files that a worker measures at a time: below a second of work, far more than the cost of sending it."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ScanResult:
    """The result of a scan.

    Attributes
    ----------
    measurements
        A row a sample, aligned with the manifest.
    pixels
        uint8 red-green-blue, shape [N, S, S, 3], zeros where a sample is unreadable, memory-mapped; the whole upright
        image stretched to the square, whatever its aspect. None where not asked for.
    thumbnails
        None where not asked for.
    """

    measurements: Measurements
    pixels: NDArray[np.uint8] | None = None
    thumbnails: ThumbnailStore | None = None


class ScanJob:
    """One scan. Files are numbered by first appearance; U files for N rows."""

    def __init__(
        self,
        manifest: Manifest,
        reader: SampleReader,
        folder: Path,
        side: int,
        thumbnails: bool,
        progress: Progress | None,
    ) -> None:
        self.manifest, self.folder, self.side, self.thumbnails = manifest, folder, side, thumbnails
        self.progress = progress
        self.kept_from = KEPT_FROM_BYTES if can_read_again(reader) else 0
        self.settings = ShardSettings(reader, THUMBNAIL_SIDE if thumbnails else 0, self.kept_from, side)
        self.uris, self.file_of_row, self.first_row = files_of(manifest)
        before = now_ns()
        self.stamps = read_stamps(reader, self.uris)
        self.recent = may_hide_a_change(self.stamps, before, tagged=isinstance(reader, StoreReader))
        self.cache = ScanCache(folder, library_versions())
        self.cached = positions(self.uris, self.cache.keys["uri"])
        self.complete, self.unchanged = self._judge_cached()
        self.before = np.append(self.cache.places, -1)[self.cached]
        self.rows = np.where(self.unchanged, self.before, -1)
        used = self.cache.keys["thumb_length"].take(pa.array(self.cached[self.unchanged]))
        self.thumbnail_bytes = pc.sum(used).as_py() or 0
        self.pixel_path: Path | None = None
        self.pixel_map: Any = None

    def _judge_cached(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which files have everything that is asked for in the cache, and which of them did not change; both [U]."""
        have = np.flatnonzero(self.cached >= 0)
        keys = taken(self.cache.keys.drop_columns(["uri"]), self.cached[have])
        complete = np.zeros(len(self.cached), dtype=bool)
        unchanged = complete.copy()
        readable = keys["readable"].to_numpy(zero_copy_only=False).astype(bool)
        enough = np.ones(len(have), dtype=bool)
        if self.thumbnails:
            small = pc.fill_null(keys["byte_size"], 0).to_numpy(zero_copy_only=False) < self.kept_from
            enough &= pc.is_valid(keys["thumb_file"]).to_numpy(zero_copy_only=False) | small | ~readable
        if self.side:
            enough &= (pixel_sides(self.folder, keys["pixel_file"]) == self.side) | ~readable
        complete[have] = enough
        for name, now in zip(STAMPS, self.stamps, strict=True):
            enough &= pc.fill_null(keys[name], -2).to_numpy(zero_copy_only=False) == now[have]
        unchanged[have] = enough
        return complete, unchanged

    def run(self, start: Callable[[Iterator[ShardTask]], Iterator[Outcome]]) -> ScanResult:
        todo = np.flatnonzero(~self.unchanged)
        if self.side and len(self.manifest):
            stale = ~self.unchanged
            self.pixel_path = place_pixels(
                self.folder, self.cache.keys, np.where(self.complete, self.cached, -1), self.first_row,
                (len(self.manifest), self.side), stale,
            )  # fmt: skip
            self.pixel_map = np.load(self.pixel_path, mmap_mode="r+")
        try:
            if len(todo):
                self._read(todo, start)
            elif self.progress is not None:
                self.progress(len(self.manifest), len(self.manifest))
            return self._finish(len(todo))
        finally:
            self.cache.close()

    def _read(self, todo: NDArray[np.int64], start: Callable[[Iterator[ShardTask]], Iterator[Outcome]]) -> None:
        total = len(self.uris)
        done = total - len(todo)
        batch: list[Outcome] = []
        rows, last = 0, time.monotonic()
        outcomes = start(self._tasks(todo))
        try:
            for outcome in outcomes:
                batch.append(outcome)
                rows += len(outcome[0])
                done += len(outcome[0])
                if rows >= _COMMIT_ROWS or time.monotonic() - last > COMMIT_SECONDS:
                    self._commit(batch)
                    batch, rows, last = [], 0, time.monotonic()
                if self.progress is not None:
                    self.progress(done, total)
        finally:
            close = getattr(outcomes, "close", None)
            if close is not None:
                close()
            self._commit(batch)

    def _tasks(self, todo: NDArray[np.int64]) -> Iterator[ShardTask]:
        again = todo[self.complete[todo]]
        hashes = [rows["content_hash"] for _, rows in self.cache.rows.blocks(self.before[again])]
        known = pa.chunked_array(hashes, pa.string())
        size = int(np.clip(len(todo) // (4 * available_cpus()), 1, _SHARD_ROWS))
        for begin in range(0, len(todo), size):
            part = todo[begin : begin + size]
            places = pa.array(np.searchsorted(again, part), mask=~self.complete[part])
            yield ShardTask(part, self.uris.take(pa.array(part)).to_pylist(), known.take(places).to_pylist())

    def _commit(self, batch: list[Outcome]) -> None:
        """Keep a batch: pictures and pixels first, then the rows that point to them."""
        if not batch:
            return
        files = np.concatenate([positions for positions, _ in batch])
        result = merge([part for _, part in batch])
        readable = np.array(result.columns["readable"], dtype=bool)
        if self.pixel_map is not None and result.pixels is not None:
            self.pixel_map[self.first_row[files[readable]]] = result.pixels[readable]
        unstamped = self.stamps[0, files] < 0
        # No size where the stamp may hide a change: the next scan compares the bytes, but keeps what was measured.
        unknown = {"stamp_size": unstamped | self.recent[files]}
        places: dict[str, Any] = {
            "uri": self.uris.take(pa.array(files)),
            **{
                name: pa.array(values, mask=unknown.get(name, unstamped))
                for name, values in zip(STAMPS, self.stamps[:, files], strict=True)
            },
            **self.cache.add_thumbnails(result.thumbnails),
            **self._pixel_places(files, readable),
        }
        rows = self._with_same(to_rows(result, places), files)
        self.rows[files] = self.cache.append(rows)
        self.thumbnail_bytes += pc.sum(rows["thumb_length"]).as_py() or 0

    def _pixel_places(self, files: NDArray[np.int64], has: NDArray[np.bool_]) -> dict[str, Any]:
        name = None if self.pixel_path is None else self.pixel_path.name
        missing = ~has if name else np.ones(len(files), dtype=bool)
        return {
            "pixel_file": pa.array(np.full(len(files), name, dtype=object), pa.string(), mask=missing),
            "pixel_row": pa.array(self.first_row[files], mask=missing),
        }

    def _with_same(self, rows: pa.Table, files: NDArray[np.int64]) -> pa.Table:
        """Fill in what was measured before where a file was touched but its bytes are the same."""
        same = pc.fill_null(pc.equal(rows["error"], SAME), False).to_numpy(zero_copy_only=False)
        if not same.any():
            return rows
        old = self.cache.rows.take(self.before[files[same]])
        for name in STAMPS:
            old = old.set_column(old.column_names.index(name), name, rows[name].filter(pa.array(same)))
        order = np.empty(len(same), dtype=np.int64)
        order[~same], order[same] = np.arange((~same).sum()), (~same).sum() + np.arange(same.sum())
        return pa.concat_tables([rows.filter(pa.array(~same)), old]).take(pa.array(order))

    def _finish(self, n_read: int) -> ScanResult:
        if self.pixel_map is not None:
            self.pixel_map.flush()
        measured = gathered(self._aligned(), len(self.manifest), self.cache.measured)
        places = self.cache.keys.select(PLACES)
        other = pc.fill_null(pc.not_equal(places["pixel_file"], self._pixel_name()), False)
        moved = bool(self.side) and pc.any(other).as_py()
        if n_read or moved or self.cache.has_parts or len(places) > len(self.uris):
            places = self.cache.compact(self._blocks(), self.thumbnail_bytes)
        else:
            places = taken(places, self.cached)
        measurements = Measurements(measured, self.folder if self.thumbnails else None)
        store = None
        if self.thumbnails:
            store = replace(self._store(places), again=ReadAgain.of(self.manifest, measurements))
        return ScanResult(measurements, self._pixels(), store)

    def _pixel_name(self) -> str:
        return "" if self.pixel_path is None else self.pixel_path.name

    def _blocks(self) -> Iterator[pa.Table]:
        """Yield one row a file, in the order of the files."""
        for part, rows in self.cache.rows.blocks(self.rows):
            if self.side:
                has = pc.is_valid(rows["pixel_file"]).to_numpy(zero_copy_only=False)
                for name, values in self._pixel_places(np.arange(part.start, part.stop), has).items():
                    field = ROW_SCHEMA.field(name)
                    rows = rows.set_column(rows.column_names.index(name), field, values.cast(field.type))
            yield rows

    def _aligned(self) -> Iterator[pa.Table]:
        """Yield the measurements of the manifest's rows."""
        nameless = failed(1, ReadFailure.VANISHED, "the manifest names no file for this sample", 0)
        blank = to_rows(nameless, {name: [None] for name in ROW_SCHEMA.names if name not in nameless.columns})
        wanted = np.append(self.rows, -1)[self.file_of_row]
        for start in range(0, len(wanted), BLOCK_ROWS):
            part = wanted[start : start + BLOCK_ROWS]
            named = part >= 0
            rows = self.cache.rows.take(part[named])
            if not named.all():
                places = np.where(named, np.cumsum(named) - 1, len(rows))
                rows = pa.concat_tables([rows, blank]).take(pa.array(places))
            ids = self.manifest.sample_ids.slice(start, len(part))
            columns = [ids, *[rows[name] for name in MEASUREMENTS_SCHEMA.names[1:]]]
            yield pa.Table.from_arrays(columns, schema=MEASUREMENTS_SCHEMA)

    def _store(self, places: pa.Table) -> ThumbnailStore:
        named = self.file_of_row >= 0
        table = places.select(SCHEMA.names[1:]).take(pa.array(self.file_of_row[named]))
        table = table.add_column(0, "sample_id", self.manifest.sample_ids.filter(pa.array(named))).cast(SCHEMA)
        table = table.filter(pc.is_valid(table["thumb_file"])).combine_chunks()
        with atomic_path(self.folder / INDEX) as temporary, pa.ipc.new_file(str(temporary), table.schema) as writer:
            writer.write_table(table)
        return ThumbnailStore(self.folder, table)

    def _pixels(self) -> NDArray[np.uint8] | None:
        if not self.side:
            return None
        if self.pixel_path is None:
            return np.zeros((0, self.side, self.side, 3), dtype=np.uint8)
        again = np.flatnonzero(
            (self.file_of_row >= 0) & (self.first_row[self.file_of_row] != np.arange(len(self.file_of_row)))
        )
        for row in again:
            self.pixel_map[row] = self.pixel_map[self.first_row[self.file_of_row[row]]]
        self.pixel_map.flush()
        self.pixel_map = None
        if not self.pixel_path.exists():  # no row names it, since no image could be read, so the cache left it out
            return np.broadcast_to(np.uint8(0), (len(self.manifest), self.side, self.side, 3))
        pixels: NDArray[np.uint8] = np.load(self.pixel_path, mmap_mode="r")
        return pixels
