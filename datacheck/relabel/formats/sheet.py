"""Questions as the rows of a table, with empty columns to answer in: CSV, Parquet and ``metadata.csv`` share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from datacheck.relabel.answers import Verdict
from datacheck.relabel.formats.base import Row, problem, stable_id
from datacheck.relabel.formats.links import Links
from datacheck.relabel.queue import RelabelQueue

SHEET_SCHEMA = pa.schema(
    [
        pa.field("rank", pa.int64()),
        pa.field("sample_id", pa.string()),
        pa.field("image", pa.string()),
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        pa.field("confidence", pa.float32()),
        pa.field("reason", pa.string()),
        pa.field("label", pa.string()),
        pa.field("verdict", pa.string()),
        pa.field("annotator", pa.string()),
        pa.field("answered_at", pa.string()),
        pa.field("seconds", pa.float32()),
        pa.field("comment", pa.string()),
        pa.field("dataset", pa.string()),
    ]
)
"""Columns of a sheet. People fill in ``label`` (or ``verdict``), and may add annotator, time and comment.

Gold and random questions look like every other, so that they measure.
"""


def sheet(queue: RelabelQueue, links: Links | None = None) -> pa.Table:
    """Return the questions as a table with empty answers; columns of `SHEET_SCHEMA`, no images without links."""
    table = queue.table
    n_rows = len(queue)
    images = [links.link(row) if links is not None and has_picture(row, links) else None for row in queue.rows()]
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
            for field in SHEET_SCHEMA
        ],
        schema=SHEET_SCHEMA,
    )


def has_picture(question: Mapping[str, Any], links: Links) -> bool:
    """Whether there is anything to link to: rows of a plain table have none."""
    return question.get("uri") is not None or str(question["sample_id"]) in links.pictures


def sheet_rows(rows: Iterator[Mapping[str, Any]], tool: str, annotator: str) -> Iterator[Row]:
    """Yield the answers in the rows of a sheet; a row with neither label nor verdict is not answered yet."""
    for number, row in enumerate(rows, start=1):
        label, verdict = _filled(row.get("label")), _filled(row.get("verdict"))
        if label is None and verdict is None:
            continue
        sample_id = row.get("sample_id")
        if not isinstance(sample_id, str):
            yield problem(f"row {number}: expected the column 'sample_id', found {sorted(map(str, row))[:6]}")
            continue
        name = _filled(row.get("annotator")) or annotator
        yield {
            "answer_id": f"{tool}:{stable_id(sample_id, str(name))}",
            "sample_id": sample_id,
            "annotator": name,
            "verdict": verdict or Verdict.LABEL.value,
            "label": label,
            "answered_at": _filled(row.get("answered_at")),
            "seconds": _seconds(row.get("seconds")),
            "tool": tool,
            "comment": _filled(row.get("comment")),
            "dataset": _filled(row.get("dataset")),
        }


def _filled(value: Any) -> Any:
    return None if value is None or value == "" or value != value else value


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < 1e9 else None
