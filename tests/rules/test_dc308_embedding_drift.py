import numpy as np

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules.dc308_embedding_drift import EmbeddingDrift

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
