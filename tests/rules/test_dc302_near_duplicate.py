from __future__ import annotations

from datacheck.findings import NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.splits.dc302_near_duplicate import NearDuplicate

from .examples import shown
from .split_tables import NEAR_A, A, B, C, context, found


def test_near_copies_within_a_split() -> None:
    outcome = found(NearDuplicate().check(context([A, B, NEAR_A, C], split=["train"] * 4)))
    assert outcome.findings[0].evidence["clusters"] == [["0.png", "2.png"]]
    assert outcome.findings[0].evidence["n_copies"] == 1
    assert outcome.issues["related_id"].to_pylist() == [None, "0.png"]


def test_exact_copies_alone_are_left_to_dc301_and_other_splits_to_dc303() -> None:
    assert isinstance(NearDuplicate().check(context([A, A, B], ["1", "1", "2"])), Passed)
    assert isinstance(NearDuplicate().check(context([A, NEAR_A], split=["train", "test"])), Passed)


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(NearDuplicate().check(context([A, B, C])), Passed)


def test_the_example_is_produced() -> None:
    outcome = found(NearDuplicate().check(context([A, NEAR_A, B])))
    assert outcome.findings[0].message == shown(NearDuplicate)


def test_near_copies_with_different_labels_are_left_to_dc304() -> None:
    assert isinstance(NearDuplicate().check(context([A, NEAR_A, B], label=["cat", "dog", "cat"])), Passed)


def test_a_table_has_no_near_duplicates() -> None:
    assert isinstance(NearDuplicate().check(RuleContext(Manifest.from_columns({"x": [1.5, 1.5]}))), NotApplicable)


def test_an_exact_copy_in_a_near_cluster_stands_for_its_first_file() -> None:
    outcome = found(NearDuplicate().check(context([A, A, NEAR_A, B], ["1", "1", "2", "3"])))
    assert outcome.findings[0].sample_ids == ("2.png", "0.png")
    assert outcome.findings[0].evidence["n_copies"] == 1
