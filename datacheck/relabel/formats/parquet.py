"""Parquet, for scripts: the same spreadsheet as CSV, typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.errors import RelabelError
from datacheck.manifest import Task
from datacheck.relabel.formats.base import ALL_TASKS, Row
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import open_bounded
from datacheck.relabel.formats.spreadsheet import SPREADSHEET_SCHEMA, spreadsheet, spreadsheet_rows
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_table

_BATCH = 10_000
"""Rows in memory at a time: a few MB."""


@dataclass(frozen=True)
class Parquet:
    """The spreadsheet as Parquet; an ``answers.parquet`` is read as well."""

    name: str = "parquet"
    tasks: frozenset[Task] = ALL_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the spreadsheet."""
        write_table(target, spreadsheet(queue, links))
        return [target]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of a filled-in spreadsheet."""
        return spreadsheet_rows(parquet_rows(source), self.name, annotator)


def parquet_rows(source: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file, one batch in memory at a time."""
    with open_bounded(source) as file:
        try:
            parts = pq.ParquetFile(file)
            names = [name for name in parts.schema_arrow.names if name in SPREADSHEET_SCHEMA.names]
            if "sample_id" not in names:
                raise RelabelError(f"{source}: expected a column 'sample_id', found {parts.schema_arrow.names[:12]}")
            for batch in parts.iter_batches(batch_size=_BATCH, columns=names):
                yield from batch.to_pylist()
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            raise RelabelError(f"{source}: expected Parquet, but {error}") from error


FORMAT = Parquet()
