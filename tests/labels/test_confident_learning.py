import warnings
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.errors import ProbeError
from datacheck.labels.chunks import map_chunks, row_chunks
from datacheck.labels.confident_learning import (
    FilterBy,
    class_thresholds,
    confident_joint,
    find_label_issues,
    noise_transition,
)


def noisy(n, k, *, seed=0, dtype=np.float32, noise=0.3):
    rng = np.random.default_rng([seed, n, k])
    true = rng.integers(0, k, n)
    labels = np.where(rng.random(n) < noise, rng.integers(0, k, n), true)
    labels[:k] = np.arange(k)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += 2.5
    probs = np.exp(logits)
    return (probs / probs.sum(axis=1, keepdims=True)).astype(dtype), labels


@pytest.fixture(scope="module")
def cleanlab():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("cleanlab")
        from cleanlab import count, filter

        return count, filter


@pytest.mark.parametrize(("n", "k"), [(200, 2), (1000, 5), (3000, 20), (2000, 300)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_joint_thresholds_and_transition_are_cleanlabs(cleanlab, n, k, dtype) -> None:
    count, _ = cleanlab
    probs, labels = noisy(n, k, dtype=dtype)
    np.testing.assert_allclose(class_thresholds(probs, labels), count.get_confident_thresholds(labels, probs))
    for calibrate in (True, False):
        expected = count.compute_confident_joint(labels, probs, calibrate=calibrate)
        np.testing.assert_array_equal(confident_joint(probs, labels, calibrate=calibrate), expected)
    if k > 20:
        return  # cleanlab lifts the transition of classes that are never seen; ours says that they map to themselves
    joint = confident_joint(probs, labels)
    prior, given_if_true, true_if_given = count.estimate_latent(joint, labels)
    ours = noise_transition(joint)
    seen = joint.sum(axis=0) > 0
    np.testing.assert_allclose(ours.given_if_true[seen], given_if_true.T[seen], atol=1e-3)
    np.testing.assert_allclose(ours.true_if_given, true_if_given.T, atol=1e-3)
    np.testing.assert_allclose(ours.prior, prior, atol=1e-6)


@pytest.mark.parametrize(("n", "k"), [(200, 2), (1000, 5), (3000, 20), (2000, 300)])
@pytest.mark.parametrize("filter_by", get_args(FilterBy))
def test_flags_are_cleanlabs(cleanlab, n, k, filter_by) -> None:
    _, filtering = cleanlab
    probs, labels = noisy(n, k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = filtering.find_label_issues(labels, probs, filter_by=filter_by, n_jobs=1)
    flags = find_label_issues(probs, labels, filter_by=filter_by)
    assert flags.sum() > 0
    np.testing.assert_array_equal(flags, expected)


@given(k=st.integers(2, 9), n=st.integers(30, 200), seed=st.integers(0, 50), missing=st.booleans())
@settings(max_examples=40, deadline=None)
def test_joint_rows_hold_the_label_counts_even_where_a_class_is_missing(k, n, seed, missing) -> None:
    probs, labels = noisy(n, k, seed=seed)
    if missing:
        labels = np.where(labels == k - 1, 0, labels)
    joint = confident_joint(probs, labels)
    counts = np.bincount(labels, minlength=k)
    assert joint.sum(axis=1).tolist() == counts.tolist()
    transition = noise_transition(joint)
    np.testing.assert_allclose(transition.given_if_true.sum(axis=1), 1)
    for filter_by in get_args(FilterBy):
        assert find_label_issues(probs, labels, filter_by=filter_by).shape == (n,)


def test_rows_without_label_or_prediction_take_no_part() -> None:
    probs, labels = noisy(300, 4)
    more = np.concatenate([probs, np.full((5, 4), np.nan, np.float32), probs[:5]])
    labels_more = np.r_[labels, labels[:5], np.full(5, -1)]
    np.testing.assert_array_equal(confident_joint(more, labels_more), confident_joint(probs, labels))
    for filter_by in get_args(FilterBy):
        flags = find_label_issues(more, labels_more, filter_by=filter_by)
        np.testing.assert_array_equal(flags[:300], find_label_issues(probs, labels, filter_by=filter_by))
        assert not flags[300:].any()


def test_a_memory_mapped_input_gives_the_same(tmp_path) -> None:
    probs, labels = noisy(3000, 20)
    np.save(tmp_path / "probs.npy", probs)
    mapped = np.load(tmp_path / "probs.npy", mmap_mode="r")
    np.testing.assert_array_equal(find_label_issues(mapped, labels, threads=2), find_label_issues(probs, labels))


def test_an_unknown_filter_suggests_the_near_one() -> None:
    with pytest.raises(ProbeError, match="did you mean 'prune_by_class'"):
        find_label_issues(np.ones((2, 2)) / 2, np.array([0, 1]), filter_by="prune_by_clas")  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [1, 3])
def test_chunks_cover_all_rows_in_order(threads) -> None:
    slices = map_chunks(lambda rows: rows, 1000, 1 << 20, threads=threads)
    assert slices == list(row_chunks(1000, 1 << 20))
    assert [row for part in slices for row in range(part.start, part.stop)] == list(range(1000))
