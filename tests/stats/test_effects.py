"""Intervals cover what they say, and effect sizes agree with their textbook values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from datacheck.stats import (
    Interval,
    Moments,
    auc,
    auc_from_summary,
    benjamini_hochberg,
    category_shift,
    cohens_h,
    cramers_v,
    hedges_g,
    jensen_shannon,
    ks_distance,
    multinomial_intervals,
    proportion,
    total_variation,
    wasserstein,
)

RUNS = 300


def coverage(intervals: list[Interval], truth: float) -> float:
    return float(np.mean([interval.low <= truth <= interval.high for interval in intervals]))


def moments(values: np.ndarray) -> Moments:
    return Moments.empty().update(values)


def test_wilson_knows_the_extremes() -> None:
    for n in (10, 400, 1797):
        assert (proportion(0, n, level=0.999).low, proportion(n, n, level=0.999).high) == (0.0, 1.0)
    assert proportion(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert (proportion(0, 0).low, proportion(0, 0).high) == (0.0, 1.0)


def test_least_is_the_smallest_magnitude_in_the_interval() -> None:
    assert Interval(0.5, 0.2, 0.8).least == 0.2
    assert Interval(-0.5, -0.8, -0.2).least == 0.2
    assert Interval(0.1, -0.1, 0.3).least == 0.0
    assert Interval(float("inf"), 1.0, 2.0).to_json()["value"] is None


def test_the_standard_error_is_that_of_a_normal_interval() -> None:
    assert Interval(0.5, 0.3, 0.7).standard_error == pytest.approx(0.2 / 1.959964)
    assert Interval(0.5, 0.3, 0.7, level=0.99).standard_error == pytest.approx(0.2 / 2.575829)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    shares = [proportion(int(rng.binomial(80, 0.1)), 80) for _ in range(RUNS)]
    assert coverage(shares, 0.1) > 0.92
    pairs = [(rng.normal(0, 1, 60), rng.normal(0.5, 1, 40)) for _ in range(RUNS)]
    assert coverage([hedges_g(moments(a), moments(b)) for a, b in pairs], 0.5) > 0.92
    truth = stats.norm.cdf(0.5 / np.sqrt(2))
    areas = [auc(np.concatenate(pair), np.repeat([False, True], [60, 40])) for pair in pairs]
    assert coverage(areas, float(truth)) > 0.92
    distances = [ks_distance(a, b)[0] for a, b in pairs]
    assert coverage(distances, float(2 * stats.norm.cdf(0.25) - 1)) > 0.95


def test_total_variation_covers_the_truth_and_is_not_fooled_by_chance() -> None:
    rng = np.random.default_rng(1)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    moved = np.array([0.25, 0.3, 0.2, 0.25])
    found = [total_variation(rng.multinomial(500, shares), rng.multinomial(500, moved)) for _ in range(100)]
    assert coverage(found, 0.15) > 0.9
    many = np.full(100, 0.01)
    chance = [total_variation(rng.multinomial(300, many), rng.multinomial(300, many)) for _ in range(50)]
    assert np.mean([interval.value for interval in chance]) > 0.2
    assert max(interval.low for interval in chance) < 0.12


def test_category_shift_is_a_valid_p_value_with_small_and_large_counts() -> None:
    rng = np.random.default_rng(2)
    for n, k, draws in ((30, 8, 400), (1000, 4, 9_999)):
        p = [
            category_shift(rng.multinomial(n, np.full(k, 1 / k)), rng.multinomial(n, np.full(k, 1 / k)), draws=draws)
            for _ in range(RUNS)
        ]
        assert np.mean(np.array(p) < 0.05) < 0.08
    assert category_shift([100, 0], [0, 100]) < 1e-6
    assert category_shift([5, 0, 1], [0, 5, 1]) < 0.05
    assert category_shift([3], [9]) == category_shift([0, 0], [1, 2]) == 1.0


def test_cohens_h_of_equal_shares_is_zero() -> None:
    assert cohens_h((10, 20), (100, 200)).value == pytest.approx(0.0)
    assert cohens_h((0, 100), (100, 100)).value == pytest.approx(np.pi)
    assert np.isnan(cohens_h((0, 0), (0, 10)).value)


def test_hedges_g_knows_constant_samples() -> None:
    ones, twos = moments(np.ones(5)), moments(np.full(5, 2.0))
    assert hedges_g(ones, ones).value == 0.0
    assert hedges_g(ones, twos).value == np.inf
    assert np.isnan(hedges_g(moments(np.ones(1)), twos).value)


def test_cramers_v_agrees_with_scipy_and_holds_the_truth_between_its_ends() -> None:
    table = np.array([[30, 10], [10, 30]])
    found = cramers_v(table)
    assert found.low < stats.contingency.association(table, method="cramer") < found.high
    assert cramers_v([[50, 50], [50, 50]]).value == cramers_v([[50, 50], [50, 50]]).low == 0.0
    assert np.isnan(cramers_v([[5, 5]]).value)


def test_distances_of_equal_and_of_disjoint_samples() -> None:
    values = np.arange(50.0)
    assert ks_distance(values, values)[0].value == wasserstein(values, values) == 0.0
    assert ks_distance(values, values + 100)[0].value == 1.0
    assert wasserstein(values, values + values.std()) == pytest.approx(1.0)
    assert wasserstein(np.ones(3), np.full(3, 2.0)) == np.inf
    assert jensen_shannon([5, 5], [1, 1]) == pytest.approx(0.0)


def test_auc_agrees_with_scikit_learn_also_with_ties() -> None:
    rng = np.random.default_rng(3)
    scores, truth = rng.integers(0, 5, 200).astype(float), rng.random(200) < 0.3
    found = auc(scores, truth)
    assert found.value == pytest.approx(roc_auc_score(truth, scores))
    summary = auc_from_summary(found.value, int(truth.sum()), int((~truth).sum()))
    assert summary.high - summary.low == pytest.approx(found.high - found.low, rel=0.3)
    assert np.isnan(auc([1.0, 2.0], [True, True]).value)


def test_multinomial_intervals_hold_together() -> None:
    rng = np.random.default_rng(4)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    held = 0
    for _ in range(RUNS):
        low, high = multinomial_intervals(rng.multinomial(300, shares))
        held += bool(np.all((low <= shares) & (shares <= high)))
    assert held / RUNS > 0.92
    low, high = multinomial_intervals([0, 0])
    assert (low.tolist(), high.tolist()) == ([0, 0], [1, 1])


def test_benjamini_hochberg_leaves_unknown_p_values_out() -> None:
    assert benjamini_hochberg([0.01, np.nan, 0.04]).tolist() == pytest.approx([0.02, np.nan, 0.04], nan_ok=True)
    assert benjamini_hochberg([]).tolist() == []
