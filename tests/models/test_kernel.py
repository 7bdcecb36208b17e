import numpy as np
import pytest

from datacheck.models.kernel import kernel_features


def test_inner_products_are_the_kernel_where_every_row_is_a_landmark() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    found = kernel_features(x, 1000, np.random.default_rng(1)).astype(np.float64)
    distance = ((x[:, None] - x[None]) ** 2).sum(axis=-1)
    scale = 2 / np.median(distance[np.triu_indices(60, 1)])
    np.testing.assert_allclose(found @ found.T, np.exp(-scale * distance), atol=2e-3)


def test_fewer_landmarks_approximate_it() -> None:
    x = np.random.default_rng(0).normal(size=(5000, 2))
    found = kernel_features(x, 200, np.random.default_rng(1))
    assert found.shape == (5000, 200)
    assert found.dtype == np.float32
    assert (found**2).sum(axis=1).mean() == pytest.approx(1, abs=0.01)


def test_equal_rows_are_no_obstacle() -> None:
    found = kernel_features(np.ones((20, 2)), 10, np.random.default_rng(0))
    assert np.isfinite(found).all()
    assert kernel_features(np.ones((1, 2)), 10, np.random.default_rng(0)).shape == (1, 1)


def test_rows_that_are_nearly_all_equal_have_features() -> None:
    """The median distance is then rounding alone, and the rows that differ are still told apart."""
    rng = np.random.default_rng(0)
    x = np.ones((200, 4), dtype=np.float32) + 1e-7 * rng.normal(size=(200, 4)).astype(np.float32)
    x[:30, 0] = -1
    found = kernel_features(x, 100, rng)
    similarity = found @ found.T
    np.testing.assert_allclose(similarity[:30, :30], 1, atol=0.01)
    np.testing.assert_allclose(similarity[:30, 30:], 0, atol=0.01)
