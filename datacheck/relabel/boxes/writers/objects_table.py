"""Parquet files and Arrow streams with a column of boxes: corrected rows, all others as they were."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from datacheck.errors import RelabelError
from datacheck.manifest.readers import FileReader
from datacheck.relabel.boxes.writers.base import ImageEdits
from datacheck.relabel.boxes.writers.objects_column import corrected, row_of
from datacheck.sources.annotations.objects_column import is_objects

_PARQUET = b"PAR1"
"""How a Parquet file begins."""

_ARROW_STREAM = b"\xff\xff\xff\xff"
"""How an Arrow stream begins, as ``save_to_disk`` writes it."""

STATE = "state.json"
"""What ``save_to_disk`` writes beside the shards: their names, and the fingerprint under which results are kept."""


@dataclass(frozen=True)
class TableCorrection:
    """A file of which some rows of one column change.

    Attributes
    ----------
    source
        The file.
    column
        The column of boxes.
    values
        The new value of each row that changes.
    """

    source: Path
    column: str
    values: Mapping[int, Any] = field(repr=False)

    def write(self, target: Path) -> None:
        """Write the corrected file: the same rows, columns, types, metadata, row groups and compression.

        One row group or record batch is in memory at a time.

        Raises
        ------
        RelabelError
            When something else of the file would change.
        """
        with _reading(self.source):
            if _is_parquet(self.source):
                self._write_parquet(target)
            else:
                self._write_stream(target)
            before, after = (_schema(path) for path in (self.source, target))
        if not before.equals(after, check_metadata=True):
            raise RelabelError(f"{self.source} cannot be written back without other changes")

    def _write_parquet(self, target: Path) -> None:
        with (
            pq.ParquetFile(self.source) as file,
            pq.ParquetWriter(target, file.schema_arrow, **_style(file.metadata)) as out,
        ):
            start = 0
            for number in range(file.num_row_groups):
                group = file.read_row_group(number)
                at = group.column_names.index(self.column)
                group = group.set_column(at, group.schema.field(at), self._corrected(group[at], start))
                out.write_table(group, row_group_size=max(1, group.num_rows))
                start += group.num_rows

    def _write_stream(self, target: Path) -> None:
        with (
            pa.memory_map(str(self.source)) as file,
            pa.ipc.open_stream(file) as stream,
            pa.OSFile(str(target), "wb") as out,
            pa.ipc.new_stream(out, stream.schema) as written,
        ):
            start = 0
            for batch, about in stream.iter_batches_with_custom_metadata():
                columns = batch.columns
                at = batch.schema.get_field_index(self.column)
                columns[at] = pa.concat_arrays(self._corrected(pa.chunked_array([columns[at]]), start).chunks)
                written.write_batch(pa.RecordBatch.from_arrays(columns, schema=batch.schema), about)
                start += batch.num_rows

    def _corrected(self, column: pa.ChunkedArray, start: int) -> pa.ChunkedArray:
        """Return a part of the column that begins at a row; rows that do not change are the same, byte by byte."""
        parts: list[pa.Array] = []
        at = 0
        for row in sorted(row - start for row in self.values if start <= row < start + len(column)):
            parts += [*column.slice(at, row - at).chunks, pa.array([self.values[start + row]], column.type)]
            at = row + 1
        return pa.chunked_array([*parts, *column.slice(at).chunks], column.type)


def correction(path: Path, images: Sequence[ImageEdits]) -> TableCorrection | None:
    """Return what changes in a file; None where it is neither Parquet nor an Arrow stream.

    Raises
    ------
    RelabelError
        When the file cannot be read, or does not hold what it held at the audit.
    """
    with path.open("rb") as file:
        start = file.read(len(_PARQUET))
    if start not in (_PARQUET, _ARROW_STREAM):
        return None
    with _reading(path):
        schema = _schema(path)
        name = next((each.name for each in schema if is_objects(each.type)), None)
        if name is None:
            raise RelabelError("expected a column of boxes as in the audit, found none; audit it again")
        column = _columns(path, [name])[name]
        texts = [each.name for each in schema if pa.types.is_string(each.type)]
        paths = [] if all(map(_has_number, images)) else _columns(path, texts).to_pylist()
    values = {}
    for image in images:
        row = int(image.uri.rpartition("#")[2]) if _has_number(image) else row_of(image, paths)
        if row >= len(column):
            raise RelabelError(f"expected {image.uri!r} among {len(column):,} rows: audit it again")
        values[row] = corrected(column[row].as_py(), image, _fields(column.type))
    return TableCorrection(path, name, values)


def fresh_fingerprints(corrections: Iterable[TableCorrection], reader: FileReader) -> dict[str, bytes]:
    """Return the ``state.json`` beside each corrected stream with another fingerprint.

    The library keeps results (``cache-….arrow``) by it, and would give those of the uncorrected boxes for the corrected
    ones.
    """
    root = reader.path("")
    by_state: dict[Path, list[TableCorrection]] = {}
    for each in corrections:
        by_state.setdefault(each.source.parent / STATE, []).append(each)
    found = {}
    for path, own in by_state.items():
        name = path.relative_to(root).as_posix()
        content = reader.read(name) if reader.stamp(name) is not None else b"{}"
        old = json.loads(content).get("_fingerprint")
        if isinstance(old, str) and old:
            changes = repr([(each.source.name, sorted(each.values.items())) for each in own])
            new = xxhash.xxh64_hexdigest(f"{old} {changes}".encode())
            found[name] = content.replace(f'"{old}"'.encode(), f'"{new}"'.encode())
    return found


def _has_number(image: ImageEdits) -> bool:
    """Return whether an image is named by the row of its shard."""
    _, mark, number = image.uri.rpartition("#")
    return bool(mark) and number.isdecimal()


def _fields(kind: pa.DataType) -> list[str]:
    """Return the fields of a box."""
    return [each.name for each in (kind if pa.types.is_struct(kind) else kind.value_type)]


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PARQUET)) == _PARQUET


def _schema(path: Path) -> pa.Schema:
    if _is_parquet(path):
        return pq.read_schema(path)
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        return stream.schema


def _columns(path: Path, names: list[str]) -> pa.Table:
    if _is_parquet(path):
        with pq.ParquetFile(path) as file:
            return file.read(columns=names)
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_stream(file).read_all().select(names)


def _style(about: pq.FileMetaData) -> dict[str, Any]:
    """Return how a Parquet file is written, for its writer."""
    first = about.row_group(0)
    columns = [first.column(number) for number in range(first.num_columns)]
    codecs = {each.path_in_schema: each.compression for each in columns}
    coded = [each.path_in_schema for each in columns if each.has_dictionary_page]
    return {
        "version": about.format_version,
        "compression": {path: "NONE" if codec == "UNCOMPRESSED" else codec for path, codec in codecs.items()},
        "use_dictionary": coded or False,
        "write_statistics": [each.path_in_schema for each in columns if each.is_stats_set] or False,
        "use_compliant_nested_type": not any(".list.item" in each.path_in_schema for each in columns),
        "store_schema": b"ARROW:schema" in (about.metadata or {}),
    }


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise RelabelError(f"{path} cannot be written back: {error}; nothing was written") from error
