"""Sorts a finding's evidence into blocks that a page can show: facts, tables and curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datacheck.report.outcomes import json_safe
from datacheck.text import number, percent

SHOWN_ROWS = 12
"""A table shows this many rows; the others are folded."""

MAX_ROWS = 1000
"""A table has at most this many rows, and says how many there are, so that the page stays small."""

MAX_CHARACTERS = 20_000
"""A text has at most this many characters; a long one scrolls in its cell."""

ROUNDING = 1e-12
"""Nearer to 0 or 1 than this, an end of an interval is a rounding error of it."""

MAX_PAIRS = 3
"""A mapping of up to this many numbers is one fact; a longer one is a table."""


@dataclass(frozen=True)
class Fact:
    """One line: a name, a value, and its interval where there is one."""

    name: str
    text: str
    interval: str = ""


@dataclass(frozen=True)
class RecordTable:
    """Rows of text under a head; ``total`` counts the rows before the cap; ``numeric`` marks right-aligned columns."""

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    total: int


@dataclass(frozen=True)
class MeasuredCurve:
    """A curve with its interval at each point; ``points`` are (x, value, low, high)."""

    name: str
    x_name: str
    points: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class EvidenceBlocks:
    """All blocks of one finding."""

    facts: tuple[Fact, ...]
    tables: tuple[RecordTable, ...]
    curves: tuple[MeasuredCurve, ...]


def evidence_blocks(evidence: Mapping[str, Any]) -> EvidenceBlocks:
    """Sort a finding's evidence into facts, tables and curves, in the order given.

    ``x`` beside ``x_low`` and ``x_high``, or a mapping with ``value``, ``low`` and ``high``, is a fact with an
    interval; a list of mappings is a table; a mapping of mappings is a table with its keys in the first column.

    Examples
    --------
    >>> evidence_blocks({"gap": 0.25, "gap_low": 0.2, "gap_high": 0.31, "n": 1200}).facts
    (Fact(name='gap', text='0.25', interval='0.2 to 0.31'), Fact(name='n', text='1,200', interval=''))
    """
    safe: dict[str, Any] = json_safe(evidence)
    facts: list[Fact] = []
    tables: list[RecordTable] = []
    curves: list[MeasuredCurve] = []
    for key, value in safe.items():
        if _is_end(key, safe):
            continue
        block = _block(key, value, safe)
        kept: list[Any] = facts if isinstance(block, Fact) else tables if isinstance(block, RecordTable) else curves
        kept.append(block)
    return EvidenceBlocks(tuple(facts), tuple(tables), tuple(curves))


def _block(key: str, value: Any, beside: Mapping[str, Any]) -> Fact | RecordTable | MeasuredCurve:
    name = _words(key)
    if isinstance(value, Mapping) and {"value", "low", "high"} <= set(value):
        return _fact(key, value["value"], value["low"], value["high"])
    if isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
        return _curve(name, value) or _records(name, value)
    if isinstance(value, Mapping) and value and all(isinstance(entry, Mapping) for entry in value.values()):
        return _records(name, [{"": inner, **entry} for inner, entry in value.items()])
    if isinstance(value, Mapping) and len(value) > MAX_PAIRS:
        return _records(name, [{"": inner, "value": entry} for inner, entry in value.items()])
    return _fact(key, value, beside.get(f"{key}_low"), beside.get(f"{key}_high"))


def _fact(key: str, value: Any, low: Any, high: Any) -> Fact:
    text = _percent if key == "share" or key.endswith("_share") else value_text
    known = all(isinstance(end, int | float) and math.isfinite(end) for end in (low, high))
    return Fact(_words(key), text(value), f"{text(settled(low))} to {text(settled(high))}" if known else "")


def interval_text(low: float, high: float) -> str:
    """Return ``low to high``, or nothing unless both are known.

    Examples
    --------
    >>> interval_text(0.25, 1200), interval_text(0.25, float("nan"))
    ('0.25 to 1,200', '')
    """
    known = math.isfinite(low) and math.isfinite(high)
    return f"{number(settled(low))} to {number(settled(high))}" if known else ""


def settled(value: float) -> float:
    """Return 0 or 1 for what is that but for the rounding of a computation.

    Examples
    --------
    >>> settled(5.55e-17), settled(1 - 2e-16), settled(1e-9)
    (0.0, 1.0, 1e-09)
    """
    return next((end for end in (0.0, 1.0) if abs(value - end) < ROUNDING), value)


def value_text(value: Any) -> str:
    """Return a JSON value for reading: numbers with thousands separated, short lists and mappings in one line.

    Examples
    --------
    >>> value_text(1234567), value_text(None), value_text(["a", "b"]), value_text({"n_rows": 2})
    ('1,234,567', 'not known', 'a, b', 'number of rows 2')
    >>> value_text({"value": 0.5, "low": 0.25, "high": 0.75}), value_text({})
    ('0.5 (0.25 to 0.75)', 'none')
    """
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping) and {"value", "low", "high"} <= set(value):
        fact = _fact("", value["value"], value["low"], value["high"])
        return fact.text + (f" ({fact.interval})" if fact.interval else "")
    if isinstance(value, Mapping):
        text = ", ".join(f"{_words(str(key))} {value_text(entry)}" for key, entry in value.items()) or "none"
    elif isinstance(value, list | tuple):
        nested = any(isinstance(entry, list | tuple | Mapping) for entry in value)
        text = (" · " if nested else ", ").join(value_text(entry) for entry in value[:MAX_ROWS])
        text += f" … {len(value) - MAX_ROWS:,} more" if len(value) > MAX_ROWS else ""
        text = text or "none"
    else:
        text = str(value)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _percent(value: Any) -> str:
    is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return percent(value) if is_share else value_text(value)


def _words(key: str) -> str:
    """Return a key as words: ``max_distance`` → ``max distance``, ``n_clusters`` → ``number of clusters``."""
    key = f"number_of_{key[2:]}" if key.startswith("n_") else key
    return key.replace("_", " ").strip()


def _is_end(key: str, beside: Mapping[str, Any] | Sequence[str]) -> bool:
    """Return whether a key is an end of the interval of another key."""
    return key.endswith(("_low", "_high")) and key.rpartition("_")[0] in beside


def _records(name: str, records: Sequence[Mapping[str, Any]]) -> RecordTable:
    head = list(dict.fromkeys(str(key) for record in records for key in record))
    kept = [key for key in head if not _is_end(key, head)]
    rows = tuple(tuple(_cell(record, key) for key in kept) for record in records[:MAX_ROWS])
    numeric = tuple(
        all(isinstance(r.get(key), int | float | None) and not isinstance(r.get(key), bool) for r in records)
        for key in kept
    )
    return RecordTable(name, tuple(_words(key) for key in kept), rows, numeric, len(records))


def _cell(record: Mapping[str, Any], key: str) -> str:
    if key not in record:
        return ""
    fact = _fact(key, record[key], record.get(f"{key}_low"), record.get(f"{key}_high"))
    return fact.text + (f" ({fact.interval})" if fact.interval else "")


def _curve(name: str, records: Sequence[Mapping[str, Any]]) -> MeasuredCurve | None:
    """Return a curve where each record is an x with ``value``, ``low`` and ``high``, and nothing but numbers."""
    keys = list(records[0])
    xs = [key for key in keys if key not in {"value", "low", "high"}]
    if len(records) < 2 or len(xs) != 1 or len(keys) != 4:
        return None
    points = []
    for record in records:
        row = [record.get(key) for key in (xs[0], "value", "low", "high")]
        if not all(isinstance(entry, int | float) and not isinstance(entry, bool) for entry in row):
            return None
        points.append(tuple(float(entry) for entry in row if entry is not None))
    return MeasuredCurve(name, _words(xs[0]), tuple((x, value, low, high) for x, value, low, high in points))
