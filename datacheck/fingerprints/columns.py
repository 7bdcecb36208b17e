"""Extra columns, such as the features of a table: what kind of values they hold, how many are missing, and which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.stats import Counts, MinMax, Moments, Quantiles

MAX_CATEGORIES = 50
"""A column with at most this many different values is counted as a category: more are ids or free text."""


class ColumnKind(StrEnum):
    """What kind of values a column holds."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    TIME = "time"
    LIST = "list"
    OTHER = "other"
    EMPTY = "empty"
    """No row has a value, so that the kind is not known."""
    MIXED = "mixed"
    """Different kinds in the parts of a merged dataset."""

    def merge(self, other: ColumnKind) -> ColumnKind:
        """Return the kind of both parts."""
        if self is other or other is ColumnKind.EMPTY:
            return self
        return other if self is ColumnKind.EMPTY else ColumnKind.MIXED


@dataclass(frozen=True)
class ColumnState:
    """One extra column in one split.

    Attributes
    ----------
    kind
        What kind of values it holds.
    rows, missing
        All rows, and those without a value: null, NaN, infinite, or an empty text.
    moments, range, quantiles
        Of the numbers, of a number column.
    values
        How often each value occurs, of a column of text, booleans or whole numbers with few values.

    Examples
    --------
    >>> state = ColumnState.of(pa.chunked_array([[1.5, None, 2.5]]))
    >>> state.kind, state.rows, state.missing, state.range.value
    (<ColumnKind.NUMBER: 'number'>, 3, 1, (1.5, 2.5))
    """

    kind: ColumnKind = ColumnKind.EMPTY
    rows: int = 0
    missing: int = 0
    moments: Moments = field(default_factory=Moments.empty)
    range: MinMax = field(default_factory=MinMax.empty)
    quantiles: Quantiles = field(default_factory=Quantiles.empty)
    values: Counts = field(default_factory=lambda: Counts.empty(MAX_CATEGORIES))

    @classmethod
    def empty(cls) -> ColumnState:
        """Return the state of no rows."""
        return cls()

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> ColumnState:
        """Return the state of some rows of a column."""
        kind, absent = kind_of(column), missing_rows(column)
        missing = int(absent.sum())
        if missing == len(absent):
            return cls(rows=len(absent), missing=missing)
        state = cls(kind, len(absent), missing, values=_counts(column.filter(pa.array(~absent)), kind))
        if kind is not ColumnKind.NUMBER:
            return state
        numbers = np.sort(column.cast(pa.float64(), safe=False).to_numpy()[~absent])
        return replace(
            state,
            moments=Moments.empty().update(numbers),
            range=MinMax.empty().update(numbers),
            quantiles=Quantiles.empty().update(numbers),
        )

    def merge(self, other: ColumnState) -> ColumnState:
        """Return the state of both parts."""
        return ColumnState(
            self.kind.merge(other.kind),
            self.rows + other.rows,
            self.missing + other.missing,
            self.moments.merge(other.moments),
            self.range.merge(other.range),
            self.quantiles.merge(other.quantiles),
            self.values.merge(other.values),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as plain JSON values."""
        return {
            "kind": self.kind.value,
            "rows": self.rows,
            "missing": self.missing,
            "moments": self.moments.to_json(),
            "range": self.range.to_json(),
            "quantiles": self.quantiles.to_json(),
            "values": self.values.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ColumnState:
        """Rebuild the state from `to_json`."""
        return cls(
            ColumnKind(value["kind"]),
            int(value["rows"]),
            int(value["missing"]),
            Moments.from_json(value["moments"]),
            MinMax.from_json(value["range"]),
            Quantiles.from_json(value["quantiles"]),
            Counts.from_json(value["values"]),
        )


_COUNTED = frozenset({ColumnKind.TEXT, ColumnKind.BOOLEAN, ColumnKind.NUMBER})
"""Kinds whose values may be categories."""


def kind_of(column: pa.Array | pa.ChunkedArray) -> ColumnKind:
    """Return the kind of a column's Arrow type."""
    found = column.type
    if pa.types.is_dictionary(found):
        found = found.value_type
    types = pa.types
    for kind, checks in (
        (ColumnKind.EMPTY, (types.is_null,)),
        (ColumnKind.BOOLEAN, (types.is_boolean,)),
        (ColumnKind.NUMBER, (types.is_integer, types.is_floating, types.is_decimal)),
        (ColumnKind.TEXT, (types.is_string, types.is_large_string, types.is_string_view)),
        (ColumnKind.TIME, (types.is_temporal,)),
        (ColumnKind.LIST, (types.is_list, types.is_large_list, types.is_fixed_size_list)),
    ):
        if any(check(found) for check in checks):
            return kind
    return ColumnKind.OTHER


def missing_rows(column: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return which rows have no value: null, NaN, infinite, or an empty text; shape [N]."""
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    present = pc.is_valid(column)
    if pa.types.is_floating(column.type):
        present = pc.and_(present, pc.fill_null(pc.is_finite(column), False))
    elif kind_of(column) is ColumnKind.TEXT:
        texts = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        present = pc.and_(present, pc.fill_null(pc.not_equal(texts, ""), False))
    return np.asarray(~present.to_numpy().astype(bool))


def _counts(column: pa.ChunkedArray, kind: ColumnKind) -> Counts:
    counted = kind in _COUNTED and not pa.types.is_floating(column.type)
    if not counted or len(pc.unique(column)) > MAX_CATEGORIES:
        return Counts(limit=MAX_CATEGORIES, overflow=True)
    return Counts.empty(MAX_CATEGORIES).update(column)
