"""Folds are even, seeded, and never separate what belongs together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacheck.errors import ProbeError
from datacheck.models.folds import assign_folds, join_groups


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(20, 200))
def test_no_group_straddles_and_every_row_has_a_fold(seed: int, n_folds: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, max(n // 2, n_folds), n)
    groups[:n_folds] = np.arange(n_folds)
    dealt = assign_folds(rng.integers(-1, 4, n), groups, n_folds=n_folds, seed=seed)
    assert (dealt.fold >= 0).all()
    for group in np.unique(groups):
        assert len(np.unique(dealt.fold[groups == group])) == 1


def test_single_samples_are_spread_to_within_one_a_class() -> None:
    strata = np.repeat([0, 1, 2], [100, 53, 7])
    dealt = assign_folds(strata, np.arange(160), n_folds=5, seed=3)
    for value in range(3):
        counts = np.bincount(dealt.fold[strata == value], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_same_seed_same_folds_and_another_seed_others() -> None:
    strata = np.arange(100) % 4
    first, again, other = (assign_folds(strata, np.arange(100), n_folds=5, seed=s).fold for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_groups_in_any_column_are_joined() -> None:
    joined = join_groups(np.array([5, 5, -1, -1, 7]), np.array([-1, 2, 2, -1, -1]), np.array([-1, -1, -1, 1, 1]))
    assert joined[0] == joined[1] == joined[2]
    assert joined[3] == joined[4] != joined[0]


def test_unusable_rows_take_no_part() -> None:
    usable = np.ones(40, dtype=bool)
    usable[[3, 8]] = False
    dealt = assign_folds(np.zeros(40, int), np.arange(40), n_folds=4, seed=0, usable=usable)
    assert dealt.fold[[3, 8]].tolist() == [-1, -1]
    assert np.bincount(dealt.fold[usable]).tolist() == [10, 10, 9, 9]


def test_rare_and_absent_classes_are_said() -> None:
    strata = np.array([0] * 20 + [1] * 2)
    dealt = assign_folds(strata, np.arange(22), n_folds=5, seed=0, names=("cat", "lynx", "tiger"))
    assert "1 of 3 classes have fewer independent samples than the 5 folds: lynx (2)" in dealt.notes[0]
    assert dealt.notes[1] == "no sample is labelled tiger: the probe cannot predict what it has not seen"


def test_fewer_groups_than_folds_is_an_error_with_the_counts() -> None:
    with pytest.raises(ProbeError, match=r"at least 3 independent samples .* found 2 in 10 rows"):
        assign_folds(np.zeros(10, int), np.arange(10) % 2, n_folds=3, seed=0)
    with pytest.raises(ProbeError, match="expected 2 or more folds, found 1"):
        assign_folds(np.zeros(10, int), np.arange(10), n_folds=1, seed=0)


def test_large_groups_leave_every_class_even() -> None:
    """Ten groups of one class and ten of another, of unlike sizes: each fold gets about a fifth of each class."""
    sizes = np.r_[np.full(10, 8), np.full(10, 5)]
    groups = np.repeat(np.arange(20), sizes)
    strata = (groups >= 10).astype(int)
    dealt = assign_folds(strata, groups, n_folds=5, seed=0)
    for value, each in ((0, 16), (1, 10)):
        assert np.bincount(dealt.fold[strata == value], minlength=5).tolist() == [each] * 5


def test_a_rare_class_weighs_as_much_as_a_common_one() -> None:
    """Groups hold 9 samples of a common class, and some one of a rare class: the rare ones are spread first."""
    rare = np.arange(20) % 4 == 0
    groups = np.repeat(np.arange(20), 10)
    strata = np.where((np.arange(200) % 10 == 9) & rare[groups], 1, 0)
    dealt = assign_folds(strata, groups, n_folds=5, seed=1)
    assert np.bincount(dealt.fold[strata == 1], minlength=5).tolist() == [1] * 5
    assert np.bincount(dealt.fold, minlength=5).tolist() == [40] * 5


def test_the_largest_group_is_assigned_first_and_single_samples_fill_up() -> None:
    groups = np.r_[np.zeros(30, int), np.ones(10, int), np.arange(2, 82)]
    dealt = assign_folds(np.zeros(120, int), groups, n_folds=4, seed=0)
    assert np.bincount(dealt.fold, minlength=4).tolist() == [30] * 4
    assert dealt.fold[0] != dealt.fold[30]


def test_samples_without_class_are_spread_like_a_class_of_their_own() -> None:
    strata = np.repeat([-1, 0, 1], [50, 25, 25])
    dealt = assign_folds(strata, np.arange(100), n_folds=5, seed=0)
    assert [np.bincount(dealt.fold[strata == value], minlength=5).tolist() for value in (-1, 0, 1)] == [
        [10] * 5,
        [5] * 5,
        [5] * 5,
    ]
    nobody = assign_folds(np.full(20, -1), np.arange(20), n_folds=4, seed=0)
    assert np.bincount(nobody.fold).tolist() == [5] * 4


def test_folds_of_equal_classes_are_filled_from_the_smallest() -> None:
    strata = np.repeat([0, 1, 2, 3], 6)
    dealt = assign_folds(strata, np.arange(24), n_folds=5, seed=0)
    sizes = np.bincount(dealt.fold, minlength=5)
    assert sizes.max() - sizes.min() <= 1


def test_a_group_number_of_minus_1_is_alone_in_its_column() -> None:
    assert len(np.unique(join_groups(np.full(5, -1), np.array([-1, 0, 0, -1, -1])))) == 4
    assert join_groups(np.array([3, -1, 3]), np.array([0, 1, 1])).tolist() == [0, 0, 0]


def test_ten_classes_are_named_and_no_more() -> None:
    names = tuple(f"class{number}" for number in range(26))
    strata = np.r_[np.zeros(40, int), np.arange(1, 13)]
    rare, absent = assign_folds(strata, np.arange(52), n_folds=5, seed=0, names=names).notes
    assert "12 of 26 classes have fewer independent samples than the 5 folds" in rare
    assert "class10 (1)" in rare
    assert "class11" not in rare
    assert "class22" in absent
    assert "class23" not in absent
    assert assign_folds(np.zeros(10, int), np.arange(10), n_folds=5, seed=0, names=("a",)).notes == ()


def test_copies_of_a_rare_class_count_once() -> None:
    strata = np.r_[np.zeros(20, int), np.ones(6, int)]
    groups = np.r_[np.arange(20), [20, 20, 20, 21, 22, 22]]
    dealt = assign_folds(strata, groups, n_folds=3, seed=0, names=("cat", "lynx"))
    assert dealt.notes == ()
    (note,) = assign_folds(strata, groups, n_folds=4, seed=0, names=("cat", "lynx")).notes
    assert "lynx (3)" in note
