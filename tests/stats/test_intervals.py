"""Intervals and corrections, against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from datacheck.stats import Z95, Interval, benjamini_hochberg, multinomial_intervals, proportion, wilson
from datacheck.stats.intervals import half_width


def test_half_the_width_in_standard_errors() -> None:
    assert half_width(0.95) == Z95 == pytest.approx(1.959964, abs=1e-6)
    assert half_width(0.5) == pytest.approx(0.67449, abs=1e-5)
    assert half_width(0.0) == 0.0


def test_an_interval_is_written_and_read_with_its_numbers() -> None:
    found = Interval(0.5, 0.25, 1.0, 0.9, "by hand", 8)
    assert found.to_json() == {"value": 0.5, "low": 0.25, "high": 1.0, "level": 0.9, "method": "by hand", "n": 8}
    assert f"{found}" == "0.5 [0.25, 1]"
    assert f"{found:.2f}" == "0.50 [0.25, 1.00]"
    assert Interval(**found.to_json()) == found
    assert Interval(float("nan"), -np.inf, 1.0).to_json()["low"] is None
    assert (Interval(1.0, 0.0, 2.0).level, Interval(1.0, 0.0, 2.0).method, Interval(1.0, 0.0, 2.0).n) == (0.95, "", 0)


@pytest.mark.parametrize(
    ("low", "high", "least"), [(0.2, 0.8, 0.2), (-0.8, -0.2, 0.2), (-0.1, 0.3, 0.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0)]
)
def test_the_least_magnitude_of_an_interval(low: float, high: float, least: float) -> None:
    assert Interval(0.5, low, high).least == least


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 7), (5, 10), (10, 10), (300, 1000)])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_wilson_is_scipys(successes: int, n: int, level: float) -> None:
    theirs = stats.binomtest(successes, n).proportion_ci(confidence_level=level, method="wilson")
    found = proportion(successes, n, level=level)
    assert (found.value, found.n, found.level, found.method) == (successes / n, n, level, "Wilson")
    assert (found.low, found.high) == (pytest.approx(theirs.low, abs=1e-12), pytest.approx(theirs.high, abs=1e-12))


def test_wilson_takes_fractions_of_samples_and_nothing_at_all() -> None:
    low, high = wilson([0.0, 1.0], [2.5, 2.5])
    assert low.tolist() == pytest.approx([0.0, 1 / (1 + Z95**2 / 2.5)])
    assert high.tolist() == pytest.approx([1 - low[1], 1.0])
    nothing = proportion(0, 0)
    assert np.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.n) == (0, 1, 0)
    assert proportion(1, 1).value == 1


def test_goodmans_intervals_solve_their_quadratic() -> None:
    counts = np.array([50, 30, 15, 5])
    low, high = multinomial_intervals(counts, level=0.9)
    chi2 = stats.chi2.ppf(1 - 0.1 / 4, 1)
    for ends in (low, high):
        np.testing.assert_allclose((counts / 100 - ends) ** 2, chi2 * ends * (1 - ends) / 100, atol=1e-12)
    assert (low < counts / 100).all()
    assert (high > counts / 100).all()


def test_goodmans_intervals_stay_within_0_and_1() -> None:
    low, high = multinomial_intervals([0, 3])
    assert (low[0], high[1]) == (0, 1)
    assert 0 < low[1] < high[0] < 1
    nothing = multinomial_intervals([0, 0, 0])
    assert [end.tolist() for end in nothing] == [[0, 0, 0], [1, 1, 1]]


def test_benjamini_and_hochberg_multiply_by_the_number_over_the_rank() -> None:
    found = benjamini_hochberg([0.04, 0.01, np.nan, 0.03, 0.5])
    assert found[[0, 1, 3, 4]].tolist() == pytest.approx([0.16 / 3, 0.04, 0.16 / 3, 0.5])
    assert np.isnan(found[2])
    assert benjamini_hochberg([[0.01, 0.02], [0.5, np.nan]]).shape == (2, 2)
    assert benjamini_hochberg([]).shape == (0,)
    assert np.isnan(benjamini_hochberg([np.nan])).all()
