"""Paired comparisons: textbook values, coverage, and no certainty from few samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from datacheck.stats import (
    Gains,
    bootstrapped,
    class_weights_of,
    mean_difference,
    paired_difference,
    proportion,
    simultaneous_gains,
    wilson,
)
from datacheck.stats.paired import _residuals


def test_a_mean_difference_is_the_normal_interval_of_the_mean() -> None:
    differences = np.array([1.0, 0.0, -1.0, 1.0])
    found = mean_difference(differences, prior=0.0)
    error = differences.std() / 2
    assert found.value == 0.25
    assert found.low == pytest.approx(0.25 - 1.959964 * error)
    assert found.high == pytest.approx(0.25 + 1.959964 * error)
    assert (found.level, found.n) == (0.95, 4)


def test_differences_that_are_all_equal_keep_a_width_in_their_unit() -> None:
    found = mean_difference(np.full(8, 3.0), unit=6.0, prior=6.0)
    assert found.value == 0.5
    assert found.high - found.value == pytest.approx(1.959964 * np.sqrt(2 * 36) / 8 / 6)
    assert mean_difference(np.array([])).value == 0
    one = mean_difference(np.array([0.5]))
    assert one.high - one.value == pytest.approx(1.959964 * np.sqrt(2))


def test_paired_hits_are_compared_on_the_same_samples() -> None:
    first, second = np.array([True, True, True, False]), np.array([True, False, False, False])
    assert paired_difference(first, second).value == 0.5
    assert paired_difference(second, first).value == -0.5


def test_class_weights_make_every_class_weigh_its_share() -> None:
    codes = np.array([0] * 8 + [1] * 2)
    weights = class_weights_of(codes, np.array([0.5, 0.5]))
    assert weights[codes == 0].sum() == pytest.approx(0.5)
    assert weights.sum() == pytest.approx(1)


def test_shares_of_absent_classes_are_dealt_to_those_present() -> None:
    weights = class_weights_of(np.array([0, 0, 2]), np.array([0.2, 0.5, 0.3]))
    assert weights.tolist() == pytest.approx([0.2, 0.2, 0.6])


def test_simultaneous_intervals_claim_nothing_where_nothing_happens() -> None:
    """Of 100 experiments with no true difference about 5 % may claim one, over seven correlated candidates."""
    claims = 0
    codes = np.repeat([0, 1, 2], [150, 40, 12])
    for seed in range(100):
        rng = np.random.default_rng(seed)
        shared = rng.choice([-1, 0, 1], p=[0.1, 0.8, 0.1], size=(1, 1, 202))
        own = rng.choice([-1, 0, 1], p=[0.05, 0.9, 0.05], size=(7, 3, 202))
        found = simultaneous_gains(np.clip(shared + own, -1, 1), codes, np.full(3, 1 / 3), seed=seed)
        claims += bool((found.better() | found.worse()).any())
    assert 1 <= claims <= 11


def test_three_samples_that_agree_prove_nothing_about_a_class() -> None:
    codes = np.repeat([0, 1], [200, 3])
    difference = np.zeros((1, 1, 203))
    difference[0, 0, :200] = np.random.default_rng(0).choice([-1.0, 0, 1], size=200, p=[0.2, 0.6, 0.2])
    difference[0, 0, 200:] = 1
    found = simultaneous_gains(difference, codes, np.array([0.5, 0.5]))
    assert found.high[0] - found.low[0] > 0.3


def test_one_candidate_in_one_class_has_the_width_of_the_normal_interval() -> None:
    difference = np.random.default_rng(1).choice([-1.0, 0, 1], size=(1, 1, 400), p=[0.1, 0.6, 0.3])
    found = simultaneous_gains(difference, np.zeros(400, dtype=int), np.ones(1))
    expected = 1.959964 * difference.std() / 20
    assert found.value[0] == pytest.approx(difference.mean())
    assert found.high[0] - found.value[0] == pytest.approx(expected, rel=0.06)
    assert found.deviation[0] == pytest.approx(difference.std() / 20, rel=0.01)
    one = found.interval(0)
    assert (one.value, one.low, one.high) == (found.value[0], found.low[0], found.high[0])
    assert "400 held-out samples and 1 seeds" in one.method


def test_seeds_that_disagree_widen_the_interval_and_rows_not_held_out_do_not_count() -> None:
    agree = np.tile(np.random.default_rng(2).choice([-1.0, 1], size=300), (1, 4, 1))
    disagree = agree.copy()
    disagree[0] += np.array([-0.6, -0.2, 0.2, 0.6])[:, None]
    codes = np.zeros(300, dtype=int)
    narrow, wide = (simultaneous_gains(one, codes, np.ones(1)) for one in (agree, disagree))
    assert wide.value == pytest.approx(narrow.value)
    extra = np.sqrt(sum(step**2 for step in (0.6, 0.2, 0.2, 0.6)) / 12)
    assert wide.deviation[0] == pytest.approx(np.hypot(narrow.deviation[0], extra))
    holed = agree.copy()
    holed[0, 1, :100] = np.nan
    assert simultaneous_gains(holed, codes, np.ones(1)).value[0] == pytest.approx(agree[0, 0, 100:].mean())


def test_many_candidates_are_held_to_a_stricter_limit_than_one() -> None:
    differences = np.random.default_rng(3).normal(size=(30, 1, 200))
    codes = np.zeros(200, dtype=int)
    many = simultaneous_gains(differences, codes, np.ones(1))
    one = simultaneous_gains(differences[:1], codes, np.ones(1))
    reach = (many.high[0] - many.value[0]) / (one.high[0] - one.value[0])
    assert reach == pytest.approx(3.14 / 1.96, rel=0.05)  # the two-sided limit of 30 independent normals


def test_wilson_is_the_published_interval_elementwise_and_the_share_itself_at_level_0() -> None:
    low, high = wilson([0.1, 0.1], [10, 50])
    assert low.tolist() == pytest.approx([0.0179, 0.0435], abs=1e-4)
    assert high.tolist() == pytest.approx([0.4042, 0.2136], abs=1e-4)
    exact = proportion(5, 10, level=0.0)
    assert (exact.low, exact.value, exact.high, exact.level) == (0.5, 0.5, 0.5, 0.0)
    wide = proportion(5, 10, level=0.99)
    theirs = stats.binomtest(5, 10).proportion_ci(confidence_level=0.99, method="wilson")
    assert (wide.low, wide.high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_a_bootstrapped_interval_takes_the_percentiles_of_what_could_be_drawn() -> None:
    draws = np.concatenate([np.arange(101.0), [np.nan]])
    found = bootstrapped(7.0, draws, n=9, level=0.9)
    assert (found.low, found.high) == (pytest.approx(5.0), pytest.approx(95.0))
    assert (found.value, found.level, found.method, found.n) == (7.0, 0.9, "90 % bootstrap, 102 draws", 9)
    assert np.isnan(bootstrapped(7.0, [np.nan]).low)


def test_a_candidate_is_better_only_where_its_interval_lies_wholly_above_0() -> None:
    value = np.array([1.0, 1.0, -1.0, -1.0])
    gains = Gains(value, np.array([0.1, 0.0, -2.0, -2.0]), np.array([2.0, 2.0, 0.0, -0.1]), np.ones(4), "")
    assert gains.better().tolist() == [True, False, False, False]
    assert gains.worse().tolist() == [False, False, False, True]


def test_without_candidates_there_are_no_gains() -> None:
    found = simultaneous_gains(np.empty((0, 2, 10)), np.zeros(10, dtype=int), np.ones(1))
    assert found.value.shape == found.low.shape == (0,)


def test_variances_within_a_class_are_shrunk_by_two_samples_of_the_pooled_variance() -> None:
    codes = np.repeat([0, 1, 3], [6, 3, 1])
    values = np.r_[1.0, -1, 2, -2, 0, 0, 0.5, 0.5, 0.5, 4][None]
    residuals = _residuals(values, codes, 4)[0]
    squares = np.array([10.0, 0.0, 0.0])
    pooled = squares.sum() / (10 - 3)
    counts = np.array([6, 3, 1])
    expected = counts * (squares + 2 * pooled) / (counts - 1 + 2)
    found = np.array([(residuals[codes == code] ** 2).sum() for code in (0, 1, 3)])
    assert found.tolist() == pytest.approx(expected.tolist())
    assert (np.sign(residuals[:4]) == [1, -1, 1, -1]).all()
    assert len(set(np.sign(residuals[6:9]))) == 2


def test_two_seeds_suffice_to_add_their_spread() -> None:
    differences = np.ones((1, 2, 50))
    differences[0, 1] = 3
    found = simultaneous_gains(differences, np.zeros(50, dtype=int), np.ones(1))
    assert found.value[0] == 2
    assert found.deviation[0] == pytest.approx(1.0)


def test_rows_are_held_out_only_where_every_candidate_and_seed_has_them() -> None:
    differences = np.ones((2, 2, 6))
    differences[0, 1, 0] = differences[1, 0, 1] = np.nan
    differences[:, :, 2] = 5
    found = simultaneous_gains(differences, np.zeros(6, dtype=int), np.ones(1))
    assert found.value.tolist() == [2.0, 2.0]
    assert "4 held-out samples and 2 seeds" in found.method
    assert "2 candidates" in found.method


def test_the_same_seed_gives_the_same_interval_and_another_one_hardly_another() -> None:
    differences = np.random.default_rng(5).normal(size=(3, 1, 50))
    codes, shares = np.zeros(50, dtype=int), np.ones(1)
    first, again, other = (simultaneous_gains(differences, codes, shares, seed=seed) for seed in (0, 0, 1))
    assert first.low.tolist() == again.low.tolist()
    assert first.low.tolist() != other.low.tolist()
    np.testing.assert_allclose(first.low, other.low, atol=0.05)
