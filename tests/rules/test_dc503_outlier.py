import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules.labels.dc503_outlier import Outlier, neighbour_deviations

from .examples import shown
from .probe_tables import embed, probed, truth


def test_samples_far_from_all_others_are_listed() -> None:
    embeddings = embed(truth())
    embeddings[[7, 300]] = 60 * np.sign(np.random.default_rng(1).normal(size=(2, 12)))
    outcome = Outlier().check(probed(truth(), embeddings=embeddings))
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == ["s00007", "s00300"]


@pytest.mark.parametrize("seed", range(10))
def test_few_false_alarms_on_clean_data(seed: int) -> None:
    assert isinstance(Outlier().check(probed(truth(seed=seed), embeddings=embed(truth(seed=seed), seed=seed))), Passed)


def test_wide_embeddings_are_reduced_first() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(200, 100))
    embeddings[4] += 30
    assert int(neighbour_deviations(embeddings).argmax()) == 4


def test_needs_embeddings() -> None:
    assert isinstance(Outlier().check(probed(truth())), NotApplicable)


def test_the_example_and_the_edge() -> None:
    embeddings = embed(truth())
    embeddings[[7, 300]] = 60 * np.sign(np.random.default_rng(1).normal(size=(2, 12)))
    outcome = Outlier().check(probed(truth(), embeddings=embeddings))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Outlier)
    nearer = float(min(outcome.issues["value"].to_pylist()))
    for limit, n in ((nearer, 2), (nearer + 1e-9, 1)):
        outcome = Outlier(min_deviations=limit).check(probed(truth(), embeddings=embeddings))
        assert isinstance(outcome, Found)
        assert outcome.findings[0].n_affected == n
