"""What the HTML report shows of how the dataset was read: every file and column, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datacheck.manifest import ItemKind, Remedy, Unread, Used
from datacheck.report.evidence_blocks import MAX_ROWS, RecordTable
from datacheck.report.record import ReportRecord
from datacheck.text import plural


@dataclass(frozen=True)
class Point:
    """A sentence, and what to do about it on the command line and in Python; empty where there is nothing to do."""

    text: str
    command_line: str = ""
    python: str = ""


@dataclass(frozen=True)
class ReadingView:
    """What was not judged, what is in question, and the tables of what was read and what was not."""

    gaps: tuple[Point, ...]
    questions: tuple[Point, ...]
    notes: tuple[str, ...]
    tables: tuple[RecordTable, ...]


def reading_view(report: ReportRecord) -> ReadingView:
    """Return what the template shows of the inventory, the gaps and the notes of an audit."""
    inventory = report.manifest.inventory
    used = [(item.name, item.role, _count(item), ", ".join(item.examples)) for item in inventory.used]
    unread = [(item.name, item.labels.value, _count(item), item.reason, _how(item.remedy)) for item in inventory.unread]
    tables = (
        _table("What was read", ("name", "read as", "count", "for example"), used),
        _table("What was not read", ("name", "holds labels", "count", "why", "to read it"), unread),
    )
    return ReadingView(
        gaps=tuple(_point(gap.text, gap.remedy) for gap in report.gaps),
        questions=tuple(_point(question.text, question.remedy) for question in inventory.questions),
        notes=report.notes,
        tables=tuple(table for table in tables if table.rows),
    )


def _point(text: str, remedy: Remedy | None) -> Point:
    return Point(text) if remedy is None else Point(text, remedy.command_line, remedy.python)


def _how(remedy: Remedy | None) -> str:
    return "" if remedy is None else f"{remedy.command_line}, in Python {remedy.python}"


def _count(item: Used | Unread) -> str:
    return plural(item.count, "file" if item.kind in {ItemKind.FILE, ItemKind.FOLDER} else "value")


def _table(name: str, head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> RecordTable:
    """Return a table of text without the columns that are empty."""
    kept = [column for column in range(len(head)) if any(row[column] for row in rows)]
    shown = tuple(tuple(row[column] for column in kept) for row in rows[:MAX_ROWS])
    return RecordTable(name, tuple(head[column] for column in kept), shown, (False,) * len(kept), len(rows))
