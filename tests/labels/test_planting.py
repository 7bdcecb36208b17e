"""Planted errors: where they fall, what they become, and where they rank."""

import numpy as np
import pytest

from datacheck.labels.planting import (
    HARD,
    UNIFORM,
    UNTOUCHED,
    _density_by_bins,
    _density_by_rank,
    _other_class,
    _places,
    _summarised,
    plant,
)
from datacheck.labels.quality import LabelAssessment
from datacheck.labels.rows import row_statistics

from .worlds import world


def test_half_of_six_percent_fall_on_all_samples_and_half_where_the_model_is_uncertain() -> None:
    probs, labels, _ = world(4000, 5, 0.0, skill=3.0)
    labels[:10] = -1
    rows = row_statistics(probs, labels)
    uniform, hard = _places(rows, np.flatnonzero(rows.valid), np.random.default_rng(0))
    assert (len(uniform), len(hard)) == (120, 119)
    assert len(np.intersect1d(uniform, hard)) == 0
    assert min(uniform.min(), hard.min()) >= 10
    confidence = probs.max(axis=1)
    assert confidence[hard].mean() < confidence[uniform].mean() - 0.1
    assert confidence[uniform].mean() == pytest.approx(confidence.mean(), abs=0.05)


@pytest.mark.parametrize(("n", "n_planted"), [(30, 15), (100, 50), (130, 60), (1000, 60), (1100, 66)])
def test_sixty_are_planted_at_least_but_never_more_than_half(n, n_planted) -> None:
    probs, labels, _ = world(n, 3, 0.0)
    rows = row_statistics(probs, labels)
    uniform, hard = _places(rows, np.arange(n), np.random.default_rng(0))
    assert len(uniform) + len(hard) == n_planted
    assert len(hard) == n_planted // 2


def test_another_class_is_drawn_in_proportion_to_its_weight() -> None:
    weights = np.tile([0.5, 0.3, 0.1, 0.1], (20_000, 1))
    drawn = _other_class(weights, np.zeros(20_000, dtype=np.int64), np.random.default_rng(0))
    shares = np.bincount(drawn, minlength=4) / 20_000
    assert shares[0] == 0
    assert shares[1:].tolist() == pytest.approx([0.6, 0.2, 0.2], abs=0.015)
    tiny = np.tile([0.5, 0.0, 0.0, 2.5e-5], (20_000, 1))
    drawn = _other_class(tiny, np.zeros(20_000, dtype=np.int64), np.random.default_rng(1))
    assert (np.bincount(drawn, minlength=4) / 20_000).tolist() == pytest.approx([0, 0.25, 0.25, 0.5], abs=0.015)
    nothing = _other_class(np.zeros((20_000, 4)), np.full(20_000, 2), np.random.default_rng(0))
    assert (np.bincount(nothing, minlength=4) / 20_000).tolist() == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3], abs=0.015)


def test_density_falls_with_the_rank_and_averages_1_over_the_queue() -> None:
    rng = np.random.default_rng(0)
    kind = np.repeat([UNTOUCHED, UNIFORM, HARD], [2000, 100, 50]).astype(np.int8)
    quality = np.r_[rng.uniform(0, 1, 2000), rng.uniform(0, 0.25, 100), rng.uniform(0, 1, 50)]
    falling = _density_by_rank(quality, kind, UNIFORM)
    assert falling.shape == (2000,)
    assert (np.diff(falling) <= 1e-12).all()
    assert falling.mean() == pytest.approx(1, abs=0.05)
    assert falling[:400].mean() == pytest.approx(4, rel=0.15)
    assert falling[600:].max() < 0.01
    level = _density_by_rank(quality, kind, HARD)
    assert level[200:1800].mean() == pytest.approx(1, abs=0.3)


def test_density_by_twentieths_may_rise() -> None:
    kind = np.repeat([UNTOUCHED, UNIFORM], [2000, 100]).astype(np.int8)
    quality = np.r_[np.linspace(0, 1, 2000), np.linspace(0.9001, 0.9499, 100)]
    found = _density_by_bins(quality, kind, UNIFORM)
    assert found[1800:1900].tolist() == pytest.approx([20.0] * 100)
    assert found[:1800].max() == found[1900:].max() == 1e-9


def test_wrong_labels_that_a_strong_model_sees_come_first_and_disagree() -> None:
    probs, labels, wrong = world(2000, 5, 0.05, skill=6.0)
    found = plant(LabelAssessment.of(probs, labels), None, seed=0, draw=0)
    assert found.recall > 0.95
    assert found.uniform[: wrong.sum() // 2].min() > 5
    assert found.uniform[500:].max() < 0.1
    assert found.uniform.shape == found.hard.shape == found.uniform_raw.shape == (2000,)
    assert found.uniform_raw[:100].mean() > 10


def test_errors_on_difficult_samples_often_agree_with_the_prediction() -> None:
    weak, strong = (
        plant(LabelAssessment.of(*world(3000, 5, 0.0, skill=skill)[:2]), None, seed=0, draw=0) for skill in (1.5, 6.0)
    )
    assert 0.05 < weak.agreeing < 0.3
    assert strong.agreeing < 0.02
    assert weak.recall < strong.recall


def test_a_refit_is_given_the_planted_labels_and_scores_all_rows() -> None:
    probs, labels, _ = world(1000, 4, 0.1)
    calls = []

    def refit(changed, seed):
        calls.append((changed, seed))
        return probs

    with_refit = plant(LabelAssessment.of(probs, labels), refit, seed=7, draw=2)
    without = plant(LabelAssessment.of(probs, labels), None, seed=7, draw=2)
    ((changed, seed),) = calls
    assert seed == 10
    assert (changed != labels).sum() == 60
    assert with_refit.recall == without.recall
    np.testing.assert_allclose(with_refit.uniform, without.uniform)


def test_densities_of_the_untouched_rows_are_spread_over_the_whole_queue() -> None:
    quality = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
    kind = np.array([UNIFORM, UNTOUCHED, HARD, UNTOUCHED, UNIFORM, UNTOUCHED, HARD, UNTOUCHED], dtype=np.int8)
    found = _summarised(quality, kind, np.array([True, False, False, True]))
    grid, untouched = (np.arange(8) + 0.5) / 8, (np.arange(4) + 0.5) / 4
    np.testing.assert_allclose(found.uniform, np.interp(grid, untouched, _density_by_rank(quality, kind, UNIFORM)))
    np.testing.assert_allclose(found.hard, np.interp(grid, untouched, _density_by_rank(quality, kind, HARD)))
    np.testing.assert_allclose(found.uniform_raw, np.interp(grid, untouched, _density_by_bins(quality, kind, UNIFORM)))
    assert (found.recall, found.agreeing) == (0.5, 0.5)


def test_rows_that_a_refit_does_not_predict_are_left_out() -> None:
    probs, labels, _ = world(1000, 4, 0.0)
    holed = probs.copy()
    holed[:300] = np.nan
    found = plant(LabelAssessment.of(probs, labels), lambda *_: holed, seed=0, draw=0)
    assert found.uniform.shape == (1000,)
    assert np.isfinite(found.uniform).all()
    assert 0.9 < found.recall <= 1
