"""The weight of another model's probabilities, and how they help to place a change point."""

import numpy as np
import pytest

from datacheck.pairing import LabelCodes, Repair, Samples, check_content
from datacheck.pairing.likelihood import log_likelihood, pooled_with_model

N_CLASSES = 5


def repair_of(
    features: np.ndarray, given: np.ndarray, *, pred_probs: np.ndarray | None = None, seed: int = 0
) -> Repair | None:
    """The repair of class labels by content."""
    return check_content(Samples(features, pred_probs=pred_probs), LabelCodes.of_classes(given), seed=seed).repair


def model_log_probs(labels: np.ndarray, strength: float, seed: int) -> np.ndarray:
    """Calibrated log-probabilities: normal evidence for each label."""
    rng = np.random.default_rng([seed, 7])
    logits = rng.normal(size=(len(labels), N_CLASSES)) * np.sqrt(strength)
    logits[np.arange(len(labels)), labels] += strength
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def mean_likelihood(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(log_probabilities[np.arange(len(labels)), labels].mean())


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, N_CLASSES, 2000)


def test_two_models_together_are_better_than_either(labels: np.ndarray) -> None:
    every = np.arange(len(labels))
    weak, strong = model_log_probs(labels, 1.0, 1), model_log_probs(labels, 3.0, 2)
    joined = pooled_with_model(weak, np.exp(strong), labels, every, every >= 0)
    assert mean_likelihood(joined, labels) > mean_likelihood(strong, labels) + 0.05
    np.testing.assert_allclose(np.exp(joined).sum(axis=1), 1)


def test_an_underconfident_model_is_sharpened(labels: np.ndarray) -> None:
    """Half of the labels are shifted: the model learns each class mixed half and half with all others."""
    every = np.arange(len(labels))
    weak, strong = model_log_probs(labels, 1.0, 1), np.exp(model_log_probs(labels, 3.0, 2))
    underconfident = 0.5 * strong + 0.5 / N_CLASSES
    joined = pooled_with_model(weak, underconfident, labels, every, every >= 0)
    confident = pooled_with_model(weak, strong, labels, every, every >= 0)
    assert mean_likelihood(joined, labels) > mean_likelihood(confident, labels) - 0.1
    assert mean_likelihood(joined, labels) > mean_likelihood(np.log(underconfident), labels) + 0.2


@pytest.mark.parametrize("n_rows", [49, 2000])
def test_a_model_that_is_wrong_or_cannot_be_calibrated_is_left_out(labels: np.ndarray, n_rows: int) -> None:
    own = model_log_probs(labels, 1.0, 1)
    other = np.exp(model_log_probs(labels if n_rows < 50 else np.roll(labels, 1), 6.0, 2))
    joined = pooled_with_model(own, other, labels, np.arange(n_rows), np.ones(len(labels), dtype=bool))
    np.testing.assert_array_equal(joined, own)


def test_rows_without_model_probabilities_keep_their_own(labels: np.ndarray) -> None:
    own, other = model_log_probs(labels, 2.0, 1), np.exp(model_log_probs(labels, 2.0, 2))
    other[::2] = np.nan
    joined = pooled_with_model(own, other, labels, np.arange(len(labels)), np.ones(len(labels), dtype=bool))
    assert (joined[::2].argmax(axis=1) == own[::2].argmax(axis=1)).all()
    assert mean_likelihood(joined[1::2], labels[1::2]) > mean_likelihood(own[1::2], labels[1::2]) + 0.1


def test_log_likelihood_keeps_a_share_for_wrong_labels() -> None:
    found = log_likelihood(np.eye(2)[[0, 1, 0]], np.array([0, 1, 0]), np.array([True, True, False]))
    np.testing.assert_allclose(np.exp(found[0]), [0.9995, 0.0005])
    assert found[2].tolist() == [0, 0]


def shifted(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True labels, labels rolled by one from a random row on, and weak features."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, N_CLASSES, 900)
    start = int(rng.integers(200, 700))
    features = np.eye(N_CLASSES)[true] * 1.2 + rng.normal(size=(900, N_CLASSES))
    return true, np.r_[true[:start], np.roll(true[start:], 1)], features


def test_probabilities_place_the_break_where_features_cannot() -> None:
    exact = {"features": 0, "both": 0}
    sure_wrong = sure = 0
    for seed in range(8):
        true, given, features = shifted(seed)
        underconfident = 0.6 * np.exp(model_log_probs(true, 6.0, seed)) + 0.4 / N_CLASSES
        for name, probabilities in (("features", None), ("both", underconfident)):
            repair = repair_of(features, given, pred_probs=probabilities, seed=seed)
            assert repair is not None
            wrong = given[repair.label_of] != true
            exact[name] += not wrong.any()
            if name == "both":
                sure_wrong += int((wrong & (repair.certainty >= 0.95)).sum())
                sure += int((repair.certainty >= 0.95).sum())
    assert exact["both"] == 8
    assert exact["features"] <= 5
    assert sure_wrong == 0
    assert sure >= 8 * 895


def test_probabilities_that_memorised_the_given_labels_move_nothing() -> None:
    for seed in range(3):
        _, given, features = shifted(seed)
        memorised = np.eye(N_CLASSES)[given] * 0.98 + 0.004
        alone = repair_of(features, given, seed=seed)
        misled = repair_of(features, given, pred_probs=memorised, seed=seed)
        assert alone is not None
        assert misled is not None
        np.testing.assert_array_equal(alone.label_of, misled.label_of)


def test_probabilities_alone_claim_nothing() -> None:
    true, _, _ = shifted(0)
    noise = np.random.default_rng(1).normal(size=(900, 4))
    sure = np.eye(N_CLASSES)[true] * 0.9 + 0.02
    assert repair_of(noise, np.roll(true, 1), pred_probs=sure) is None
