"""Every state is a commutative monoid, and the merge of parts is the whole."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacheck.stats import Counts, DistinctCount, MinMax, Moments, Quantiles

VALUES = st.lists(st.floats(-1e6, 1e6), max_size=30)
WORDS = st.lists(st.sampled_from(["cat", "dog", "", "ü", "emu"]), max_size=30)


def same_moments(a: Moments, b: Moments) -> bool:
    return bool(
        np.array_equal(a.n, b.n)
        and np.allclose(a.mean, b.mean, rtol=1e-9, atol=1e-6)
        and np.allclose(a.m2, b.m2, rtol=1e-9, atol=1e-2)
    )


@given(VALUES, VALUES, VALUES)
def test_moments_merge_lawfully(a: list[float], b: list[float], c: list[float]) -> None:
    x, y, z = (Moments.empty().update(part) for part in (a, b, c))
    assert same_moments(x.merge(Moments.empty()), x)
    assert same_moments(x.merge(y), y.merge(x))
    assert same_moments(x.merge(y).merge(z), x.merge(y.merge(z)))
    assert same_moments(x.merge(y).merge(z), Moments.empty().update(a + b + c))


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(-1, 2)), max_size=40))
def test_grouped_moments_are_those_of_each_group(rows: list[tuple[float, int]]) -> None:
    values, groups = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=np.int64)
    found = Moments.grouped(values, groups, 3)
    for group in range(3):
        assert same_moments(found.take(group), Moments.empty().update(values[groups == group]))
    assert same_moments(found.sum(), Moments.empty().update(values[groups >= 0]))


def test_moments_keep_their_digits_where_sums_of_squares_do_not() -> None:
    values = 1e9 + np.array([4.0, 7.0, 13.0, 16.0])
    assert Moments.empty().update(values).value == (4.0, 1e9 + 10, pytest.approx(np.sqrt(30)))


@given(WORDS, WORDS, WORDS, st.sampled_from([None, 2]))
def test_counts_merge_lawfully(a: list[str], b: list[str], c: list[str], limit: int | None) -> None:
    x, y, z = (Counts.empty(limit).update(part) for part in (a, b, c))
    assert x.merge(Counts.empty(limit)) == x
    assert x.merge(y) == y.merge(x)
    assert x.merge(y).merge(z) == x.merge(y.merge(z)) == Counts.empty(limit).update(a + b + c)


@given(VALUES, VALUES, VALUES)
def test_ranges_merge_lawfully(a: list[float], b: list[float], c: list[float]) -> None:
    x, y, z = (MinMax.empty().update(part) for part in (a, b, c))
    assert x.merge(MinMax.empty()) == x
    assert x.merge(y) == y.merge(x)
    assert x.merge(y).merge(z) == x.merge(y.merge(z)) == MinMax.empty().update(a + b + c)


@given(WORDS, WORDS, WORDS)
def test_few_distinct_words_are_counted_exactly(a: list[str], b: list[str], c: list[str]) -> None:
    x, y, z = (DistinctCount.empty().update(part) for part in (a, b, c))
    whole = len({word for word in a + b + c if word})
    assert x.merge(DistinctCount.empty()).value == x.value
    assert x.merge(y).value == y.merge(x).value
    assert x.merge(y).merge(z).value == x.merge(y.merge(z)).value == whole


def test_many_distinct_words_are_counted_within_five_percent() -> None:
    parts = [[f"group {n}" for n in range(start, start + 30_000)] for start in (0, 15_000, 30_000)]
    a, b, c = (DistinctCount.empty().update(part) for part in parts)
    for merged in (a.merge(b).merge(c), c.merge(b.merge(a))):
        assert merged.value == pytest.approx(60_000, rel=0.05)


def rank_error(sketch: Quantiles, values: np.ndarray) -> float:
    ordered, errors = np.sort(values), []
    for rank in np.linspace(0.01, 0.99, 25):
        found = sketch.quantile(float(rank))
        low, high = np.searchsorted(ordered, found, "left"), np.searchsorted(ordered, found, "right")
        errors.append(max(low / len(ordered) - rank, rank - high / len(ordered), 0.0))
    return max(errors)


@pytest.mark.parametrize("kind", ["normal", "lognormal", "few values"])
def test_quantiles_of_the_merge_are_within_two_percent_of_those_of_the_whole(kind: str) -> None:
    rng = np.random.default_rng(0)
    draw = {
        "normal": lambda: rng.normal(size=9_000),
        "lognormal": lambda: rng.lognormal(0, 2, 9_000),
        "few values": lambda: rng.integers(0, 7, 9_000).astype(float),
    }[kind]
    parts = [draw() for _ in range(3)]
    a, b, c = (Quantiles.empty().update(part) for part in parts)
    whole = np.concatenate(parts)
    for sketch in (a.merge(b).merge(c), a.merge(b.merge(c)), c.merge(a).merge(b), Quantiles.empty().update(whole)):
        assert sketch.n == 27_000
        assert (sketch.quantile(0.0), sketch.quantile(1.0)) == (whole.min(), whole.max())
        assert rank_error(sketch, whole) < 0.02
    assert a.merge(Quantiles.empty()) == Quantiles.empty().merge(a) == a


def test_equal_values_give_equal_sketches() -> None:
    values = np.random.default_rng(1).normal(size=5_000)
    assert Quantiles.empty().update(values) == Quantiles.empty().update(values)


def test_unknown_values_are_left_out() -> None:
    values = [1.0, np.nan, np.inf, 3.0]
    assert Moments.empty().update(values).value[:2] == (2.0, 2.0)
    assert MinMax.empty().update(values).value == (1.0, 3.0)
    assert Quantiles.empty().update(values).n == 2
    assert Counts.empty().update(["a", None]).value == {"": 1, "a": 1}
    assert np.isnan(Quantiles.empty().quantile(0.5))


def test_states_survive_json() -> None:
    moments = Moments.grouped([1.0, 2.0, 5.0], np.array([0, 0, 1]), 3)
    assert same_moments(Moments.from_json(json.loads(json.dumps(moments.to_json()))), moments)
    for state in (
        Counts.empty(3).update(["a", "b"]),
        Counts.empty(1).update(["a", "b"]),
        MinMax.empty(),
        MinMax(1.0, 2.0),
        Quantiles.empty().update([1.0, 2.0]),
        DistinctCount.empty().update(["a"]),
        DistinctCount.empty(),
    ):
        assert type(state).from_json(json.loads(json.dumps(state.to_json()))) == state  # type: ignore[arg-type]
