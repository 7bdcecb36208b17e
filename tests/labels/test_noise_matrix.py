import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from datacheck.labels.noise_matrix import label_odds, noise_matrix, smoothed_noise_matrix
from datacheck.labels.quality import LabelAssessment, label_quality
from datacheck.labels.rows import row_statistics

from .worlds import world


def relative_margin(probs, labels):
    rows = row_statistics(probs, labels)
    return rows.self_confidence / (rows.self_confidence + rows.rival)


@given(st.lists(st.lists(st.integers(0, 500), min_size=4, max_size=4), min_size=4, max_size=4))
@settings(deadline=None)
def test_a_noise_matrix_is_a_distribution_for_each_true_class(counts) -> None:
    for matrix in (smoothed_noise_matrix(np.array(counts)), noise_matrix(np.array(counts))):
        assert matrix.sum(axis=1) == pytest.approx(1)
        assert (matrix >= 0).all()


def test_the_noise_matrix_is_of_given_labels_by_true_class() -> None:
    joint = np.array([[8, 2, 0], [0, 6, 0], [0, 0, 0]])  # rows are given labels, columns true classes
    assert noise_matrix(joint).tolist() == [[1, 0, 0], [0.25, 0.75, 0], [0, 0, 1]]
    assert noise_matrix(np.array([[0, 0], [1, 1]])).tolist() == [[0, 1], [0, 1]]


def test_smoothing_adds_100_errors_and_5_samples_to_each_class() -> None:
    matrix = smoothed_noise_matrix(np.array([[80, 10, 0], [20, 90, 0], [0, 0, 200]]))
    overall = 30 / 400
    rates = [(20 + 5 * overall) / 105, (10 + 5 * overall) / 105, 5 * overall / 205]
    assert (1 - matrix.diagonal()).tolist() == pytest.approx(rates)
    assert matrix[0, 1:].tolist() == pytest.approx([rates[0] * 70 / 120, rates[0] * 50 / 120])


def test_many_errors_shape_the_matrix_and_few_hardly_do() -> None:
    few, many = (
        smoothed_noise_matrix(np.array([[90 * n, n, 0], [10 * n, 99 * n, 0], [0, 0, 100 * n]])) for n in (1, 1000)
    )
    assert many[0, 1] > 50 * many[0, 2]
    assert few[0, 1] < 1.3 * few[0, 2]


@pytest.mark.parametrize(("kind", "gain"), [("pair", 0.02), ("uniform", -0.005)])
def test_the_matrix_ranks_structured_errors_better_and_scattered_ones_no_worse(kind, gain) -> None:
    probs, labels, wrong = world(3000, 10, 0.3, kind=kind)
    by_matrix = average_precision_score(wrong, -label_quality(probs, labels))
    by_margin = average_precision_score(wrong, -relative_margin(probs, labels))
    assert by_matrix > by_margin + gain


def test_the_odds_take_the_fifth_root_of_the_noise_rates() -> None:
    rows = row_statistics(np.array([[0.5, 0.25, 0.25]]), np.array([0]))
    matrix = np.array([[0.8, 0.1, 0.1], [0.32, 0.68, 0.0], [0.01, 0.0, 0.99]])
    given = np.array([0.5, 0.25, 0.25])
    true = given * (matrix @ (given / (given @ matrix)))
    true /= true.sum()
    rates = matrix[:, 0]
    mean_rate = np.mean([0.1, 0.1, 0.32, 1e-4, 0.01, 1e-4])
    rivals = true[1:] * (rates[1:] / mean_rate) ** 0.2
    own = true[0] * 0.8**0.2
    found = label_odds(rows, matrix)
    assert found.quality[0] == pytest.approx(own / (own + np.hypot(*rivals)), abs=1e-6)
    assert found.correct[0] == pytest.approx(true[0] * 0.8 / (true @ rates), abs=1e-6)


def test_a_rival_that_is_often_given_this_label_makes_it_more_suspect() -> None:
    rows = row_statistics(np.array([[0.6, 0.4, 0.0], [0.6, 0.0, 0.4]]), np.array([0, 0]))
    matrix = np.array([[0.9, 0.05, 0.05], [0.4, 0.6, 0.0], [0.0, 0.0, 1.0]])
    often, never = label_odds(rows, matrix).quality
    assert often < 0.5 < never


def test_one_half_means_probability_divided_evenly() -> None:
    labels = np.repeat([0, 1, 2], 400)
    probs = np.full((1200, 3), 0.01)
    probs[np.arange(1200), labels] = 0.98
    probs[0] = [0.495, 0.495, 0.01]
    quality = label_quality(probs, labels)
    assert quality[0] == pytest.approx(0.5, abs=0.01)
    assert quality[1:].min() > 0.9


def test_a_probability_of_0_is_taken_for_one_in_ten_thousand() -> None:
    rows = row_statistics(np.array([[0.0, 1.0]]), np.array([0]))
    found = label_odds(rows, np.array([[0.9, 0.1], [0.1, 0.9]]))
    assert 1e-6 < found.correct[0] < 1e-3


def test_rows_without_label_or_prediction_stay_unknown_and_change_nothing() -> None:
    probs, labels, _ = world(600, 12, 0.2)
    holed, unlabelled = probs.copy(), labels.copy()
    holed[3], unlabelled[5] = np.nan, -1
    matrix = LabelAssessment.of(probs, labels).noise
    whole, part = (label_odds(row_statistics(*one), matrix) for one in ((probs, labels), (holed, unlabelled)))
    unknown = np.isnan(part.quality)
    assert np.flatnonzero(unknown).tolist() == [3, 5]
    np.testing.assert_array_equal(part.quality[~unknown], whole.quality[~unknown])
    np.testing.assert_array_equal(part.correct[~unknown], whole.correct[~unknown])


def test_rivals_beyond_the_shortlist_hardly_count() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(2000) % 40
    logits = rng.normal(size=(2000, 40))
    logits[np.arange(2000), labels] += 4
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    quality = label_quality(probs, labels)
    assert np.isfinite(quality).all()
    assert np.corrcoef(quality, relative_margin(probs, labels))[0, 1] > 0.95
