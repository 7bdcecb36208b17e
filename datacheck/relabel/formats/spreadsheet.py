"""Items as the rows of a table, with empty columns for the answers: CSV, Parquet and ``metadata.csv`` share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from datacheck.relabel.answers import AnswerType
from datacheck.relabel.formats.base import Row, problem, stable_id
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import seconds_or_none
from datacheck.relabel.queue import RelabelQueue

SPREADSHEET_SCHEMA = pa.schema(
    [
        pa.field("rank", pa.int64()),
        pa.field("sample_id", pa.string()),
        pa.field("image", pa.string()),
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        pa.field("confidence", pa.float32()),
        pa.field("reason", pa.string()),
        pa.field("label", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("annotator", pa.string()),
        pa.field("answered_at", pa.string()),
        pa.field("seconds", pa.float32()),
        pa.field("comment", pa.string()),
        pa.field("dataset", pa.string()),
    ]
)
"""Columns of a spreadsheet. People fill in ``label`` (or ``answer``), and may add annotator, time and comment.

Gold and random samples look like all others, so that they measure.
"""


def spreadsheet(queue: RelabelQueue, links: Links | None = None) -> pa.Table:
    """Return the items as a table with empty answers; columns of `SPREADSHEET_SCHEMA`, no images without links."""
    table = queue.table
    n_rows = len(queue)
    images = [links.link(row) if links is not None and links.has_picture(row) else None for row in queue.rows()]
    columns = {name: table[name] for name in ("rank", "sample_id", "given", "suggested", "confidence", "reason")}
    return pa.table(
        [
            columns[field.name]
            if field.name in columns
            else pa.array(images, field.type)
            if field.name == "image"
            else pa.array([queue.identity] * n_rows, field.type)
            if field.name == "dataset"
            else pa.nulls(n_rows, field.type)
            for field in SPREADSHEET_SCHEMA
        ],
        schema=SPREADSHEET_SCHEMA,
    )


def spreadsheet_rows(rows: Iterator[Mapping[str, Any]], tool: str, annotator: str) -> Iterator[Row]:
    """Yield the answers in the rows of a spreadsheet; a row with neither label nor answer is not answered yet."""
    for number, row in enumerate(rows, start=1):
        label, answer = _filled(row.get("label")), _filled(row.get("answer"))
        if label is None and answer is None:
            continue
        sample_id = row.get("sample_id")
        if not isinstance(sample_id, str):
            yield problem("its 'sample_id' is empty", f"row {number}")
            continue
        name = _filled(row.get("annotator")) or annotator
        yield {
            "answer_id": f"{tool}:{stable_id(sample_id, str(name))}",
            "sample_id": sample_id,
            "annotator": name,
            "answer": answer or AnswerType.LABEL.value,
            "label": label,
            "answered_at": _filled(row.get("answered_at")),
            "seconds": seconds_or_none(row.get("seconds")),
            "tool": tool,
            "comment": _filled(row.get("comment")),
            "dataset": _filled(row.get("dataset")),
            "where": f"row {number}",
        }


def _filled(value: Any) -> Any:
    return None if value is None or value == "" or value != value else value
