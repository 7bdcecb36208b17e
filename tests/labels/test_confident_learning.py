import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.labels.confident_learning import (
    ConfidentLearning,
    _keep_one_per_class,
    _lowest,
    confident_classes,
    find_label_issues,
)
from datacheck.labels.noise_matrix import noise_matrix
from datacheck.labels.rows import row_statistics

from .worlds import noisy


@pytest.fixture(scope="module")
def cleanlab():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("cleanlab")
        from cleanlab import count, filter

        return count, filter


def issues(probs, labels):
    rows = row_statistics(probs, labels)
    return find_label_issues(rows, ConfidentLearning.of(rows).joint)


@pytest.mark.parametrize(("n", "k"), [(200, 2), (1000, 5), (3000, 20), (2000, 300)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_thresholds_joint_and_noise_matrix_are_cleanlabs(cleanlab, n, k, dtype) -> None:
    count, _ = cleanlab
    probs, labels, _ = noisy(n, k, dtype=dtype)
    found = ConfidentLearning.of(row_statistics(probs, labels))
    np.testing.assert_allclose(found.thresholds, count.get_confident_thresholds(labels, probs))
    np.testing.assert_array_equal(found.joint, count.compute_confident_joint(labels, probs))
    if k > 20:
        return  # cleanlab gives classes that are never seen other rows; ours says that they map to themselves
    expected = count.estimate_latent(found.joint, labels)[1].T
    seen = found.joint.sum(axis=0) > 0
    np.testing.assert_allclose(noise_matrix(found.joint)[seen], expected[seen], atol=1e-3)


@pytest.mark.parametrize(("n", "k"), [(200, 2), (1000, 5), (3000, 20), (2000, 300)])
@pytest.mark.parametrize("seed", [0, 1])
def test_flags_are_cleanlabs(cleanlab, n, k, seed) -> None:
    _, filtering = cleanlab
    probs, labels, _ = noisy(n, k, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = filtering.find_label_issues(labels, probs, n_jobs=1)
    flags = issues(probs, labels)
    assert flags.sum() > 0
    np.testing.assert_array_equal(flags, expected)


@given(k=st.integers(2, 9), n=st.integers(30, 200), seed=st.integers(0, 50), missing=st.booleans())
@settings(max_examples=40, deadline=None)
def test_joint_rows_hold_the_label_counts_even_where_a_class_is_missing(k, n, seed, missing) -> None:
    probs, labels, _ = noisy(n, k, seed=seed)
    if missing:
        labels = np.where(labels == k - 1, 0, labels)
    joint = ConfidentLearning.of(row_statistics(probs, labels)).joint
    assert joint.sum(axis=1).tolist() == np.bincount(labels, minlength=k).tolist()
    assert issues(probs, labels).shape == (n,)


def test_rows_without_label_or_prediction_take_no_part() -> None:
    probs, labels, _ = noisy(300, 4)
    more = np.concatenate([probs, np.full((5, 4), np.nan, np.float32), probs[:5]])
    labels_more = np.r_[labels, labels[:5], np.full(5, -1)]
    whole, part = (ConfidentLearning.of(row_statistics(*inputs)) for inputs in ((more, labels_more), (probs, labels)))
    np.testing.assert_array_equal(whole.joint, part.joint)
    np.testing.assert_array_equal(whole.confident, np.r_[part.confident, np.full(10, -1)])
    flags = issues(more, labels_more)
    np.testing.assert_array_equal(flags[:300], issues(probs, labels))
    assert not flags[300:].any()


def test_a_memory_mapped_input_gives_the_same(tmp_path) -> None:
    probs, labels, _ = noisy(3000, 20)
    np.save(tmp_path / "probs.npy", probs)
    mapped = np.load(tmp_path / "probs.npy", mmap_mode="r")
    np.testing.assert_array_equal(issues(mapped, labels), issues(probs, labels))


def test_a_sample_belongs_to_the_one_class_whose_threshold_it_reaches_or_to_the_most_likely_of_several() -> None:
    probs = np.array([[0.5, 0.3, 0.2], [0.2, 0.45, 0.35], [0.1, 0.2, 0.7], [0.6, 0.2, 0.2]])
    rows = row_statistics(probs, np.array([0, 1, 2, -1]))
    confident = confident_classes(rows, np.array([0.6, 0.4, 0.35]))
    assert confident.tolist() == [-1, 1, 2, -1]
    assert confident_classes(rows, np.array([0.2, 0.9, 0.35])).tolist() == [0, 1, 2, -1]
    assert confident_classes(rows, np.array([0.500001, 0.9, 0.9])).tolist() == [0, -1, -1, -1]


def test_a_class_without_samples_has_no_confident_members() -> None:
    probs = np.array([[0.0, 1.0, 0.0], [0.1, 0.1, 0.8]])
    found = ConfidentLearning.of(row_statistics(probs, np.array([2, 2])))
    assert found.thresholds.tolist() == [2.0, 2.0, 0.4]
    assert found.confident.tolist() == [-1, 2]


def test_a_label_that_is_the_most_likely_class_is_never_flagged() -> None:
    probs, labels, _ = noisy(500, 3, noise=0.6)
    flags = issues(probs, labels)
    assert not flags[probs.argmax(axis=1) == labels].any()


def test_at_least_one_sample_of_each_class_is_kept_as_cleanlab_keeps_it(cleanlab) -> None:
    _, filtering = cleanlab
    rng = np.random.default_rng(0)
    for k in (2, 3, 6):
        for _ in range(20):
            prune = rng.integers(0, 6, (k, k)) * (rng.random((k, k)) < 0.7)
            prune[np.arange(k), np.arange(k)] *= rng.random(k) < 0.5
            expected = filtering._keep_at_least_n_per_class(prune.T, n=1).T
            np.testing.assert_array_equal(_keep_one_per_class(prune.T).T, expected)


def test_of_equal_values_the_first_are_the_lowest() -> None:
    values = np.array([0.3, 0.1, 0.3, 0.3, 0.2, 0.9])
    marked = [np.flatnonzero(_lowest(values, count)).tolist() for count in (1, 2, 3, 4, 5, 6, 7)]
    assert marked == [[1], [1, 4], [0, 1, 4], [0, 1, 2, 4], [0, 1, 2, 3, 4], list(range(6)), list(range(6))]


def test_no_label_at_all_gives_an_empty_joint() -> None:
    rows = row_statistics(np.full((3, 2), 0.5), np.full(3, -1))
    assert ConfidentLearning.of(rows).joint.tolist() == [[0, 0], [0, 0]]
    assert not issues(np.full((3, 2), 0.5), np.full(3, -1)).any()
