"""How far a model's opinion is believed where a slip begins, and what it brings there."""

import numpy as np
import pytest

from datacheck.pairing.content import examine_pairing
from datacheck.pairing.likelihood import log_likelihood, with_opinion

N_CLASSES = 5


def opinion(labels: np.ndarray, strength: float, seed: int) -> np.ndarray:
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


def test_two_opinions_are_worth_what_both_know(labels: np.ndarray) -> None:
    every = np.arange(len(labels))
    weak, strong = opinion(labels, 1.0, 1), opinion(labels, 3.0, 2)
    joined = with_opinion(weak, np.exp(strong), labels, every, every >= 0)
    assert mean_likelihood(joined, labels) > mean_likelihood(strong, labels) + 0.05
    np.testing.assert_allclose(np.exp(joined).sum(axis=1), 1)


def test_a_timid_opinion_is_sharpened(labels: np.ndarray) -> None:
    """Half the labels slipped: the model learns each class mixed half and half with all others."""
    every = np.arange(len(labels))
    weak, strong = opinion(labels, 1.0, 1), np.exp(opinion(labels, 3.0, 2))
    timid = 0.5 * strong + 0.5 / N_CLASSES
    joined = with_opinion(weak, timid, labels, every, every >= 0)
    outspoken = with_opinion(weak, strong, labels, every, every >= 0)
    assert mean_likelihood(joined, labels) > mean_likelihood(outspoken, labels) - 0.1
    assert mean_likelihood(joined, labels) > mean_likelihood(np.log(timid), labels) + 0.2


@pytest.mark.parametrize("n_witnesses", [49, 2000])
def test_an_opinion_that_nobody_can_vouch_for_or_that_is_wrong_is_left_out(
    labels: np.ndarray, n_witnesses: int
) -> None:
    own = opinion(labels, 1.0, 1)
    other = np.exp(opinion(labels if n_witnesses < 50 else np.roll(labels, 1), 6.0, 2))
    joined = with_opinion(own, other, labels, np.arange(n_witnesses), np.ones(len(labels), dtype=bool))
    np.testing.assert_array_equal(joined, own)


def test_rows_without_an_opinion_keep_their_own(labels: np.ndarray) -> None:
    own, other = opinion(labels, 2.0, 1), np.exp(opinion(labels, 2.0, 2))
    other[::2] = np.nan
    joined = with_opinion(own, other, labels, np.arange(len(labels)), np.ones(len(labels), dtype=bool))
    assert (joined[::2].argmax(axis=1) == own[::2].argmax(axis=1)).all()
    assert mean_likelihood(joined[1::2], labels[1::2]) > mean_likelihood(own[1::2], labels[1::2]) + 0.1


def test_log_likelihood_keeps_a_share_for_stray_labels() -> None:
    found = log_likelihood(np.eye(2)[[0, 1, 0]], np.array([0, 1, 0]), np.array([True, True, False]))
    np.testing.assert_allclose(np.exp(found[0]), [0.9995, 0.0005])
    assert found[2].tolist() == [0, 0]


def slipped(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True labels, labels rolled by one from a random row on, and features that tell little."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, N_CLASSES, 900)
    start = int(rng.integers(200, 700))
    features = np.eye(N_CLASSES)[true] * 1.2 + rng.normal(size=(900, N_CLASSES))
    return true, np.r_[true[:start], np.roll(true[start:], 1)], features


def test_probabilities_place_the_break_where_features_cannot() -> None:
    exact = {"features": 0, "both": 0}
    settled_wrong = settled = 0
    for seed in range(8):
        true, given, features = slipped(seed)
        timid = 0.6 * np.exp(opinion(true, 6.0, seed)) + 0.4 / N_CLASSES
        for name, probabilities in (("features", None), ("both", timid)):
            repair = examine_pairing(features, given, pred_probs=probabilities, seed=seed).repair
            assert repair is not None
            wrong = given[repair.source] != true
            exact[name] += not wrong.any()
            if name == "both":
                settled_wrong += int((wrong & (repair.certainty >= 0.95)).sum())
                settled += int((repair.certainty >= 0.95).sum())
    assert exact["both"] == 8
    assert exact["features"] <= 5
    assert settled_wrong == 0
    assert settled >= 8 * 895


def test_probabilities_that_know_the_given_labels_by_heart_move_nothing() -> None:
    for seed in range(3):
        _, given, features = slipped(seed)
        by_heart = np.eye(N_CLASSES)[given] * 0.98 + 0.004
        alone = examine_pairing(features, given, seed=seed).repair
        misled = examine_pairing(features, given, pred_probs=by_heart, seed=seed).repair
        assert alone is not None
        assert misled is not None
        np.testing.assert_array_equal(alone.source, misled.source)


def test_probabilities_alone_claim_nothing() -> None:
    true, _, _ = slipped(0)
    noise = np.random.default_rng(1).normal(size=(900, 4))
    sure = np.eye(N_CLASSES)[true] * 0.9 + 0.02
    assert examine_pairing(noise, np.roll(true, 1), pred_probs=sure).repair is None
