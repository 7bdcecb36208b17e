"""Tables in one JSON document: a list of records, columns by name, or a label by the name of each image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.errors import SourceError
from datacheck.sources.files import is_image_name
from datacheck.text import listed

_NAMED_SHARE = 0.9
"""Share of the keys that must be names of images where a document gives the label of each image."""


def read_json_table(path: Path) -> pa.Table:
    """Return the table that a JSON document holds.

    Raises
    ------
    SourceError
        When the file is no JSON, or holds something else than a table.
    """
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"expected JSON in {path}, found: {error}") from None
    columns = columns_of(document)
    if columns is None:
        raise SourceError(
            f"expected a list of records, columns of one length, or a label for each image in {path}, found "
            f"{_described(document)}; write a table, such as CSV with a header"
        )
    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            kinds = sorted({type(value).__name__ for value in values if value is not None})
            raise SourceError(
                f"expected one type in each column of {path}, found {listed(kinds)} in {name!r}; write it as one type"
            ) from None
    return pa.table(arrays)


def columns_of(document: Any) -> dict[str, Sequence[Any]] | None:
    """Return the columns in a JSON document; None where it holds no table.

    Examples
    --------
    >>> columns_of([{"file": "a.png", "label": "cat"}, {"file": "b.png"}])
    {'file': ['a.png', 'b.png'], 'label': ['cat', None]}
    >>> columns_of({"height": {"0": 1.5, "1": 2.0}, "label": {"0": "x", "1": "y"}})
    {'height': [1.5, 2.0], 'label': ['x', 'y']}
    >>> columns_of({"a.png": "cat", "b.png": "dog"})
    {'path': ['a.png', 'b.png'], 'label': ['cat', 'dog']}
    >>> columns_of({"version": 2, "author": "me"}) is None
    True
    """
    if isinstance(document, list):
        if not document or not all(isinstance(record, dict) for record in document):
            return None
        names = dict.fromkeys(name for record in document for name in record)
        return {name: [record.get(name) for record in document] for name in names}
    if not isinstance(document, dict) or not document:
        return None
    values = list(document.values())
    if all(isinstance(value, list) for value in values) and len(set(map(len, values))) == 1:
        return document
    if all(isinstance(value, dict) for value in values) and all(value.keys() == values[0].keys() for value in values):
        if sum(map(is_image_name, document)) >= _NAMED_SHARE * len(document):
            return {"path": list(document), **{name: [value[name] for value in values] for name in values[0]}}
        return {name: list(value.values()) for name, value in document.items()}
    if sum(map(is_image_name, document)) >= _NAMED_SHARE * len(document):
        return {"path": list(document), "label": values}
    return None


def _described(document: Any) -> str:
    if isinstance(document, dict):
        return f"an object with the keys {', '.join(list(document)[:5])}" if document else "an empty object"
    return f"a list of {len(document):,} values" if isinstance(document, list) else f"one value, {str(document)[:40]!r}"
