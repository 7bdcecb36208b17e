"""Turns a finding's evidence into blocks that a reader can take in: facts, tables, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datacheck.report.storage import json_safe

MAX_ROWS = 40
"""A table of evidence shows at most this many rows, and says how many there are."""

MAX_CHARACTERS = 240


@dataclass(frozen=True)
class Fact:
    """One line of evidence; ``low`` and ``high`` are the ends of its interval, where there is one."""

    name: str
    text: str
    interval: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; ``total`` counts the rows before the cap; ``numeric`` marks right-aligned columns."""

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    total: int


@dataclass(frozen=True)
class Curve:
    """A measured curve with its band; ``points`` are (x, value, low, high)."""

    name: str
    x_name: str
    points: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class Evidence:
    """All blocks of one finding."""

    facts: tuple[Fact, ...]
    tables: tuple[Table, ...]
    curves: tuple[Curve, ...]


def lay_out(evidence: Mapping[str, Any]) -> Evidence:
    """Sort evidence into facts, tables and curves, in the order given.

    ``x`` beside ``x_low`` and ``x_high``, or a mapping with ``value``, ``low`` and ``high``, is a fact with an
    interval; a list of mappings is a table; a mapping of mappings is a table with its keys in the first column.

    Examples
    --------
    >>> lay_out({"gap": 0.25, "gap_low": 0.2, "gap_high": 0.31, "n": 1200}).facts
    (Fact(name='gap', text='0.25', interval='0.2 – 0.31'), Fact(name='n', text='1,200', interval=''))
    """
    safe: dict[str, Any] = json_safe(evidence)
    facts: list[Fact] = []
    tables: list[Table] = []
    curves: list[Curve] = []
    for key, value in safe.items():
        name = words(key)
        if key.endswith(("_low", "_high")) and key.rpartition("_")[0] in safe:
            continue
        if isinstance(value, Mapping) and {"value", "low", "high"} <= set(value):
            text, interval = (percent, percent_interval) if is_share(key) else (number, interval_text)
            facts.append(Fact(name, text(value["value"]), interval(value["low"], value["high"])))
        elif _is_records(value):
            curve = _curve(name, value)
            if curve is None:
                tables.append(_records(name, value))
            else:
                curves.append(curve)
        elif isinstance(value, Mapping) and value and all(isinstance(entry, Mapping) for entry in value.values()):
            tables.append(_records(name, [{"": inner, **entry} for inner, entry in value.items()]))
        elif isinstance(value, Mapping) and len(value) > 3:
            tables.append(_records(name, [{"": inner, "value": entry} for inner, entry in value.items()]))
        else:
            text, interval = (percent, percent_interval) if is_share(key) else (number, interval_text)
            facts.append(Fact(name, text(value), interval(safe.get(f"{key}_low"), safe.get(f"{key}_high"))))
    return Evidence(tuple(facts), tuple(tables), tuple(curves))


def interval_text(low: Any, high: Any) -> str:
    """Return ``low – high``, or nothing unless both are known."""
    known = all(end is not None and not (isinstance(end, float) and math.isnan(end)) for end in (low, high))
    return f"{number(low)} – {number(high)}" if known else ""


def is_share(key: str) -> bool:
    """Return whether a key names a share of a whole, which reads best in percent."""
    return key == "share" or key.endswith("_share")


def percent(value: Any) -> str:
    """Return a share in percent; what is no share in [0, 1] as `number` does.

    Examples
    --------
    >>> percent(0.00416), percent(0.5), percent("most")
    ('0.416 %', '50 %', 'most')
    """
    inside = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return f"{number(float(value) * 100)} %" if inside else number(value)


def percent_interval(low: Any, high: Any) -> str:
    """Return ``low – high`` in percent, or nothing unless both are known."""
    return f"{percent(low)} – {percent(high)}" if interval_text(low, high) else ""


def words(key: str) -> str:
    """Return a key as words: ``max_distance`` → ``max distance``, ``n_clusters`` → ``number of clusters``."""
    key = f"number_of_{key[2:]}" if key.startswith("n_") else key
    return key.replace("_", " ").strip()


def number(value: Any) -> str:
    """Return a value for reading: thousands separated, three significant digits, short lists in one line.

    Examples
    --------
    >>> number(1234567), number(0.123456), number(31.4159), number(12345.6), number(["a", "b"])
    ('1,234,567', '0.123', '31.4', '12,346', 'a, b')
    """
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        text = ", ".join(f"{words(str(key))} {number(entry)}" for key, entry in value.items())
    elif isinstance(value, list | tuple):
        nested = any(isinstance(entry, list | tuple | Mapping) for entry in value)
        text = (" · " if nested else ", ").join(number(entry) for entry in value[:MAX_ROWS])
        text += f" … {len(value) - MAX_ROWS:,} more" if len(value) > MAX_ROWS else ""
        text = text or "none"
    else:
        text = str(value)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"


def _float(value: float) -> str:
    if not math.isfinite(value):
        return "not known"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _records(name: str, records: Sequence[Mapping[str, Any]]) -> Table:
    head = list(dict.fromkeys(str(key) for record in records for key in record))
    kept = [key for key in head if not (key.endswith(("_low", "_high")) and key.rpartition("_")[0] in head)]
    rows = tuple(tuple(_cell(record, key) for key in kept) for record in records[:MAX_ROWS])
    numeric = tuple(
        all(isinstance(r.get(key), int | float | None) and not isinstance(r.get(key), bool) for r in records)
        for key in kept
    )
    return Table(name, tuple(words(key) for key in kept), rows, numeric, len(records))


def _cell(record: Mapping[str, Any], key: str) -> str:
    if key not in record:
        return ""
    interval = interval_text(record.get(f"{key}_low"), record.get(f"{key}_high"))
    return number(record[key]) + (f" ({interval})" if interval else "")


def _curve(name: str, records: Sequence[Mapping[str, Any]]) -> Curve | None:
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
    return Curve(name, words(xs[0]), tuple((x, value, low, high) for x, value, low, high in points))
