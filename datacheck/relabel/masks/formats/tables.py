"""CSV and Parquet, for scripts: the questions out with the columns ``answer`` and ``label`` to fill in, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datacheck.errors import RelabelError
from datacheck.relabel.formats.base import problem, stable_id
from datacheck.relabel.formats.csv import csv_rows, to_csv
from datacheck.relabel.formats.links import Links
from datacheck.relabel.formats.reading import open_bounded, seconds_or_none, text_or_none
from datacheck.relabel.masks.answers import Verdict, rows_of_verdict
from datacheck.relabel.masks.queue import MaskQueue
from datacheck.relabel.submissions import Row
from datacheck.storage import write_table, write_text

TO_FILL = ("answer", "label", "comment")
"""Columns that people fill in: an answer among `Verdict`, the class where it is ``class``, and words."""


@dataclass(frozen=True)
class MaskTable:
    """A row a question: run lengths are lists in Parquet, and JSON in CSV.

    ``dump`` writes a table to a file, ``parse`` reads rows from one.
    """

    name: str
    dump: Callable[[pa.Table, Path], None]
    parse: Callable[[Path], Iterable[dict[str, Any]]]

    def export(self, queue: MaskQueue, links: Links, target: Path) -> list[Path]:
        """Write the questions with the paths of their pictures."""
        image = {row["sample_id"]: links.link(row) for row in queue.rows()}
        names = queue.table["sample_id"].to_pylist()
        table = queue.table.append_column("image", pa.array([image[each] for each in names], pa.string()))
        table = table.append_column("dataset", pa.array([queue.identity] * len(names), pa.string()))
        for name in TO_FILL:
            table = table.append_column(name, pa.nulls(len(names), pa.string()))
        self.dump(table, target)
        return [target]

    def read(self, source: Path, queue: MaskQueue, annotator: str) -> Iterator[Row]:
        """Yield the answers of the rows whose ``answer`` is filled in."""
        questions = queue.questions()
        for number, row in enumerate(self.parse(source), start=1):
            answer = text_or_none(row.get("answer"))
            if answer is None:
                continue
            person, where = text_or_none(row.get("annotator")) or annotator, f"row {number}"
            asked = questions.get(_number(row.get("question")))
            if asked is None or row.get("sample_id") != asked["sample_id"]:
                yield problem("expected question and sample_id of the queue", where)
                continue
            if answer not in set(Verdict):
                yield problem(f"expected an answer among {', '.join(Verdict)}, found {answer[:40]!r}", where)
                continue
            about = {
                "submission": f"{self.name}:{stable_id(str(asked['question']), asked['mask_hash'], person)}",
                "annotator": person,
                "answered_at": text_or_none(row.get("answered_at")),
                "seconds": seconds_or_none(row.get("seconds")),
                "tool": self.name,
                "comment": text_or_none(row.get("comment")),
                "dataset": text_or_none(row.get("dataset")),
                "where": where,
            }
            yield from rows_of_verdict(asked, Verdict(answer), text_or_none(row.get("label")), about)


def _number(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else -1


def _dump_csv(table: pa.Table, target: Path) -> None:
    for name in ("runs", "patches"):
        place = table.schema.get_field_index(name)
        written = [None if one is None else json.dumps(one) for one in table[name].to_pylist()]
        table = table.set_column(place, name, pa.array(written, pa.string()))
    write_text(target, to_csv(table))


def _parquet_rows(source: Path) -> Iterable[dict[str, Any]]:
    with open_bounded(source) as file:
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise RelabelError(f"{source}: expected Parquet, but {error}") from error
    if not {"question", "answer", "sample_id"} <= set(table.column_names):
        raise RelabelError(f"{source}: expected the columns of the exported table, found {table.column_names[:12]}")
    kept = [name for name in table.column_names if name not in ("runs", "patches")]
    rows: list[dict[str, Any]] = table.select(kept).to_pylist()
    return rows


FORMATS = {
    "csv": MaskTable("csv", _dump_csv, csv_rows),
    "parquet": MaskTable("parquet", lambda table, target: write_table(target, table), _parquet_rows),
}
"""By the names of the command line."""
