import numpy as np
import pytest
from scipy.stats import binomtest

from datacheck.slices.comparison import compare, mean_error

ONE = np.zeros(400, dtype=np.int64)


def errors(n_wrong: int, n: int) -> np.ndarray:
    return np.r_[np.ones(n_wrong), np.zeros(n - n_wrong)]


def test_the_gap_is_the_error_less_what_the_same_classes_have_elsewhere() -> None:
    strata = np.repeat([0, 1, 0, 1], [80, 20, 100, 200])
    error = np.r_[errors(20, 80), errors(10, 20), errors(20, 100), errors(100, 200)]
    inside = np.arange(400) < 100
    found = compare(error, inside, strata)
    assert found.expected == pytest.approx(0.8 * 0.2 + 0.2 * 0.5)
    assert found.gap.value == pytest.approx(0.3 - 0.26)
    assert found.gap.low < 0 < found.gap.high
    assert found.n == 100


def test_a_class_that_is_only_in_the_slice_cannot_be_compared() -> None:
    strata = np.repeat([0, 1], [100, 300])
    found = compare(errors(50, 400), np.arange(400) < 100, strata)
    assert found.n == 0
    assert np.isnan(found.gap.value)
    assert np.isnan(found.p_value)


def test_the_p_value_is_close_to_that_of_the_exact_test_and_not_below_it() -> None:
    error = np.r_[errors(8, 40), errors(18, 360)]
    found = compare(error, np.arange(400) < 40, ONE)
    exact = binomtest(8, 40, 26 / 400, alternative="greater").pvalue
    assert exact <= found.p_value < 2 * exact


def test_few_groups_that_differ_are_less_certain_than_their_samples() -> None:
    error = np.r_[errors(40, 40), errors(0, 40), errors(0, 320)]
    inside = np.arange(400) < 80
    groups = np.repeat(np.arange(10), 40)
    by_sample, by_group = compare(error, inside, ONE), compare(error, inside, ONE, groups)
    assert by_sample.gap.low > 0.35
    assert by_sample.p_value < 1e-10
    assert by_group.gap.value == by_sample.gap.value == 0.5
    assert by_group.gap.low < 0.05
    assert by_group.p_value > 0.1


@pytest.mark.parametrize("grouped", [False, True])
def test_false_alarms_are_at_most_the_level(grouped: bool) -> None:
    p_values, covered = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        strata = rng.integers(0, 3, 600)
        groups = rng.integers(0, 40, 600)
        rate = np.array([0.05, 0.1, 0.4])[strata]
        if grouped:
            rate = np.clip(rate + rng.normal(0, 0.15, 40)[groups], 0.01, 0.9)
        error = (rng.random(600) < rate).astype(float)
        inside = (groups < 10) if grouped else (rng.random(600) < 0.15)
        found = compare(error, inside, strata, groups if grouped else None)
        p_values.append(found.p_value)
        covered.append(found.gap.low <= 0 <= found.gap.high)
    assert np.mean(np.array(p_values) < 0.05) <= 0.05 + 0.025  # two standard errors of 300 draws
    assert np.mean(covered) >= 0.95 - 0.03


def test_numbers_are_compared_by_their_mean() -> None:
    rng = np.random.default_rng(0)
    error = np.abs(rng.normal(size=400)) * np.where(np.arange(400) < 50, 3.0, 1.0)
    found = compare(error, np.arange(400) < 50, ONE)
    assert found.gap.low > 0.5
    assert found.p_value < 1e-6


def test_the_mean_of_a_few_numbers_has_a_bootstrap_interval_over_groups() -> None:
    values = np.repeat(np.arange(10.0), 10)
    alone, grouped = mean_error(values), mean_error(values, np.repeat(np.arange(10), 10))
    assert alone.value == grouped.value == 4.5
    assert "bootstrap" in grouped.method
    assert grouped.high - grouped.low > 2.5 * (alone.high - alone.low)
    assert np.isnan(mean_error(values[:0]).value)
