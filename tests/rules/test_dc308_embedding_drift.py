import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.splits.dc308_embedding_drift import EmbeddingDrift

from .examples import shown
from .probe_tables import embed, probed, truth

SPLIT = ["train"] * 400 + ["val"] * 200 + ["test"] * 200


def test_a_split_of_another_domain_is_told_apart() -> None:
    embeddings = embed(truth())
    embeddings[600:, 6:] += 1.0
    outcome = EmbeddingDrift().check(probed(truth(), embeddings=embeddings, split=SPLIT))
    assert isinstance(outcome, Found)
    pairs = {tuple(one["splits"]): one["auc"] for one in outcome.findings[0].evidence["pairs"]}
    assert pairs["train", "test"]["low"] > 0.85
    assert pairs["train", "val"]["low"] < 0.6
    assert "test" in outcome.findings[0].message


def test_splits_drawn_at_random_are_alike() -> None:
    assert isinstance(EmbeddingDrift().check(probed(truth(), embeddings=embed(truth()), split=SPLIT)), Passed)


def test_one_split_cannot_drift() -> None:
    assert isinstance(EmbeddingDrift().check(probed(truth(), embeddings=embed(truth()))), NotApplicable)


def test_needs_embeddings() -> None:
    outcome = EmbeddingDrift().check(probed(np.array(truth()), split=SPLIT))
    assert isinstance(outcome, NotApplicable)


def in_spaces_of_their_own(embeddings: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The same embeddings as if each fold had a network of its own: turned, stretched and moved."""
    rng = np.random.default_rng(4)
    apart = np.empty_like(embeddings)
    for one in np.unique(fold):
        turn = np.linalg.qr(rng.normal(size=(embeddings.shape[1], embeddings.shape[1])))[0]
        apart[fold == one] = embeddings[fold == one] @ turn * rng.uniform(0.5, 2) + rng.normal(size=turn.shape[0])
    return apart


@pytest.mark.parametrize("seed", range(5))
def test_a_network_for_each_fold_is_no_drift(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fold = rng.integers(0, 3, 800).astype(np.int16)
    # Split shares differ between folds, as they may by chance: telling folds apart would help to tell splits apart.
    split = np.where(rng.random(800) < np.array([0.3, 0.5, 0.7])[fold], "train", "val").tolist()
    embeddings = in_spaces_of_their_own(embed(truth(), seed=seed), fold)
    assert isinstance(EmbeddingDrift().check(probed(truth(), embeddings=embeddings, split=split, fold=fold)), Passed)


def test_drift_shows_through_a_network_for_each_fold() -> None:
    fold = (np.arange(800) % 3).astype(np.int16)
    embeddings = embed(truth())
    embeddings[600:, 6:] += 1.0
    context = probed(truth(), embeddings=in_spaces_of_their_own(embeddings, fold), split=SPLIT, fold=fold)
    outcome = EmbeddingDrift().check(context)
    assert isinstance(outcome, Found)
    pairs = {tuple(one["splits"]): one["auc"] for one in outcome.findings[0].evidence["pairs"]}
    assert pairs["train", "test"]["low"] > 0.8
    assert pairs["train", "val"]["low"] < 0.6


def test_splits_that_were_embedded_by_different_networks_cannot_be_compared() -> None:
    fold = np.repeat([0, 1, 2], [400, 200, 200]).astype(np.int16)
    embeddings = in_spaces_of_their_own(embed(truth()), fold)
    outcome = EmbeddingDrift().check(probed(truth(), embeddings=embeddings, split=SPLIT, fold=fold))
    assert isinstance(outcome, NotApplicable)
    assert "by the same network" in outcome.reason


def test_the_example_and_the_edges() -> None:
    embeddings = embed(truth())
    embeddings[600:, 6:] += 1.0
    context = probed(truth(), embeddings=embeddings, split=SPLIT)
    outcome = EmbeddingDrift().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(EmbeddingDrift)
    worst = max(one["auc"]["low"] for one in outcome.findings[0].evidence["pairs"])
    for error_auc, severity in ((worst, Severity.ERROR), (worst + 1e-9, Severity.WARNING)):
        outcome = EmbeddingDrift(error_auc=error_auc).check(context)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity
    assert isinstance(EmbeddingDrift(min_auc=worst).check(context), Found)
    assert isinstance(EmbeddingDrift(min_auc=worst + 1e-9).check(context), Passed)
