import numpy as np

from datacheck.findings import Found, Passed
from datacheck.rules.readiness.dc604_dimensionality import Dimensionality, spectrum

from .examples import shown
from .probe_tables import embed, probed, truth


def test_samples_along_one_direction_are_told() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(800, 1)) @ rng.normal(size=(1, 12)) + 0.01 * rng.normal(size=(800, 12))
    outcome = Dimensionality().check(probed(truth(), embeddings=embeddings.astype(np.float32)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["dims_95"] == 1
    assert outcome.findings[0].evidence["participation_ratio"] < 1.1


def test_more_directions_than_samples_fill_are_told() -> None:
    embeddings = np.random.default_rng(0).normal(size=(80, 300)).astype(np.float32)
    outcome = Dimensionality().check(probed(truth(80), embeddings=embeddings))
    assert isinstance(outcome, Found)
    assert "too few samples" in outcome.findings[0].message


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(Dimensionality().check(probed(truth(), embeddings=embed(truth()))), Passed)


def test_the_spectrum_of_equal_directions() -> None:
    described = spectrum(np.r_[np.eye(4), -np.eye(4)])
    assert round(described["participation_ratio"], 6) == 4
    assert (described["dims_90"], described["dims_95"]) == (4, 4)


def test_the_example_and_the_edges() -> None:
    embeddings = np.random.default_rng(0).normal(size=(80, 300)).astype(np.float32)
    context = probed(truth(80), embeddings=embeddings)
    outcome = Dimensionality().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Dimensionality)
    dims, ratio = outcome.findings[0].evidence["dims_90"], outcome.findings[0].evidence["participation_ratio"]
    assert isinstance(Dimensionality(samples_per_dimension=80 / dims).check(context), Passed)
    assert isinstance(Dimensionality(samples_per_dimension=80 / dims + 1e-9).check(context), Found)
    assert isinstance(Dimensionality(samples_per_dimension=0, min_participation=ratio).check(context), Passed)
    assert isinstance(Dimensionality(samples_per_dimension=0, min_participation=ratio + 1e-9).check(context), Found)


def test_two_numbers_a_sample_are_few_by_design() -> None:
    embeddings = np.column_stack([np.linspace(0, 1, 800), np.zeros(800)]).astype(np.float32)
    assert isinstance(Dimensionality().check(probed(truth(), embeddings=embeddings)), Passed)


def test_the_accuracy_that_few_directions_keep_is_stated_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    given = truth()
    embeddings = rng.normal(size=(800, 40)) * 0.3
    embeddings[:, :4] += 4 * np.eye(4)[given]
    outcome = Dimensionality().check(probed(given, embeddings=embeddings.astype(np.float32)))
    assert isinstance(outcome, Passed)
    assert "; 4 of them keep the accuracy of a linear model (100 % of 100 %; -0." in outcome.summary
    hidden = rng.normal(size=(800, 40))
    hidden[:, 20:] *= 3  # the classes lie in the directions of least variance
    hidden[:, :4] += 1.5 * np.eye(4)[given]
    outcome = Dimensionality().check(probed(given, embeddings=hidden.astype(np.float32)))
    assert isinstance(outcome, Passed)
    assert "no smaller number of them keeps the accuracy of" in outcome.summary
    assert isinstance(Dimensionality(min_labelled=801).check(probed(given, embeddings=embeddings)), Passed)


def test_the_losses_are_in_the_evidence() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(800, 1)) @ rng.normal(size=(1, 12)) + 0.01 * rng.normal(size=(800, 12))
    outcome = Dimensionality().check(probed(truth(), embeddings=embeddings.astype(np.float32)))
    assert isinstance(outcome, Found)
    kept = outcome.findings[0].evidence["accuracy_kept"]
    assert [one["dimensions"] for one in kept] == [2, 4, 8]
    assert all(one["lost"]["low"] <= one["lost"]["value"] <= one["lost"]["high"] for one in kept)
