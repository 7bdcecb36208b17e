from dataclasses import replace

import numpy as np
import pytest

from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc503_outlier import Outlier, direction_deviations, neighbour_deviations

from .examples import shown
from .probe_tables import embed, probed, truth, with_embeddings


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


def activations(n_other: int = 0, *, n: int = 400, seed: int = 0) -> np.ndarray:
    """Embeddings without negative values; the last ``n_other`` are weak and point elsewhere."""
    rng = np.random.default_rng([seed, 4])
    usual = rng.gamma(4.0, np.repeat([[4.0, 1.0]], 40, axis=1).reshape(1, -1), (n - n_other, 80))
    other = rng.gamma(4.0, np.repeat([[0.2, 0.8]], 40, axis=1).reshape(1, -1), (n_other, 80))
    return np.concatenate((usual, other)).astype(np.float32)


def pictures(embeddings: np.ndarray) -> RuleContext:
    """Context of images with these embeddings."""
    names = [f"s{row:05d}" for row in range(len(embeddings))]
    manifest = Manifest.from_columns({"sample_id": names, "uri": [f"{name}.jpg" for name in names]})
    return with_embeddings(manifest, embeddings)


@pytest.mark.parametrize("n_other", [1, 3, 10])
def test_images_of_another_kind_are_found_by_direction(n_other: int) -> None:
    outcome = Outlier().check(pictures(activations(n_other)))
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == [f"s{row:05d}" for row in range(400 - n_other, 400)]
    (finding,) = outcome.findings
    assert finding.severity is Severity.WARNING
    assert finding.evidence["measure"] == "direction"
    assert finding.evidence["min_deviations"] == 3.5
    assert min(outcome.issues["value"].to_pylist()) >= 8.0


def test_plain_distances_do_not_find_them() -> None:
    assert neighbour_deviations(activations(3))[-3:].max() < 1


@pytest.mark.parametrize("seed", range(5))
def test_directions_of_clean_data_are_never_a_warning(seed: int) -> None:
    outcome = Outlier(min_directions=8.0).check(pictures(activations(seed=seed)))
    assert isinstance(outcome, Passed)


def test_embeddings_that_labels_made_are_judged_by_distance() -> None:
    context = pictures(activations(3))
    assert context.probe is not None
    learnt = replace(context, probe=replace(context.probe, embeddings_label_free=False))
    assert isinstance(Outlier().check(learnt), Passed)


def test_rows_of_a_table_are_judged_by_distance() -> None:
    rows = activations()
    rows[5] *= 40  # the same direction
    outcome = Outlier().check(probed(truth(400), embeddings=rows))
    assert isinstance(outcome, Found)
    assert outcome.issues["sample_id"].to_pylist() == ["s00005"]
    assert outcome.findings[0].evidence["measure"] == "distance"
    assert outcome.findings[0].severity is Severity.INFO


def test_few_samples_have_fewer_neighbours() -> None:
    deviations = direction_deviations(activations(2, n=60))
    assert (deviations[-2:] > 8).all()
    assert (deviations[:-2] < 8).all()


def test_copies_of_an_outlier_are_no_neighbours_of_it() -> None:
    embeddings = activations(1)
    copies = np.concatenate((embeddings, np.repeat(embeddings[-1:], 40, axis=0)))
    context = pictures(copies)
    exact = np.where(np.arange(440) >= 399, 0, -1)
    assert isinstance(Outlier().check(context), Passed)
    context.__dict__["duplicates"] = DuplicateClusters.equal(exact)
    outcome = Outlier().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].n_affected == 41
