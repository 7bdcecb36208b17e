"""Parquet, for scripts: the questions out, rows of answers back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.errors import RelabelError
from datacheck.relabel.boxes.answers import BOX_ANSWERS_SCHEMA
from datacheck.relabel.boxes.queue import BoxQueue
from datacheck.relabel.formats.base import stable_id
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import open_bounded
from datacheck.storage import write_table


@dataclass(frozen=True)
class ParquetBoxes:
    """The questions with the paths of their pictures; answers as in ``boxes/answers.parquet``, ids filled in."""

    name: str = "parquet"

    def export(self, queue: BoxQueue, links: Links, target: Path) -> list[Path]:
        """Write the questions, a row each, with the column ``image``."""
        image = {row["sample_id"]: links.link(row) for row in queue.rows()}
        column = pa.array([image[each] for each in queue.table["sample_id"].to_pylist()], pa.string())
        write_table(target, queue.table.append_column("image", column))
        return [target]

    def read(self, source: Path, queue: BoxQueue, annotator: str) -> Iterator[dict[str, Any]]:
        """Yield the answers: ``sample_id``, ``annotation_id``, ``answer``, and class and box where they change."""
        with open_bounded(source) as file:
            try:
                table = pq.read_table(file)
            except (pa.ArrowException, OSError, ValueError) as error:
                raise RelabelError(f"{source}: expected Parquet, but {error}") from error
        if not {"sample_id", "answer"} <= set(table.column_names):
            raise RelabelError(f"{source}: expected columns 'sample_id' and 'answer', found {table.column_names[:12]}")
        names = [name for name in table.column_names if name in BOX_ANSWERS_SCHEMA.names]
        for row in table.select(names).to_pylist():
            if row["answer"] in (None, ""):
                continue
            person = row.get("annotator") or annotator
            submission = row.get("submission") or f"parquet:{stable_id(str(row['sample_id']), str(person))}"
            key = json.dumps([row.get("annotation_id"), *(row.get(side) for side in ("left", "top"))])
            answer_id = row.get("answer_id") or f"{submission}:{key}"
            yield {**row, "annotator": person, "submission": submission, "answer_id": answer_id, "tool": "parquet"}


FORMAT = ParquetBoxes()
