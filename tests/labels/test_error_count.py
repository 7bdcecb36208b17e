"""The count of wrong labels, step by step, against the formulas of its docstring."""

import numpy as np
import pytest

from datacheck.labels.anchors import CRITICAL, _extrapolate, anchor_sets
from datacheck.labels.error_count import _anchor_noise, _noise_growing_with_difficulty, error_count
from datacheck.labels.rows import row_statistics

from .worlds import world


def two_class(n, n_disagree, *, confidence=0.9, certain=True):
    """Labels 0; ``n_disagree`` of the rows predict 1, the least confident last."""
    top = np.linspace(0.99, confidence, n)
    probs = np.stack([top, 1 - top], axis=1)
    rows = np.arange(n) >= n - n_disagree if certain else np.arange(n) % (n // n_disagree) == 0
    probs[rows] = probs[rows][:, ::-1]
    return row_statistics(probs, np.zeros(n, dtype=int))


def test_a_rate_falls_by_a_share_of_its_rise_to_the_next_samples() -> None:
    ordered = np.r_[np.repeat([True, False], [10, 90]), np.repeat([True, False], [30, 70])]
    first, second = (12 / 104) * (92 / 104) / 100, (32 / 104) * (72 / 104) / 100
    for steps, rate in ((0.25, 0.05), (0.5, 0.0), (1.5, -0.2)):
        found, error = _extrapolate(ordered, 100, steps)
        assert found == pytest.approx(rate)
        assert error == pytest.approx(np.sqrt((1 + steps) ** 2 * first + steps**2 * second))


def test_a_rate_that_falls_towards_the_next_samples_stays() -> None:
    ordered = np.r_[np.repeat([True, False], [30, 70]), np.repeat([True, False], [10, 90])]
    assert _extrapolate(ordered, 100, 1.5)[0] == pytest.approx(0.3)


def test_anchor_points_are_the_most_confident_samples_and_level_noise_is_certain() -> None:
    confidence = np.linspace(1, 0.5, 2000)
    level = np.arange(2000) % 5 == 0
    found = _anchor_noise(confidence, level)
    assert found.noise == pytest.approx(0.2)
    assert found.certainty == 1.0
    smoothed = (200 + 2) / 1004
    for mistakes, steps in ((0.0, 0.5), (0.04, 0.9), (0.1, 1.5), (1.0, 1.5)):
        error = np.sqrt(((1 + steps) ** 2 + steps**2) * smoothed * (1 - smoothed) / 1000)
        floor = _anchor_noise(confidence, level, mistakes=mistakes).floor
        assert floor == pytest.approx(0.2 - CRITICAL * error)


def test_the_low_end_falls_the_further_the_more_mistakes_the_model_makes() -> None:
    confidence = np.linspace(1, 0.5, 2000)
    disagrees = np.arange(2000) % 5 == 0
    for wrong_below, steps in ((0, 0.5), (100, 1.0), (500, 1.5)):
        given = disagrees.copy()
        given[1999 - np.flatnonzero(~given[::-1])[:wrong_below]] = True
        smoothed = 82 / 404
        second = (disagrees[400:800].sum() + 2) / 404
        error = np.sqrt(((1 + steps) ** 2 * smoothed * (1 - smoothed) + steps**2 * second * (1 - second)) / 400)
        assert anchor_sets(confidence, given)[1].far_error == pytest.approx(error)


def test_mistakes_that_begin_below_the_confident_half_are_no_noise() -> None:
    found = _anchor_noise(np.linspace(1, 0.5, 2000), np.arange(2000) >= 1000)
    assert (found.noise, found.certainty, found.floor) == (0.0, 0.0, 0.0)


def test_certainty_grows_from_half_to_the_whole_of_a_significant_difference() -> None:
    for n_wrong in (3, 4, 5, 6, 8):
        disagrees = np.zeros(2000, dtype=bool)
        disagrees[np.linspace(0, 99, n_wrong).astype(int)] = True  # all in the narrowest of the three sets
        disagrees[np.linspace(100, 199, n_wrong).astype(int)] = True
        found = _anchor_noise(np.linspace(1, 0.5, 2000), disagrees)
        sets = [_extrapolate(disagrees, size, 0.5) for size in (100, 400, 1000)]
        clearest = max(edge / error for edge, error in sets)
        assert found.certainty == pytest.approx(np.clip(2 * clearest / CRITICAL - 1, 0, 1))
        assert found.noise == pytest.approx(n_wrong / 100)


def test_small_datasets_have_anchor_sets_of_ten() -> None:
    disagrees = np.zeros(40, dtype=bool)
    disagrees[5] = True
    assert _anchor_noise(np.linspace(1, 0.5, 40), disagrees).noise == pytest.approx(0.1)


@pytest.mark.parametrize(("anchor", "agreement", "agreeing"), [(0.1, 0.7, 0.0), (0.05, 0.8, 0.3), (0.3, 0.5, 0.1)])
def test_growing_noise_solves_its_equation(anchor, agreement, agreeing) -> None:
    noise = _noise_growing_with_difficulty(anchor, agreement, agreeing)
    x = (1 - (1 - noise) / (1 - anchor)) / anchor**0.25
    assert (1 - noise) * (1 - x) + agreeing * noise == pytest.approx(agreement)


def test_a_model_that_does_not_see_planted_errors_has_a_lower_low_end() -> None:
    rows = two_class(2000, 400, certain=False)
    strong, weak, weaker = (error_count(rows, recall=recall).count.low for recall in (0.8, 0.79, 0.5))
    assert strong > weak == weaker > 0


def test_without_noise_at_the_anchor_points_none_grows() -> None:
    assert _noise_growing_with_difficulty(0.0, 0.7, 0.0) == 0.0


@pytest.mark.parametrize(("recall", "divisor"), [(1.0, 1.0), (0.8, 0.8), (0.2, 0.5)])
def test_the_high_end_is_disagreement_over_planted_recall(recall, divisor) -> None:
    found = error_count(two_class(400, 40), recall=recall).count
    share = 40 / 400
    high = (share + 1.959964 * np.sqrt(share * (1 - share) / 400) + 1.959964**2 / 800) / divisor
    assert found.high == pytest.approx(400 * high, rel=1e-5)
    assert found.n == 400


def test_the_high_end_is_at_most_every_label() -> None:
    assert error_count(two_class(100, 95), recall=0.5).count.high == 100


def test_the_estimate_is_the_median_of_three_counts_within_the_interval() -> None:
    rows = two_class(400, 40)
    own = error_count(rows).count
    assert error_count(rows, other_counts=(own.value + 3, own.value + 1)).count.value == pytest.approx(own.value + 1)
    assert error_count(rows, other_counts=(1000.0, 2000.0)).count.value == own.high
    level = two_class(2000, 400, certain=False)
    assert error_count(level, other_counts=(0.0, 0.0)).count.value == error_count(level).count.low > 0


def test_confident_disagreement_counts_in_full_and_slight_disagreement_hardly() -> None:
    probs = np.tile([0.99, 0.01], (1000, 1))
    slight, strong = probs.copy(), probs.copy()
    slight[900:], strong[900:] = [0.45, 0.55], [0.01, 0.99]
    counts = [error_count(row_statistics(one, np.zeros(1000, int))).count.value for one in (slight, strong)]
    assert counts[0] == pytest.approx(100 * (0.1 / 0.98) ** 2, abs=1e-6)
    assert counts[1] == pytest.approx(100, abs=1e-6)


def test_rows_without_label_do_not_count() -> None:
    probs, labels, _ = world(600, 4, 0.1)
    more = np.concatenate([probs, probs[:50]])
    unlabelled = np.r_[labels, np.full(50, -1)]
    whole, part = (error_count(row_statistics(*one)) for one in ((probs, labels), (more, unlabelled)))
    assert whole.count == part.count


@pytest.mark.parametrize("overconfident", [True, False])
def test_a_model_that_is_wrong_where_it_is_sure_shows_no_noise(overconfident: bool) -> None:
    rng = np.random.default_rng(7)
    n = 3000
    part = np.repeat([0, 1, 2], [200, 600, 2200])
    sure = np.array([0.95, 0.85, 0.6])[part]
    wrong = rng.random(n) < (np.array([0.0, 0.45, 0.15])[part] if overconfident else 0.12)
    probs = np.stack([sure, (1 - sure) / 2, (1 - sure) / 2], axis=1)
    found = error_count(row_statistics(probs, wrong.astype(int)))
    assert found.count.low <= found.count.value <= found.count.high
    if overconfident:
        assert (found.count.low, found.noise_certainty) == (0.0, 0.0)
    else:
        assert found.count.low > 0.03 * n
        assert found.noise_certainty == 1.0


RIDGE = ([0.995, 0.9, 0.77, 0.57, 0.52, 0.46], [0.0, 0.0, 0.19, 0.42, 0.35, 0.33], [400, 600, 1000, 2000, 2000, 4000])
"""Ordered classes and a linear model, which takes those in the middle for one: confidence, disagreement, samples."""

SUREST_WRONG = ([0.99, 0.95, 0.8, 0.6], [0.34, 0.2, 0.22, 0.3], [100, 900, 2000, 7000])
"""Diamonds' cut by their price and size: where the linear model is most confident, it is wrong most often."""


@pytest.mark.parametrize("curve", [RIDGE, SUREST_WRONG], ids=["ordered", "surest wrong"])
def test_a_model_that_cannot_follow_the_classes_shows_no_noise(curve) -> None:
    confidence, share, sizes = (np.asarray(one) for one in curve)
    sure = np.repeat(confidence, sizes)
    wrong = np.random.default_rng(1).random(len(sure)) < np.repeat(share, sizes)
    found = error_count(row_statistics(np.stack([sure, 1 - sure], axis=1).astype(np.float32), wrong.astype(int)))
    assert found.count.low == 0
    assert found.count.high > 0.2 * len(sure)
