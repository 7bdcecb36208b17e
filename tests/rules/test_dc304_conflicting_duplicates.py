from __future__ import annotations

from datacheck.findings import NotApplicable, Passed, Severity
from datacheck.rules.splits.dc304_conflicting_duplicates import ConflictingDuplicates

from .split_tables import NEAR_A, A, B, C, context, found


def test_the_one_that_disagrees_is_most_suspect() -> None:
    checked = context([A] * 4 + [B], ["1"] * 4 + ["2"], label=["cat", "dog", "cat", "cat", "dog"])
    outcome = found(ConflictingDuplicates().check(checked))
    assert outcome.findings[0].severity is Severity.ERROR
    assert outcome.findings[0].sample_ids[0] == "1.png"
    assert outcome.issues["note"][1].as_py() == "labelled 'dog', its duplicate 'cat'"
    assert outcome.issues.num_rows == 4


def test_near_conflicts_are_told_apart() -> None:
    outcome = found(ConflictingDuplicates().check(context([A, NEAR_A, B], label=["cat", "dog", "dog"])))
    assert [finding.evidence["kind"] for finding in outcome.findings] == ["near"]
    assert outcome.findings[0].severity is Severity.WARNING


def test_targets_within_the_tolerance_agree() -> None:
    content = ["1", "1", "2", "2", "3"]
    checked = context([A, A, B, B, C], content, target=[1.0, 1.01, 0.0, 5.0, 9.0])
    assert found(ConflictingDuplicates().check(checked)).findings[0].sample_ids == ("2.png", "3.png")


def test_sets_of_labels_agree_in_any_order() -> None:
    labels = [["a", "b"], ["b", "a"], ["a"], ["b"], None]
    outcome = found(ConflictingDuplicates().check(context([A, A, B, B, B], ["1", "1", "2", "2", "2"], labels=labels)))
    assert outcome.findings[0].sample_ids == ("2.png", "3.png")
    assert outcome.issues["note"][0].as_py() == "labelled 'a', its duplicate 'b'"


def test_the_clean_twin_is_silent() -> None:
    checked = context([A, A, NEAR_A, B], ["1", "1", "2", "3"], label=["cat", "cat", "cat", "dog"])
    assert isinstance(ConflictingDuplicates().check(checked), Passed)
    unlabelled = context([A, A], ["1", "1"], label=["cat", None])
    assert isinstance(ConflictingDuplicates().check(unlabelled), Passed)
    assert isinstance(ConflictingDuplicates().check(context([A])), NotApplicable)
