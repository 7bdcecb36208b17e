import warnings

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from datacheck.errors import ProbeError
from datacheck.labels.quality import (
    LabelAssessment,
    label_quality,
    multilabel_quality,
    multilabel_sample_quality,
    with_training_margins,
)
from datacheck.labels.rows import row_statistics

from .worlds import noisy


@pytest.fixture(scope="module")
def cleanlab_rank():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("cleanlab.rank")


@pytest.mark.parametrize("k", [2, 7, 50])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_self_confidence_and_margin_are_cleanlabs(cleanlab_rank, dtype, k) -> None:
    probs, labels, _ = noisy(400, k, dtype=dtype)
    rows = row_statistics(probs, labels)
    ours = {"self_confidence": rows.self_confidence, "normalized_margin": (rows.self_confidence - rows.rival + 1) / 2}
    for method, quality in ours.items():
        expected = cleanlab_rank.get_label_quality_scores(labels, probs, method=method)
        np.testing.assert_allclose(quality, expected, atol=3e-7)


def test_quality_ranks_wrong_labels_better_than_the_margin_does() -> None:
    probs, labels, true = noisy(2000, 7)
    rows = row_statistics(probs, labels)
    quality = label_quality(probs, labels)
    assert quality.dtype == np.float32
    assert ((quality >= 0) & (quality <= 1)).all()
    by_quality = average_precision_score(labels != true, -quality)
    assert by_quality > average_precision_score(labels != true, rows.rival - rows.self_confidence)


def test_an_assessment_holds_each_step_once() -> None:
    probs, labels, _ = noisy(500, 5)
    found = LabelAssessment.of(probs, labels)
    assert found.rows.pred_probs is probs
    assert found.confident.joint.sum() == 500
    assert found.noise.shape == (5, 5)
    np.testing.assert_array_equal(found.odds.quality, label_quality(probs, labels))


def test_multilabel_quality_is_that_of_each_class(cleanlab_rank) -> None:
    rng = np.random.default_rng(0)
    probs, given_matrix = rng.random((50, 3)), rng.random((50, 3)) < 0.5
    quality = multilabel_quality(probs, given_matrix)
    assert quality.dtype == np.float32
    np.testing.assert_allclose(quality, np.where(given_matrix, probs, 1 - probs), atol=1e-6)
    from cleanlab.multilabel_classification import get_label_quality_scores

    names = [np.flatnonzero(row).tolist() for row in given_matrix]
    np.testing.assert_allclose(multilabel_sample_quality(quality), get_label_quality_scores(names, probs), atol=1e-6)


def test_multilabel_probabilities_beyond_the_unit_interval_are_clipped_and_shapes_must_agree() -> None:
    assert multilabel_quality(np.array([[1.2, -0.1]]), np.array([[True, False]])).tolist() == [[1.0, 1.0]]
    with pytest.raises(ProbeError, match=r"one shape \[N, K\], found \[1, 2\] and \[1, 3\]"):
        multilabel_quality(np.ones((1, 2)), np.ones((1, 3), dtype=bool))
    with pytest.raises(ProbeError, match="one shape"):
        multilabel_quality(np.ones(2), np.ones(2, dtype=bool))


def test_training_margins_separate_labels_that_predictions_cannot() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.random(2000) < 0.2
    quality = np.clip(rng.normal(0.6 - 0.3 * wrong, 0.2), 0, 1)
    margins = np.clip(rng.normal(0.3 - 0.5 * wrong, 0.3), -1, 1)
    by_each = [average_precision_score(wrong, -score) for score in (quality, margins)]
    assert average_precision_score(wrong, -with_training_margins(quality, margins)) > max(by_each) - 0.02
    assert average_precision_score(wrong, -with_training_margins(quality, margins)) > by_each[0] + 0.05


def test_without_margins_quality_and_its_gaps_stay() -> None:
    quality = np.array([0.2, np.nan, 1.0, 0.0])
    joined = with_training_margins(quality, np.array([np.nan, 0.5, np.nan, 1.0]))
    np.testing.assert_allclose(joined, [0.2, np.nan, 1.0, 0.0], atol=3e-6)
    assert joined[3] > 0
    assert 0.99 < with_training_margins(np.array([1.0]), np.array([-1.0]))[0] < 1
