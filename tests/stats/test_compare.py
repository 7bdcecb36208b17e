"""Effect sizes and their intervals, against their formulas and published values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from datacheck.stats import (
    Moments,
    auc,
    auc_from_summary,
    category_shift,
    cohens_h,
    cramers_v,
    hedges_g,
    jensen_shannon,
    ks_distance,
    total_variation,
    wasserstein,
)

Z = 1.959963984540054


def moments(values: object) -> Moments:
    return Moments.empty().update(np.asarray(values, dtype=np.float64))


def test_cohens_h_is_the_difference_of_arcsines() -> None:
    found = cohens_h((10, 50), (100, 200))
    expected = 2 * np.arcsin(np.sqrt(0.25)) - 2 * np.arcsin(np.sqrt(0.1))
    assert found.value == pytest.approx(expected)
    half = pytest.approx(Z * np.sqrt(1 / 100 + 1 / 200))
    assert (found.high - found.value, found.value - found.low) == (half, half)
    narrow = cohens_h((10, 50), (100, 200), level=0.5)
    assert narrow.high - narrow.value == pytest.approx(0.6744898 * np.sqrt(1 / 100 + 1 / 200))
    nothing = cohens_h((0, 0), (10, 0))
    assert (nothing.low, nothing.high) == (-np.pi, np.pi)


def test_hedges_g_is_corrected_for_few_samples() -> None:
    a, b = np.array([1.0, 2, 3, 4]), np.array([2.0, 4, 6, 8, 10])
    pooled = np.sqrt((3 * a.var(ddof=1) + 4 * b.var(ddof=1)) / 7)
    g = (6 - 2.5) / pooled * (1 - 3 / (4 * 7 - 1))
    half = Z * np.sqrt(9 / 20 + g**2 / (2 * 9))
    found = hedges_g(moments(a), moments(b))
    assert (found.value, found.low, found.high) == (
        pytest.approx(g),
        pytest.approx(g - half),
        pytest.approx(g + half),
    )
    assert hedges_g(moments(b), moments(a)).value == pytest.approx(-g)
    assert np.isfinite(hedges_g(moments([1.0, 2.0]), moments([1.0, 3.0])).value)
    one = hedges_g(moments([1.0]), moments([1.0, 3.0]))
    assert (one.low, one.high) == (-np.inf, np.inf)
    assert hedges_g(moments([2.0, 2.0]), moments([1.0, 1.0])).value == -np.inf


def test_total_variation_is_half_the_sum_of_differences() -> None:
    found = total_variation([50, 30, 20], [20, 30, 50])
    assert found.value == pytest.approx(0.3)
    spread = np.sqrt(0.5 * 0.5 / 100 + 0.2 * 0.8 / 100)
    assert 1.5 * spread < found.high - found.value < 3.5 * spread
    assert found.low == pytest.approx(2 * found.value - found.high)
    one_sided = total_variation([1000, 0], [1000, 0])
    assert (one_sided.value, one_sided.low, one_sided.high) == (0, 0, 0)
    apart = total_variation([5, 0], [0, 5])
    assert (apart.value, apart.high) == (1, 1)
    unknown = total_variation([0, 0], [1, 2])
    assert (unknown.low, unknown.high) == (0, 1)
    assert np.isnan(unknown.value)


def test_a_higher_level_gives_a_wider_interval() -> None:
    narrow, wide = (total_variation([50, 50], [80, 20], level=level) for level in (0.5, 0.99))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_jensen_shannon_is_in_bits_and_ignores_totals() -> None:
    assert jensen_shannon([1, 1], [10, 10]) == pytest.approx(0)
    p, q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    middle = (p + q) / 2
    bits = (stats.entropy(p, middle, base=2) + stats.entropy(q, middle, base=2)) / 2
    assert jensen_shannon([5, 5], [9, 1]) == pytest.approx(np.sqrt(bits))


def test_category_shift_is_pearsons_where_five_are_expected_and_a_permutation_test_below() -> None:
    first, second = [30, 20, 10], [20, 20, 20]
    expected = stats.chi2_contingency([first, second], correction=False).pvalue
    assert category_shift(first, second) == pytest.approx(expected)
    assert category_shift([*first, 0], [*second, 0]) == pytest.approx(expected)
    few = [8, 1, 0], [3, 4, 2]
    permuted = stats.fisher_exact([[8, 1], [3, 6]]).pvalue
    assert category_shift(few[0], few[1]) == pytest.approx(0.055, abs=0.025)
    assert category_shift([8, 1], [3, 6]) == pytest.approx(permuted, abs=0.02)
    assert category_shift([4, 4], [4, 4]) == 1.0
    assert category_shift(few[0], few[1], seed=1) != category_shift(few[0], few[1])


def test_cramers_v_is_corrected_for_bias_and_its_interval_inverts_the_chi_squared() -> None:
    table = np.array([[40, 10, 10], [10, 40, 10]])
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    n, rows, columns = 120, 2, 3
    phi2 = chi2 / n - (rows - 1) * (columns - 1) / (n - 1)
    side = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    found = cramers_v(table)
    assert found.value == pytest.approx(np.sqrt(phi2 / side))
    for end, tail in ((found.low, 0.975), (found.high, 0.025)):
        assert stats.ncx2.cdf(chi2, 2, end**2 * n * (rows - 1)) == pytest.approx(tail, abs=1e-6)
    tall = np.array([[40, 10, 10, 5], [10, 40, 10, 5], [5, 5, 5, 30]])
    n, chi2 = tall.sum(), stats.chi2_contingency(tall, correction=False).statistic
    phi2 = chi2 / n - 6 / (n - 1)
    side = min(3 - 4 / (n - 1), 4 - 9 / (n - 1)) - 1
    assert cramers_v(tall).value == pytest.approx(np.sqrt(phi2 / side))
    assert cramers_v(tall.T).value == pytest.approx(np.sqrt(phi2 / side))
    padded = np.array([[40, 10, 0, 10], [10, 40, 0, 10], [0, 0, 0, 0]])
    assert cramers_v(padded) == found
    assert cramers_v([[10, 10], [10, 10]]).low == 0
    assert cramers_v([[500, 0], [0, 500]]).high <= 1
    one_column = cramers_v([[5], [5]])
    assert (one_column.low, one_column.high) == (0, 1)


def test_the_band_of_the_ks_distance_is_that_of_both_samples() -> None:
    a, b = np.arange(100.0), np.arange(50.0) + 30
    found, p_value = ks_distance(a, b)
    theirs = stats.ks_2samp(a, b, method="asymp")
    reach = np.sqrt(np.log(4 / 0.05) / 200) + np.sqrt(np.log(4 / 0.05) / 100)
    assert (found.value, p_value) == (pytest.approx(theirs.statistic), pytest.approx(theirs.pvalue))
    assert (found.low, found.high) == (max(0, found.value - reach), pytest.approx(found.value + reach))
    nothing, certain = ks_distance([], [1.0])
    assert (nothing.low, nothing.high, certain) == (0, 1, 1)


def test_the_earth_movers_distance_is_in_deviations_of_the_first() -> None:
    first = np.array([0.0, 2.0, 4.0, 6.0])
    assert wasserstein(first, first + 5) == pytest.approx(5 / first.std())
    assert wasserstein(np.ones(3), np.ones(5)) == 0


def test_delongs_interval_is_the_published_one() -> None:
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(1, 1, 30), rng.normal(0, 1, 50)
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(axis=1).var(ddof=1) / 30 + wins.mean(axis=0).var(ddof=1) / 50
    found = auc(np.r_[positive, negative], np.repeat([True, False], [30, 50]))
    assert found.value == pytest.approx(wins.mean())
    assert found.low == pytest.approx(wins.mean() - Z * np.sqrt(variance))
    assert found.high == pytest.approx(min(1, wins.mean() + Z * np.sqrt(variance)))
    one = auc([3.0, 1.0, 2.0], [True, False, False])
    assert (one.value, one.method) == (1.0, "Hanley–McNeil")
    nobody = auc([3.0, 1.0], [False, False])
    assert (nobody.low, nobody.high) == (0, 1)
    two = auc([3.0, 2.5, 1.0, 2.0], [True, True, False, False])
    assert two.method == "DeLong"


def test_an_area_known_as_a_number_has_hanley_and_mcneils_interval() -> None:
    a, n_pos, n_neg = 0.8, 40, 60
    q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
    variance = (a * (1 - a) + (n_pos - 1) * (q1 - a**2) + (n_neg - 1) * (q2 - a**2)) / (n_pos * n_neg)
    found = auc_from_summary(a, n_pos, n_neg)
    assert (found.low, found.high) == (
        pytest.approx(a - Z * np.sqrt(variance)),
        pytest.approx(a + Z * np.sqrt(variance)),
    )
    assert auc_from_summary(0.999, 5, 5).high <= 1
    nothing = auc_from_summary(0.8, 0, 5)
    assert (nothing.low, nothing.high) == (0, 1)
