"""The label members of WebDataset samples as columns: ``key.cls``, ``key.txt`` and the values of ``key.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.sources.files import text

LABEL_EXTENSIONS = ("cls", "json", "txt", "label")
"""Members that are read as labels, the one that holds the label first."""

_MOST_DIGITS = 17
"""Digits of a number that fits 64 bits for certain; a longer one stays text."""

_MOST_KEYS = 1000
"""Different keys of the samples' JSON: more are data under changing names, not labels."""


def label_columns(samples: Sequence[Mapping[str, str]]) -> tuple[pa.Table, int]:
    """Return a column for each kind of member and each key of the JSON, and how many members hold no JSON.

    A key whose values have no one type, or none that fits a column, is text.

    Parameters
    ----------
    samples
        The content of the label members of each sample, by extension.

    Raises
    ------
    SourceError
        When the JSON of the samples has more than 1,000 different keys.

    Examples
    --------
    >>> table, n_damaged = label_columns([{"cls": "1", "json": '{"age": 3}'}, {"cls": "0", "json": "{"}])
    >>> table.to_pydict(), n_damaged
    ({'cls': [1, 0], 'age': [3, None]}, 1)
    """
    kinds = [kind for kind in LABEL_EXTENSIONS if any(kind in sample for sample in samples)]
    rows: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    n_damaged = 0
    for sample in samples:
        row: dict[str, Any] = {}
        for kind in kinds:
            content = sample.get(kind)
            if kind == "json":
                value = _parsed(content)
                n_damaged += value is None
                row |= {key: each for key, each in (value or {}).items() if key not in row}
            else:
                row[kind] = int(content) if content is not None and _is_whole(content) else content
        rows.append(row)
        names |= dict.fromkeys(row)
        if len(names) > _MOST_KEYS:
            raise SourceError(f"expected at most {_MOST_KEYS:,} different keys in the samples' JSON, found more")
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names}), n_damaged


def _parsed(content: str | None) -> dict[str, Any] | None:
    """Return the scalars and lists of a JSON object; None where there is no JSON in the member."""
    if not content:
        return {}
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    value = value if isinstance(value, dict) else {"label": value}
    return {text(name): each for name, each in value.items() if not isinstance(each, dict)}


def _is_whole(content: str) -> bool:
    return content.isascii() and content.removeprefix("-").isdecimal() and len(content) <= _MOST_DIGITS


def _column(values: Sequence[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) < 2 or kinds == {int, float}:
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError, UnicodeError, ValueError, TypeError):
            pass
    return pa.array([None if value is None else _as_text(value) for value in values], pa.string())


def _as_text(value: Any) -> str:
    try:
        return text(value) if isinstance(value, str) else json.dumps(value)
    except (ValueError, RecursionError):
        return "(not readable)"
