"""The extra columns of a fingerprint: kinds, missing values, numbers and categories; they merge like all states."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.fingerprints import ColumnKind, ColumnState, Fingerprint, FingerprintDiff, fingerprint
from datacheck.manifest import Manifest


def state(values: list[Any], kind: pa.DataType | None = None) -> ColumnState:
    return ColumnState.of(pa.chunked_array([pa.array(values, kind)]))


@pytest.mark.parametrize(
    ("values", "kind", "missing"),
    [
        ([1, None, 3], ColumnKind.NUMBER, 1),
        ([1.0, float("nan"), float("inf")], ColumnKind.NUMBER, 2),
        (["a", "", None], ColumnKind.TEXT, 2),
        ([True, None, False], ColumnKind.BOOLEAN, 1),
        ([datetime.date(2026, 1, 2)], ColumnKind.TIME, 0),
        ([[1], None], ColumnKind.LIST, 1),
        ([{"a": 1}], ColumnKind.OTHER, 0),
        ([None, None], ColumnKind.EMPTY, 2),
        ([float("nan")], ColumnKind.EMPTY, 1),
        ([2**62, 1], ColumnKind.NUMBER, 0),
    ],
)
def test_kind_and_missing_values(values: list[Any], kind: ColumnKind, missing: int) -> None:
    found = state(values)
    assert (found.kind, found.rows, found.missing) == (kind, len(values), missing)


def test_what_is_counted_as_categories() -> None:
    assert state(["b", "a", "b", None]).values.value == {"a": 1, "b": 2}
    assert state([7, 7, 8]).values.value == {"7": 2, "8": 1}
    assert state([0.5, 0.5]).values.overflow
    assert state([f"text {n}" for n in range(51)]).values.overflow
    assert state(["red"], pa.dictionary(pa.int32(), pa.string())).values.value == {"red": 1}


words = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b"])), max_size=6).map(lambda v: state(v, pa.string()))
numbers = st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=6).map(lambda v: state(v, pa.int64()))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.tuples(*[st.one_of(words, numbers)] * 3))
def test_it_is_a_commutative_monoid(states: tuple[ColumnState, ColumnState, ColumnState]) -> None:
    a, b, c = states

    def facts(found: ColumnState) -> tuple[Any, ...]:
        return found.kind, found.rows, found.missing, found.values, found.range, int(found.moments.n)

    assert facts(a.merge(ColumnState.empty())) == facts(a)
    assert facts(a.merge(b)) == facts(b.merge(a))
    assert facts(a.merge(b).merge(c)) == facts(a.merge(b.merge(c)))


def table(**columns: Any) -> Manifest:
    return Manifest.from_columns({"sample_id": [f"s{n}" for n in range(40)], "label": ["x", "y"] * 20, **columns})


def test_it_is_saved_and_read_back() -> None:
    found = fingerprint(table(weight=np.arange(40.0), colour=["red", "blue"] * 20, split=["train", "val"] * 20))
    again = Fingerprint.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert again.to_json() == found.to_json()
    assert again.column("weight").moments.value == pytest.approx((40, 19.5, np.arange(40.0).std(ddof=1)))


def test_the_identity_of_a_table_sees_its_features() -> None:
    one, other = fingerprint(table(weight=np.arange(40.0))), fingerprint(table(weight=np.arange(40.0)[::-1]))
    assert one.identity != other.identity
    assert fingerprint(table(weight=np.arange(40.0))).identity == one.identity


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({}, "column 'weight': gone"),
        ({"weight": ["10 kg"] * 40}, "column 'weight': its values were of kind number, and are of kind text"),
        ({"weight": [None] * 30 + [1.0] * 10}, "column 'weight', rows without a value: 0 → 30"),
        ({"weight": np.arange(40.0) + 100}, "column 'weight': mean 19.5 → 119.5"),
    ],
)
def test_a_difference_names_the_column(after: dict[str, Any], message: str) -> None:
    found = FingerprintDiff.between(fingerprint(table(weight=np.arange(40.0))), fingerprint(table(**after)))
    assert any(change.message.startswith(message) and change.notable for change in found.changes), found.to_text()
    same = FingerprintDiff.between(
        fingerprint(table(weight=np.arange(40.0))), fingerprint(table(weight=np.arange(40.0)))
    )
    assert same.changes == ()
