import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from datacheck.labels.confident_learning import confident_joint
from datacheck.labels.noise_matrix import smoothed_channel, weigh_labels
from datacheck.labels.quality import label_quality

from .test_yields import world


@given(st.lists(st.lists(st.integers(0, 500), min_size=4, max_size=4), min_size=4, max_size=4))
@settings(deadline=None)
def test_a_channel_is_a_distribution_for_each_true_class(counts) -> None:
    channel = smoothed_channel(np.array(counts))
    assert channel.sum(axis=1) == pytest.approx(1)
    assert (channel >= 0).all()


def test_many_errors_shape_the_channel_and_few_hardly_do() -> None:
    few, many = (smoothed_channel(np.array([[90 * n, n, 0], [10 * n, 99 * n, 0], [0, 0, 100 * n]])) for n in (1, 1000))
    assert many[0, 1] > 50 * many[0, 2]
    assert few[0, 1] < 1.3 * few[0, 2]


@pytest.mark.parametrize(("kind", "gain"), [("pair", 0.02), ("uniform", -0.005)])
def test_a_channel_ranks_structured_errors_better_and_scattered_ones_no_worse(kind, gain) -> None:
    probs, labels, wrong = world(3000, 10, 0.3, kind=kind)
    by_channel = average_precision_score(wrong, -weigh_labels(probs, labels).odds)
    by_margin = average_precision_score(wrong, -label_quality(probs, labels, method="relative_margin"))
    assert by_channel > by_margin + gain


def test_one_half_means_a_belief_divided_evenly() -> None:
    labels = np.repeat([0, 1, 2], 400)
    probs = np.full((1200, 3), 0.01)
    probs[np.arange(1200), labels] = 0.98
    probs[0] = [0.495, 0.495, 0.01]
    weighed = weigh_labels(probs, labels)
    assert weighed.odds[0] == pytest.approx(0.5, abs=0.01)
    assert weighed.odds[1:].min() > 0.9


def test_rows_without_label_or_prediction_stay_unknown_and_change_nothing() -> None:
    probs, labels, _ = world(600, 12, 0.2)
    holed, unlabelled = probs.copy(), labels.copy()
    holed[3], unlabelled[5] = np.nan, -1
    channel = smoothed_channel(confident_joint(probs, labels))
    whole, part = weigh_labels(probs, labels, channel), weigh_labels(holed, unlabelled, channel)
    unknown = np.isnan(part.odds)
    assert np.flatnonzero(unknown).tolist() == [3, 5]
    np.testing.assert_array_equal(part.odds[~unknown], whole.odds[~unknown])
    np.testing.assert_array_equal(part.right[~unknown], whole.right[~unknown])


def test_rivals_beyond_the_shortlist_hardly_count() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(2000) % 40
    logits = rng.normal(size=(2000, 40))
    logits[np.arange(2000), labels] += 4
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    few = weigh_labels(probs, labels).odds
    assert np.isfinite(few).all()
    margin = label_quality(probs, labels, method="relative_margin")
    assert np.corrcoef(few, margin)[0, 1] > 0.95
