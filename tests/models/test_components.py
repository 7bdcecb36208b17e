import numpy as np
import pytest
from sklearn.decomposition import PCA

from datacheck.models.components import Components, whiten


def rows(n=300, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)) @ np.diag([5.0, 3.0, 1.0, 0.2]) @ rng.normal(size=(4, 4)) + 7


def test_components_are_scikit_learns() -> None:
    x = rows()
    found, theirs = Components.fit(x), PCA(svd_solver="full").fit(x)
    np.testing.assert_allclose(found.variances, theirs.explained_variance_ * 299 / 300)
    np.testing.assert_allclose(np.abs(found.directions.T @ theirs.components_.T), np.eye(4), atol=1e-9)
    np.testing.assert_allclose(np.abs(found.project(x)), np.abs(theirs.transform(x)), atol=1e-9)


def test_the_largest_entry_of_a_direction_is_positive() -> None:
    directions = Components.fit(rows()).directions
    assert (directions[np.abs(directions).argmax(axis=0), np.arange(4)] > 0).all()


def test_directions_without_variance_are_left_out_unless_all_are_wanted() -> None:
    x = np.c_[rows(), rows()[:, :1]]
    assert Components.fit(x).directions.shape == (5, 4)
    assert Components.fit(x, 2).directions.shape == (5, 2)
    assert Components.fit(x, least=0).directions.shape == (5, 5)
    assert (Components.fit(x, least=0).variances >= 0).all()
    assert Components.fit(x, least=0.1).directions.shape[1] < 4
    assert Components.fit(np.ones((9, 3))).directions.shape == (3, 0)


def test_single_precision_stays_single_and_keeps_small_directions() -> None:
    x = rows().astype(np.float32)
    found = Components.fit(x)
    assert found.project(x).dtype == np.float32
    np.testing.assert_allclose(found.variances, Components.fit(rows()).variances, rtol=0.02)


def test_whitening_brings_each_direction_to_variance_1_and_added_variance_damps_it() -> None:
    x = rows()
    found = Components.fit(x)
    np.testing.assert_allclose(((x - found.mean) @ found.whitening()).std(axis=0), 1)
    damped = ((x - found.mean) @ found.whitening(added=2.0)).std(axis=0)
    np.testing.assert_allclose(damped, np.sqrt(found.variances / (found.variances + 2)))


def test_unusable_rows_are_zero_and_change_nothing() -> None:
    x = rows()
    holed = np.r_[x, np.full((5, 4), np.nan)]
    usable = np.arange(305) < 300
    white = whiten(holed, usable)
    np.testing.assert_allclose(white[:300], whiten(x, np.ones(300, dtype=bool)))
    assert (white[300:] == 0).all()
    assert whiten(holed, np.zeros(305, dtype=bool)).shape == (305, 0)


def test_at_most_192_components_are_whitened() -> None:
    x = np.random.default_rng(0).normal(size=(3000, 230))
    assert whiten(x, np.ones(3000, dtype=bool)).shape == (3000, 192)


@pytest.mark.parametrize(("n_rows", "n_components"), [(15, 2), (29, 2), (30, 3), (300, 4)])
def test_ten_rows_are_needed_for_each_component_beyond_two(n_rows, n_components) -> None:
    assert whiten(rows(n_rows), np.ones(n_rows, dtype=bool)).shape[1] == n_components
