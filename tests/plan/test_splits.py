"""Splits: what is repaired, what is proposed, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datacheck.manifest import Manifest
from datacheck.plan import make_plan
from datacheck.plan.record import main_split
from datacheck.plan.splits import SHARES, Members, deal, propose_split, repair_split, split_flaws, split_item

THREE = tuple(SHARES)
TWO = ("train", "test")


def test_straddling_groups_go_where_most_of_them_is() -> None:
    split = np.array([0, 0, 1, 1, 0, 1])
    members = Members(np.zeros(6, int), np.array([7, 7, 7, 8, 9, 10]), TWO, ("a",))
    assert split_flaws(split, members).straddling_samples == 3
    repaired = repair_split(split, members, seed=0)
    assert repaired.tolist() == [0, 0, 0, 1, 0, 1]
    assert split_flaws(repaired, members).straddling_groups == 0
    item = split_item(split, repaired, members, seed=0)
    assert item.summary == (
        "move 1 of 6 samples (1 test to train): 1 group of duplicates or of one origin in more than one split"
    )
    assert item.settings["moved"] == {"test to train": 1}


def test_rows_without_a_split_stay_without_one() -> None:
    members = Members(np.zeros(4, int), np.array([1, 1, 2, 3]), TWO, ("a",))
    assert repair_split(np.array([-1, 0, 0, 1]), members, seed=0).tolist() == [-1, 0, 0, 1]


def test_a_class_missing_from_a_split_gets_its_share_in_whole_groups() -> None:
    codes = np.repeat([0, 1], [80, 20])
    split = np.r_[np.repeat([0, 1], [60, 20]), np.zeros(20, int)]
    members = Members(codes, np.arange(100) // 2, TWO, ("a", "b"))
    repaired = repair_split(split, members, seed=0)
    flaws = split_flaws(repaired, members)
    assert flaws.missing == ()
    assert flaws.straddling_groups == 0
    assert (repaired[codes == 1] == 1).sum() == 4
    item = split_item(split, repaired, members, seed=0)
    assert item.verdict == "do"
    assert item.settings["moved"] == {"train to test": 4}
    assert item.settings["missing_before"] == ["b in test"]
    assert item.summary.endswith("no sample of b in test")
    missing = item.metric("classes_missing_from_a_split")
    assert missing is not None
    assert (missing.baseline, missing.estimate.value) == (1, 0)


def test_a_sound_split_is_left_as_it_is() -> None:
    split = np.repeat([0, 1], [70, 30])
    members = Members(np.tile([0, 1], 50), np.arange(100), TWO, ("a", "b"))
    repaired = repair_split(split, members, seed=0)
    assert repaired.tolist() == split.tolist()
    item = split_item(split, repaired, members, seed=0)
    assert (item.verdict, item.name) == ("nothing to do", "given_split")


@pytest.mark.parametrize(("n", "moved"), [(1, 0), (2, 1), (3, 1)])
def test_the_last_training_group_of_a_class_is_not_moved_away(n: int, moved: int) -> None:
    codes = np.array([0] * 10 + [1] * n)
    split = np.array([0] * 5 + [1] * 5 + [0] * n)
    members = Members(codes, np.arange(10 + n), TWO, ("a", "b"))
    assert (repair_split(split, members, seed=0)[10:] == 1).sum() == moved


def test_a_class_with_fewer_groups_than_splits_keeps_all_its_training_samples() -> None:
    codes = np.array([0] * 12 + [1] * 2)
    split = np.array([0] * 4 + [1] * 4 + [2] * 4 + [0] * 2)
    members = Members(codes, np.arange(14), THREE, ("a", "b"))
    repaired = repair_split(split, members, seed=0)
    assert repaired.tolist() == split.tolist()
    said = split_item(split, repaired, members, seed=0).summary
    assert said.startswith("too few samples to fill b in val, b in test: collect more")


def test_a_group_that_another_class_needs_for_training_does_not_move() -> None:
    codes = np.array([0, 0, 0, 0, 0, 0, 1])
    groups = np.array([0, 1, 2, 3, 4, 5, 0])
    split = np.array([0, 0, 0, 0, 1, 1, 0])
    for seed in range(8):
        members = Members(np.r_[codes, 2, 2, 2], np.r_[groups, 1, 6, 7], TWO, ("a", "b", "c"))
        repaired = repair_split(np.r_[split, 0, 0, 0], members, seed=seed)
        assert repaired[[0, 6]].tolist() == [0, 0]
        assert (repaired[7:] == 1).sum() == 1


def test_a_class_never_gives_away_its_last_sample_however_large_the_other_split() -> None:
    members = Members(np.r_[np.zeros(41, int), 1, 1, 1], np.arange(44), TWO, ("a", "b"))
    split = np.r_[0, np.ones(40, int), 0, 0, 0]
    assert np.bincount(repair_split(split, members, seed=0)[41:]).tolist() == [1, 2]


def test_samples_in_groups_of_rarer_classes_count_towards_the_shares_of_a_class() -> None:
    codes = np.r_[np.tile([0, 1], 3), np.zeros(17, int)]
    members = Members(codes, np.r_[np.repeat([0, 1, 2], 2), np.arange(3, 20)], THREE, ("a", "b"))
    assert members.counts(propose_split(members, seed=0)).tolist() == [[14, 3, 3], [1, 1, 1]]


def test_training_is_served_before_the_other_splits() -> None:
    """Two samples of b, both in val: one goes to training, none to test."""
    codes = np.array([0] * 12 + [1] * 2)
    split = np.array([0] * 8 + [1] * 2 + [2] * 2 + [1] * 2)
    for train, splits in ((0, THREE), (2, ("a_val", "b_test", "train"))):
        turned = split if train == 0 else np.array([2, 0, 1])[split]
        members = Members(codes, np.arange(14), splits, ("a", "b"), train)
        counts = members.counts(repair_split(turned, members, seed=0))[1]
        assert counts[train] == 1
        assert counts.sum() == 2


def test_a_class_without_training_samples_is_named() -> None:
    codes, split = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    members = Members(codes, np.arange(4), TWO, ("a", "b", "never"))
    item = split_item(split, repair_split(split, members, seed=0), members, seed=0)
    assert item.summary.endswith("; without a training sample: b, never")
    many = Members(np.zeros(2, int), np.arange(2), TWO, tuple("abcdefg"))
    assert split_item(np.array([0, 1]), np.array([0, 1]), many, seed=0).summary.endswith("b, c, d, e, f and 1 more")


def test_a_proposed_split_is_stratified_and_keeps_groups_whole() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 150, 400)
    codes = (groups % 3 == 0).astype(int)
    members = Members(codes, groups, THREE, ("a", "b"))
    split = propose_split(members, seed=1)
    assert split_flaws(split, members).straddling_groups == 0
    np.testing.assert_allclose(np.bincount(split) / 400, [0.7, 0.15, 0.15], atol=0.02)
    np.testing.assert_allclose(codes[split == 1].mean(), codes.mean(), atol=0.05)
    assert propose_split(members, seed=1).tolist() == split.tolist()
    assert propose_split(members, seed=2).tolist() != split.tolist()


def test_the_proposed_split_says_its_sizes_and_which_classes_are_too_small_for_it() -> None:
    members = Members(np.repeat([0, 1, 2], [100, 4, 2]), np.arange(106), THREE, ("a", "b", "c"))
    item = split_item(np.full(106, -1), propose_split(members, seed=0), members, seed=0)
    assert (item.name, item.verdict) == ("proposed_split", "do")
    assert item.settings["sizes"] == {"train": 74, "val": 16, "test": 16}
    assert item.summary == (
        "the data came without a split: use the proposed one (train 74, val 16, test 16), stratified by class, with "
        "groups and duplicates kept together; too few samples for c in val, c in test"
    )


@pytest.mark.parametrize(
    ("n", "wanted"),
    [
        (1, [1, 0, 0]),
        (2, [2, 0, 0]),
        (3, [1, 1, 1]),
        (4, [2, 1, 1]),
        (5, [3, 1, 1]),
        (20, [14, 3, 3]),
        (200, [140, 30, 30]),
    ],
)
def test_how_many_samples_of_a_class_each_split_gets(n: int, wanted: list[int]) -> None:
    assert np.bincount(deal(np.ones(n, int), np.zeros(3, int)), minlength=3).tolist() == wanted


def test_large_groups_go_where_most_is_lacking_and_no_split_stays_empty() -> None:
    assert deal(np.array([2, 10, 2]), np.zeros(3, int)).tolist() == [1, 0, 2]
    assert deal(np.array([1, 1, 40]), np.zeros(3, int)).tolist() == [1, 2, 0]
    assert deal(np.array([1, 1]), np.array([0, 5, 0])).tolist() == [0, 2]
    assert deal(np.array([1]), np.array([9, 1, 0])).tolist() == [2]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 25)), min_size=1, max_size=80), st.integers(0, 3))
def test_whatever_the_classes_and_groups_no_group_straddles_and_enough_groups_are_everywhere(
    samples: list[tuple[int, int]], seed: int
) -> None:
    """Groups of one class: with three or more of them the class is in every split, with fewer only in training."""
    codes = np.array([code for code, _ in samples])
    groups = np.array([30 * code + group for code, group in samples])
    members = Members(codes, groups, THREE, tuple("abcde"))
    split = propose_split(members, seed=seed)
    assert split_flaws(split, members).straddling_groups == 0
    for code in np.unique(codes):
        n_groups = len(np.unique(groups[codes == code]))
        assert n_groups == members.group_counts[code]
        assert set(split[codes == code]) == ({0, 1, 2} if n_groups >= 3 else {0})


@settings(max_examples=80, deadline=None)
@example([(0, 0), (0, 1), (0, 2), (1, 0), (2, 1)])
@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 20)), min_size=1, max_size=60))
def test_groups_of_several_classes_stay_whole_and_every_class_is_trained_on(samples: list[tuple[int, int]]) -> None:
    codes, groups = (np.array(column) for column in zip(*samples, strict=True))
    members = Members(codes, groups, THREE, tuple("abcd"))
    split = propose_split(members, seed=0)
    assert (split >= 0).all()
    assert split_flaws(split, members).straddling_groups == 0
    assert (members.counts(split)[:, 0] > 0).tolist() == [bool((codes == code).any()) for code in range(4)]


@pytest.mark.parametrize("counts", [(200, 3, 1), (200, 4, 4), (500, 20, 2), (200, 200, 1)])
def test_a_plan_for_small_classes_trains_on_each_and_names_the_small_ones(counts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(counts)
    labels = np.repeat(["common", "rare", "rarest"], counts)
    features = rng.normal(size=(len(labels), 8))
    features[labels == "rare", 0] += 3
    features[labels == "rarest", 1] += 3
    plan = make_plan(Manifest.from_columns({"label": labels}), features=features, n_seeds=1)
    train = labels[plan.rows("train")].tolist()
    for name, count in zip(("common", "rare", "rarest"), counts, strict=True):
        assert train.count(name) == (count if count < 3 else train.count(name))
        assert train.count(name) >= 1
        for split in plan.splits:
            assert count < 3 or name in labels[plan.rows(split)]
    assert not any("classes are balanced" in item.summary for item in plan.items)
    few = {"rare", "rarest"} if counts[1] <= 20 else {"rarest"}
    assert {item.name for item in plan.by_kind("collect") if item.verdict == "do"} >= few
    used = plan.rebalancing
    weights = [] if used is None else list(used.settings["loss_weights"].values())
    assert all(np.isfinite(weight) and weight > 0 for weight in weights)


def test_the_split_to_train_on() -> None:
    assert main_split(("x", "y"), (3, 3)) == "x"
    assert main_split((), ()) == "train"
