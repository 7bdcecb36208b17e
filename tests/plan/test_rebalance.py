"""Rebalancing: the formulas, the paired evidence, and what is recommended."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.plan.cohort import calibration_error, choose_rows
from datacheck.plan.rebalance.choice import LIKELY, expected_gain
from datacheck.plan.rebalance.strategies import sample_weights, strategies
from datacheck.plan.rebalance.trials import rebalance_items

from .planted import cohort_of


def by_name(counts, shares=None):
    return {one.name: one for one in strategies(np.asarray(counts), shares)}


def test_weights_are_what_the_papers_say() -> None:
    found = by_name([900, 90, 10])
    inverse = found["inverse_frequency"].loss_weights
    np.testing.assert_allclose(inverse * [900, 90, 10], [1000 / 3] * 3)
    np.testing.assert_allclose(found["square_root"].loss_weights[2] / found["square_root"].loss_weights[0], 90**0.5)
    effective = found["effective_number"].loss_weights
    np.testing.assert_allclose(effective[2] / effective[0], (1 - 0.999**900) / (1 - 0.999**10))
    adjustment = found["logit_adjustment"].adjustment
    np.testing.assert_allclose(adjustment[0] - adjustment[2], np.log(90))
    np.testing.assert_allclose(found["oversampling"].draw_weights, [1, 10, 10])
    np.testing.assert_allclose(found["undersampling"].draw_weights * [900, 90, 10], [30, 30, 10])


def test_a_deployment_prior_moves_the_target() -> None:
    found = by_name([50, 50], np.array([0.9, 0.1]))
    np.testing.assert_allclose(found["inverse_frequency"].loss_weights, [1.8, 0.2])
    adjustment = found["logit_adjustment"].adjustment
    np.testing.assert_allclose(adjustment[1] - adjustment[0], np.log(9))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5000), min_size=2, max_size=12).filter(lambda counts: sum(counts) > 0))
def test_every_strategy_is_finite_and_gives_absent_classes_the_neutral_weight(counts: list[int]) -> None:
    for one in strategies(np.array(counts)):
        for values in (one.loss_weights, one.draw_weights, one.adjustment):
            assert np.isfinite(values).all()
        assert (one.loss_weights > 0).all()
        assert (one.loss_weights[np.array(counts) == 0] == 1).all()
        assert (one.draw_weights > 0).all()


def test_sample_weights_follow_the_class_and_skip_the_unlabelled() -> None:
    assert sample_weights(np.array([1, 0, -1, 1]), np.array([1.0, 4.0])).tolist() == [4, 1, 0, 4]


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    sure = np.array([[0.9, 0.1]] * 10)
    codes = np.array([0] * 6 + [1] * 4)
    assert calibration_error(sure, codes, np.array([0.6, 0.4])) == pytest.approx(0.3)


def planted(counts, *, apart: float, seed: int = 0):
    codes = np.repeat(np.arange(len(counts)), counts)
    x = np.random.default_rng(seed).normal(size=(len(codes), 6))
    x[np.arange(len(codes)), codes] += apart
    return cohort_of(codes, x, "abcdef"[: len(counts)], seed=seed, n_seeds=2)


def test_a_long_tail_of_overlapping_classes_is_rebalanced_and_every_number_is_traced() -> None:
    items = rebalance_items(planted([600, 120, 40], apart=1.5))
    assert items[0].verdict == "use"
    gain = items[0].measured[0]
    assert gain.metric == "gain/balanced_accuracy"
    assert gain.estimate.low > 0
    assert (gain.estimate.n, gain.folds, gain.seeds) == (760, 5, (0, 1000))
    assert "softmax regression on planted features" in gain.estimate.method
    assert {one.metric for one in items[0].measured} == {
        "gain/balanced_accuracy", "gain/log_likelihood", "balanced_accuracy", "worst_class_recall", "calibration_error",
    }  # fmt: skip
    with_prior = {item.name for item in items if item.metric("gain/expected_balanced_accuracy")}
    assert with_prior == {"logit_adjustment"}
    balanced = items[0].metric("balanced_accuracy")
    assert balanced is not None
    assert balanced.estimate.value - balanced.baseline == pytest.approx(gain.estimate.value, abs=1e-6)
    assert sum(item.verdict == "use" for item in items) == 1


def test_a_tail_of_two_samples_is_rebalanced_though_two_samples_are_no_proof() -> None:
    """The measured gain alone is not significant; with theory and log-likelihood it is used, and the plan says so."""
    for seed in range(4):
        item = rebalance_items(planted([100, 70, 30, 25, 11, 2], apart=2.0, seed=seed))[0]
        assert (item.name, item.verdict) == ("logit_adjustment", "use")
        gain, expected = item.metric("gain/balanced_accuracy"), item.metric("gain/expected_balanced_accuracy")
        assert gain is not None
        assert expected is not None
        assert expected.estimate.high - expected.estimate.low < gain.estimate.high - gain.estimate.low
        assert "shrunk toward a prior of +0.039 with a standard deviation of 0.02" in expected.estimate.method


def test_the_prior_gives_way_to_a_measured_loss() -> None:
    found = expected_gain(np.array([-0.01, -0.06, -0.06, 0.0]), np.array([0.04, 0.04, 0.01, 0.04]),
                          np.array([np.log(20), np.log(20), np.log(20), np.nan]))  # fmt: skip
    assert (found.probability > LIKELY).tolist() == [True, False, False, False]
    assert found.probability[2] < 0.01
    np.testing.assert_allclose(
        found.value[0], (-0.01 / 0.04**2 + 0.02996 / 0.02**2) / (1 / 0.04**2 + 1 / 0.02**2), atol=1e-4
    )


def test_balanced_classes_are_left_alone() -> None:
    items = rebalance_items(planted([100, 100, 90], apart=1.5))
    assert [item.verdict for item in items] == ["nothing to do"]


def test_where_classes_are_apart_none_helps() -> None:
    items = rebalance_items(planted([300, 100, 60], apart=9.0))
    assert items[0].verdict == "none helps"
    assert all(item.verdict != "use" for item in items)


def test_without_signal_hardly_anything_is_claimed() -> None:
    """Labels that say nothing: every way trades one class for another; 5 % may claim a gain, of 12 at most 2."""
    claims = 0
    for seed in range(12):
        items = rebalance_items(planted([200, 80, 40], apart=0.0, seed=seed))
        claims += any(item.verdict == "use" for item in items)
    assert claims <= 2


def test_rows_are_chosen_alike_in_every_class_and_rare_ones_kept() -> None:
    codes = np.repeat([0, 1, 2], [900, 90, 10])
    rows = choose_rows(codes, np.arange(1000), limit=100, seed=3)
    assert np.bincount(codes[rows]).tolist() == [90, 20, 10]
