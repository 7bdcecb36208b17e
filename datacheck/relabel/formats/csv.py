"""CSV, for a spreadsheet or a script: fill in ``label`` or ``answer``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.errors import RelabelError
from datacheck.manifest import Task
from datacheck.relabel.formats.base import ALL_TASKS, Row
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import MAX_ITEM, open_bounded
from datacheck.relabel.formats.spreadsheet import spreadsheet, spreadsheet_rows
from datacheck.relabel.queue import RelabelQueue
from datacheck.storage import write_text

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a spreadsheet program takes a formula by, and the quote that shields it."""


@dataclass(frozen=True)
class Csv:
    """The spreadsheet as CSV, safe to open in a spreadsheet program."""

    name: str = "csv"
    tasks: frozenset[Task] = ALL_TASKS

    def export(self, queue: RelabelQueue, links: Links, target: Path) -> list[Path]:
        """Write the spreadsheet."""
        write_text(target, to_csv(spreadsheet(queue, links)))
        return [target]

    def read(self, source: Path, queue: RelabelQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of a filled-in spreadsheet."""
        return spreadsheet_rows(csv_rows(source), self.name, annotator)


def to_csv(table: pa.Table) -> str:
    """Return a table as CSV with a header."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(map(shielded, row.values()) for row in table.to_pylist())
    return stream.getvalue()


def csv_rows(source: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a CSV file with a header."""
    with open_bounded(source) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        csv.field_size_limit(MAX_ITEM)
        try:
            reader = csv.DictReader(text)
            if "sample_id" not in (reader.fieldnames or []):
                raise RelabelError(f"{source}: expected a column 'sample_id', found {(reader.fieldnames or [])[:12]}")
            for row in reader:
                yield {str(name): unshielded(value) for name, value in row.items()}
        except (csv.Error, UnicodeDecodeError) as error:
            raise RelabelError(f"{source}: expected CSV in UTF-8, but {error}") from error


def shielded(value: Any) -> Any:
    """Return text so that a spreadsheet takes it for no formula; `unshielded` gives it back.

    Examples
    --------
    >>> shielded("=1+1"), unshielded(shielded("=1+1")), shielded("cat")
    ("'=1+1", '=1+1', 'cat')
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def unshielded(value: Any) -> Any:
    """Return what `shielded` was given."""
    return value[1:] if isinstance(value, str) and value[:1] == "'" and value[1:].startswith(_FORMULA) else value


FORMAT = Csv()
