from __future__ import annotations

from datacheck.findings import NotApplicable, Passed, Severity
from datacheck.rules.splits.dc303_split_leakage import SplitLeakage

from .split_tables import NEAR_A, A, B, C, context, found


def test_exact_and_near_copies_across_splits() -> None:
    splits = ["train", "train", "test", "test", "test", "val"]
    checked = context([A, B, B, NEAR_A, C, (2**20 - 1) << 15], ["a", "b", "b", "d", "e", "f"], split=splits)
    outcome = found(SplitLeakage().check(checked))
    (finding,) = outcome.findings
    assert finding.severity is Severity.ERROR
    assert (finding.evidence["earlier"], finding.evidence["later"]) == ("train", "test")
    assert (finding.evidence["n_exact"], finding.evidence["n_near"]) == (1, 1)
    assert finding.evidence["share"]["value"] == 2 / 3
    assert finding.evidence["clusters"] == [["2.png", "1.png"], ["3.png", "0.png"]]
    assert outcome.issues["note"].to_pylist() == ["exact duplicate in train", "near duplicate in train"]


def test_copies_within_a_split_are_not_leakage() -> None:
    splits = ["train", "train", "test"]
    assert isinstance(SplitLeakage().check(context([A, NEAR_A, B], split=splits)), Passed)


def test_the_clean_twin_is_silent_and_one_split_cannot_leak() -> None:
    assert isinstance(SplitLeakage().check(context([A, B, C], split=["train", "val", "test"])), Passed)
    assert isinstance(SplitLeakage().check(context([A, A])), NotApplicable)
