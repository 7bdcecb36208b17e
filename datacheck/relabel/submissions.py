"""Answers that come as submissions of people, and the files of rows about one dataset; shared by boxes and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import pyarrow as pa

from datacheck.checked import checked
from datacheck.relabel.answers import Refusal, check_same_dataset
from datacheck.stats import Interval
from datacheck.storage import check_version, read_table, reading, write_table

Row = dict[str, Any]


@dataclass(frozen=True)
class RowFile:
    """A Parquet file of rows about one dataset.

    Attributes
    ----------
    name
        What the file says of itself, such as ``datacheck.box_answers``.
    what
        The same in words, for messages.
    schema
        Its columns.
    version
        The newest version that can be read.
    """

    name: str
    what: str
    schema: pa.Schema
    version: int = 1

    def write(self, path: Path, table: pa.Table, **metadata: Any) -> None:
        """Write the file; ``metadata`` are JSON values, ``identity`` among them."""
        path.parent.mkdir(exist_ok=True)
        write_table(path, table, {"schema": self.name, "version": self.version, **metadata})

    def read(self, path: Path, *keys: str) -> tuple[pa.Table, dict[str, Any]]:
        """Return the rows, and the ``identity`` and other values that were stored with them.

        Raises
        ------
        StorageError
            When the file is missing, damaged, something else, or of a newer version.
        """
        table, metadata = read_table(path, what=self.what)
        check_version(metadata.get("version"), self.version, what=self.what, where=path)
        with reading(path, self.what):
            found = {key: metadata[key] for key in ("identity", *keys)}
            for field in self.schema:
                if field.nullable and field.name not in table.column_names:  # of an older version
                    table = table.append_column(field, pa.nulls(len(table), field.type))
            return table.select(self.schema.names).replace_schema_metadata(None).cast(self.schema), found


@dataclass(frozen=True)
class FiledRows:
    """Rows about one dataset that have a file of their own: `FILE`.

    Attributes
    ----------
    table
        Columns of the file's schema.
    identity
        Identity of the dataset.
    """

    FILE: ClassVar[RowFile]

    table: pa.Table
    identity: str = ""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def save(self, path: Path) -> None:
        """Write the file."""
        self.FILE.write(path, self.table, identity=self.identity)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file.

        Raises
        ------
        StorageError
            When the file is missing, damaged, holds something else, or is of a newer version.
        """
        table, metadata = cls.FILE.read(path)
        return checked(cls(table, metadata["identity"]), path)


class Submissions(FiledRows):
    """Answers about one dataset: ``answer_id`` is unique, the rows of one submission are valid together."""

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], identity: str = "") -> Self:
        """Build answers from dictionaries; a later row with the same ``answer_id`` replaces the earlier one."""
        latest = {row["answer_id"]: {name: row.get(name) for name in cls.FILE.schema.names} for row in rows}
        return cls(pa.Table.from_pylist(list(latest.values()), schema=cls.FILE.schema), identity)

    def merge(self, newer: Self) -> Self:
        """Return both; of a submission that is in both, the newer rows alone. Merging twice changes nothing.

        Raises
        ------
        RelabelError
            When the answers belong to different datasets.
        """
        check_same_dataset(self.identity, newer.identity)
        again = set(newer.table["submission"].to_pylist())
        kept = [row for row in self.table.to_pylist() if row["submission"] not in again]
        return self.from_rows([*kept, *newer.table.to_pylist()], self.identity or newer.identity)


def accept_submissions(
    rows: Iterable[Mapping[str, Any]], why_refused: Callable[[Mapping[str, Any]], str | None]
) -> tuple[list[Row], list[Refusal]]:
    """Split the rows of an import into sound ones and refusals.

    A submission with a refused row is refused whole: a part of it would say that all else is right.

    Parameters
    ----------
    rows
        Dictionaries. Besides the columns of the answers: ``problem``, why a row is no answer, and ``where``, how the
        tool names it.
    why_refused
        Says what is wrong with a row, or None.
    """
    sound: dict[str, list[Row]] = {}
    refused: set[str] = set()
    refusals = []
    for number, row in enumerate(rows):
        reason = str(row["problem"]) if row.get("problem") is not None else why_refused(row)
        name = str(row.get("submission") or "")
        if reason is None:
            sound.setdefault(name, []).append({**row, "seconds": _seconds(row.get("seconds"))})
            continue
        refused.add(name)
        shown = row.get("sample_id")
        refusals.append(Refusal(number, reason, shown if isinstance(shown, str) else "", str(row.get("where") or "")))
    return [row for name, found in sound.items() if name not in refused for row in found], refusals


def why_no_answer(row: Mapping[str, Any], identity: str) -> str | None:
    """Say what is wrong with a row of any answer: another dataset, or text that is missing."""
    dataset = row.get("dataset")
    if isinstance(dataset, str) and dataset and identity and dataset != identity:
        return f"it belongs to dataset {dataset[:40]}, the audit to {identity}"
    for name in ("answer_id", "submission", "sample_id", "annotator", "answer", "tool"):
        if not isinstance(row.get(name), str) or not row[name]:
            return f"expected text in {name!r}, found {row.get(name)!r:.80}"
    return None


def by_person(rows: Iterable[Row]) -> Iterator[tuple[str, list[list[Row]]]]:
    """Yield each person with their submissions, the earliest first; in the order of the names."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        found.setdefault(row["annotator"], {}).setdefault(row["submission"], []).append(row)
    for person in sorted(found):
        yield person, sorted(found[person].values(), key=time_of)


def time_of(rows: Sequence[Row]) -> str:
    """Return when the latest of some rows was answered, ISO 8601; empty where none says."""
    return max((row["answered_at"] or "" for row in rows), default="")


def interval_of(value: Mapping[str, Any] | None) -> Interval | None:
    """Return an interval that was saved by ``vars``."""
    return None if value is None else Interval(**value)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
