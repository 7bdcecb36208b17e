"""A small part has its share of every class, keeps groups whole, and does not depend on anything but the seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.exporting.share import small_part


def test_each_stratum_has_its_share() -> None:
    strata = np.repeat([3, 7, 9], [500, 100, 20])
    rows = small_part(strata, np.arange(620), 0.1, seed=1)
    assert {int(k): int((strata[rows] == k).sum()) for k in (3, 7, 9)} == {3: 50, 7: 10, 9: 2}


def test_a_rare_stratum_keeps_one_group_and_the_smallest_where_all_are_too_large() -> None:
    strata = np.repeat([0, 1], [100, 9])
    groups = np.concatenate([np.arange(100), np.repeat([100, 101], [6, 3])])
    rows = small_part(strata, groups, 0.1, seed=0)
    assert np.bincount(strata[rows]).tolist() == [10, 3]


def test_a_group_of_two_classes_counts_for_both() -> None:
    strata = np.tile([0, 1], 50)
    groups = np.arange(100) // 2  # each holds one of each class
    rows = small_part(strata, groups, 0.2, seed=0)
    assert np.bincount(strata[rows]).tolist() == [10, 10]


def test_the_seed_alone_decides() -> None:
    strata, groups = np.arange(200) % 4, np.arange(200)
    one, again, other = (small_part(strata, groups, 0.2, seed=seed).tolist() for seed in (0, 0, 1))
    assert one == again
    assert one != other
    assert len(other) == len(one) == 40


@settings(max_examples=60, deadline=None)
@given(data=st.data(), share=st.floats(0.01, 0.99))
def test_groups_stay_whole_and_no_stratum_is_lost(data: st.DataObject, share: float) -> None:
    n = data.draw(st.integers(1, 60))
    strata = np.array(data.draw(st.lists(st.integers(-1, 4), min_size=n, max_size=n)))
    groups = np.array(data.draw(st.lists(st.integers(0, 20), min_size=n, max_size=n)))
    rows = small_part(strata, groups, share, seed=0)
    assert np.isin(groups, groups[rows]).sum() == len(rows)
    assert set(strata[rows].tolist()) == set(strata.tolist())
    assert rows.tolist() == sorted(set(rows.tolist()))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_with_small_groups_the_share_is_met(share: float) -> None:
    rng = np.random.default_rng(0)
    strata = rng.integers(0, 3, 3000)
    groups = rng.integers(0, 1500, 3000) * 3 + strata  # of about two samples, each of one class
    rows = small_part(strata, groups, share, seed=0)
    assert np.abs(np.bincount(strata[rows]) / np.bincount(strata) - share).max() < 0.005
