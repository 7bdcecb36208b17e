"""Targets that stand for a missing value, at the edges of what counts."""

import numpy as np
import pytest

from datacheck.labels.placeholders import is_code, placeholder_targets

USUAL = np.linspace(0, 10, 40)


def found(*extra: float, usual: np.ndarray = USUAL) -> list[float]:
    target = np.array([*usual, *extra])
    return sorted(set(target[placeholder_targets(target)].tolist()))


@pytest.mark.parametrize("code", [-999.0, 9999.0, 99.0, -99.9, 65535.0, 2147483647.0, float(np.finfo(np.float32).max)])
def test_a_code_far_outside_is_a_placeholder_however_often_it_occurs(code: float) -> None:
    assert found(code) == [code]
    assert found(*[code] * 30) == [code]


def test_a_code_counts_from_one_range_away_on() -> None:
    assert found(99.0, usual=np.linspace(0, 49.5, 40)) == [99.0]
    assert found(99.0, usual=np.linspace(0, 49.6, 40)) == []
    assert found(999.0, usual=np.linspace(900, 1100, 40)) == []


def test_another_number_counts_from_a_hundred_ranges_away_on() -> None:
    assert found(1010.0) == [1010.0]
    assert found(1009.9) == []
    assert found(-1000.0) == [-1000.0]


def test_minus_one_counts_if_it_is_repeated_and_the_only_negative_number() -> None:
    assert found(-1.0, -1.0) == [-1.0]
    assert found(-1.0) == []
    assert found(-1.0, -1.0, -2.0) == []


def test_few_targets_and_none_are_not_judged() -> None:
    assert found(9999.0, usual=np.linspace(0, 1, 10)) == [9999.0]
    assert found(9999.0, usual=np.linspace(0, 1, 9)) == []
    assert placeholder_targets(np.array([])).tolist() == []
    assert placeholder_targets(np.full(20, 3.0)).sum() == 0


def test_targets_that_are_not_finite_are_no_placeholders() -> None:
    assert found(np.inf, np.nan, -np.inf) == []
    assert found(np.inf, 9999.0) == [9999.0]


@pytest.mark.parametrize("draw", ["normal", "exponential", "lognormal", "standard_cauchy"])
def test_one_distribution_has_hardly_ever_a_placeholder(draw: str) -> None:
    rng = np.random.default_rng(0)
    alarms = sum(placeholder_targets(getattr(rng, draw)(size=400)).any() for _ in range(200))
    assert alarms <= 4


def test_codes_are_nines_and_the_ends_of_number_types() -> None:
    assert [is_code(value) for value in (99.0, 9.0, 990.0, -32768.0, 32767.0, 32766.0)] == [
        True, False, False, True, True, False,
    ]  # fmt: skip
