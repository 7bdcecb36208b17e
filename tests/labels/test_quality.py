import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from datacheck.errors import ProbeError
from datacheck.labels.quality import (
    joined_by_margins,
    label_quality,
    mean_probabilities,
    multilabel_quality,
    multilabel_sample_quality,
    suggested_labels,
)


def noisy(
    n: int, k: int, *, seed: int = 0, dtype: type = np.float32, noise: float = 0.3
) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.int64]]:  # type: ignore[type-arg]
    rng = np.random.default_rng([seed, n, k])
    true = rng.integers(0, k, n)
    labels = np.where(rng.random(n) < noise, rng.integers(0, k, n), true)
    labels[:k] = np.arange(k)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += 2.5
    probs = np.exp(logits)
    return (probs / probs.sum(axis=1, keepdims=True)).astype(dtype), labels, true


@pytest.fixture(scope="module")
def cleanlab_rank():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("cleanlab.rank")


@pytest.mark.parametrize("k", [2, 7, 50])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "method",
    [
        "self_confidence",
        "normalized_margin",
        "confidence_weighted_entropy",
        "adjusted_self_confidence",
        "adjusted_normalized_margin",
    ],
)
def test_the_methods_that_cleanlab_has_are_cleanlabs(cleanlab_rank, method, dtype, k) -> None:
    probs, labels, _ = noisy(400, k, dtype=dtype)
    expected = cleanlab_rank.get_label_quality_scores(
        labels, probs, method=method.removeprefix("adjusted_"), adjust_pred_probs=method.startswith("adjusted_")
    )
    np.testing.assert_allclose(label_quality(probs, labels, method=method), expected, atol=3e-7)


def test_the_relative_margin_is_the_share_against_the_best_rival() -> None:
    probs = np.array([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [1.0, 0.0, 0.0]])
    quality = label_quality(probs, np.array([0, 0, 1]), method="relative_margin")
    assert quality.tolist() == pytest.approx([2 / 3, 1 / 9, 0])


def test_rows_without_label_or_prediction_have_no_quality() -> None:
    probs = np.array([[0.9, 0.1], [np.nan, np.nan], [0.5, 0.5]], dtype=np.float32)
    for method in ("relative_margin", "self_confidence", "confidence_weighted_entropy", "adjusted_self_confidence"):
        quality = label_quality(probs, np.array([0, 0, -1]), method=method)
        assert np.isnan(quality).tolist() == [False, True, True], method
    assert suggested_labels(probs, np.array([0, 0, -1])).tolist() == [1, -1, 0]


def test_members_of_an_ensemble_are_averaged() -> None:
    first, labels, true = noisy(600, 5, seed=1)
    second = noisy(600, 5, seed=1)[0][:, ::-1][:, ::-1]
    rng = np.random.default_rng(5)
    second = first * np.exp(0.8 * rng.normal(size=first.shape))
    second /= second.sum(axis=1, keepdims=True)
    both = np.stack([first, second])
    np.testing.assert_array_equal(label_quality(both, labels), label_quality(mean_probabilities(both), labels))
    assert ((label_quality(both, labels) < 0.5) == (labels != true)).mean() > 0.8


@given(n=st.integers(2, 60), k=st.integers(2, 12), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_quality_lies_in_the_unit_interval_and_half_is_the_argmax(n: int, k: int, seed: int) -> None:
    probs, labels, _ = noisy(max(n, k), k, seed=seed)
    for method in ("relative_margin", "normalized_margin"):
        quality = label_quality(probs, labels, method=method)
        assert quality.dtype == np.float32
        assert ((quality >= 0) & (quality <= 1)).all()
        agrees = probs.argmax(axis=1) == labels
        assert (quality[agrees] >= 0.5).all()
        assert (quality[~agrees] <= 0.5).all()
    assert (suggested_labels(probs, labels) != labels).all()


@pytest.mark.parametrize(
    ("probs", "labels", "words"),
    [
        (np.ones((3, 1)), np.zeros(3, int), "K of 2 or more"),
        (np.ones((3, 2)), np.zeros(2, int), "expected 3 labels"),
        (np.ones((3, 2)), np.array([0, 1, 2]), "from -1"),
        (np.ones((3, 2)), np.zeros(3), "integers"),
    ],
)
def test_unusable_input_is_named(probs, labels, words) -> None:
    with pytest.raises(ProbeError, match=words):
        label_quality(probs, labels)


def test_an_unknown_method_suggests_the_near_one() -> None:
    with pytest.raises(ProbeError, match="did you mean 'self_confidence'"):
        label_quality(np.ones((2, 2)) / 2, np.array([0, 1]), method="self_confidense")  # type: ignore[arg-type]


def test_multilabel_quality_is_that_of_each_class(cleanlab_rank) -> None:
    rng = np.random.default_rng(0)
    probs, given_matrix = rng.random((50, 3)), rng.random((50, 3)) < 0.5
    quality = multilabel_quality(probs, given_matrix)
    np.testing.assert_allclose(quality, np.where(given_matrix, probs, 1 - probs), atol=1e-6)
    from cleanlab.multilabel_classification import get_label_quality_scores

    names = [np.flatnonzero(row).tolist() for row in given_matrix]
    np.testing.assert_allclose(multilabel_sample_quality(quality), get_label_quality_scores(names, probs), atol=1e-6)


def test_margins_of_training_part_labels_that_predictions_cannot() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.random(2000) < 0.2
    quality = np.clip(rng.normal(0.6 - 0.3 * wrong, 0.2), 0, 1)
    margins = np.clip(rng.normal(0.3 - 0.5 * wrong, 0.3), -1, 1)
    by_each = [average_precision_score(wrong, -score) for score in (quality, margins)]
    assert average_precision_score(wrong, -joined_by_margins(quality, margins)) > max(by_each) - 0.02
    assert average_precision_score(wrong, -joined_by_margins(quality, margins)) > by_each[0] + 0.05


def test_without_margins_quality_and_its_gaps_stay() -> None:
    quality = np.array([0.2, np.nan, 1.0])
    joined = joined_by_margins(quality, np.array([np.nan, 0.5, np.nan]))
    np.testing.assert_allclose(joined, quality, atol=2e-6)
