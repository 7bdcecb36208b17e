from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.splits.dc301_exact_duplicate import ExactDuplicate
from datacheck.rules.splits.dc304_conflicting_duplicates import ConflictingDuplicates
from datacheck.testing import measurements_for

from .examples import shown
from .split_tables import A, B, C, context, found


def test_copies_are_counted_without_the_first() -> None:
    outcome = found(ExactDuplicate().check(context([A, A, A, B, C], ["1", "1", "1", "2", "3"])))
    finding = outcome.findings[0]
    assert finding.evidence["n_copies"] == 2
    assert finding.evidence["clusters"] == [["0.png", "1.png", "2.png"]]
    assert finding.sample_ids == ("1.png", "2.png", "0.png")
    assert outcome.issues["related_id"].to_pylist() == [None, "0.png", "0.png"]


def test_copies_in_two_splits_are_left_to_dc303() -> None:
    assert isinstance(ExactDuplicate().check(context([A, A], ["1", "1"], split=["train", "test"])), Passed)


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(ExactDuplicate().check(context([A, B, C])), Passed)


def test_without_content_it_cannot_be_judged() -> None:
    assert isinstance(ExactDuplicate().check(RuleContext(Manifest.from_columns({"label": ["a"]}))), NotApplicable)


def test_issues_have_no_cap_and_findings_do() -> None:
    n = 500
    outcome = found(ExactDuplicate().check(context([A] * n, ["1"] * n)))
    assert outcome.issues.num_rows == n
    assert len(outcome.findings[0].sample_ids) == 100
    assert outcome.findings[0].evidence["cluster_sizes"] == [n]
    assert len(outcome.findings[0].evidence["clusters"][0]) == 20


def test_the_example_is_produced() -> None:
    outcome = found(ExactDuplicate().check(context([A, A, B], ["1", "1", "2"])))
    assert outcome.findings[0].message == shown(ExactDuplicate)


def test_copies_with_different_labels_are_left_to_dc304() -> None:
    hashes, content = [A, A, B, B, C], ["1", "1", "2", "2", "3"]
    outcome = found(ExactDuplicate().check(context(hashes, content, label=["cat", "dog", "cat", "cat", "dog"])))
    assert outcome.findings[0].evidence["clusters"] == [["2.png", "3.png"]]
    assert isinstance(ExactDuplicate().check(context([A, A], ["1", "1"], label=["cat", "dog"])), Passed)


def test_repeated_rows_of_a_table_are_found_and_rows_equal_by_chance_are_not() -> None:
    texts = [f"The {animal} crossed the road to the {place}, {n} times" for animal in ("cat", "dog", "owl")
             for place in ("barn", "house") for n in range(9)]  # fmt: skip
    repeated = Manifest.from_columns({"text": [*texts, *texts[:3]], "label": ["a"] * 57})
    assert found(ExactDuplicate().check(RuleContext(repeated))).findings[0].evidence["n_copies"] == 3
    once = Manifest.from_columns({"text": texts, "label": ["a"] * 54})
    assert isinstance(ExactDuplicate().check(RuleContext(once)), Passed)
    colours = Manifest.from_columns({"colour": ["red", "blue"] * 50, "label": ["a"] * 100})
    assert isinstance(ExactDuplicate().check(RuleContext(colours)), NotApplicable)


def test_one_image_with_a_row_for_each_box_has_no_copies() -> None:
    columns = {"sample_id": ["1", "2", "3"], "uri": ["a.png", "a.png", "b.png"], "label": ["cat", "dog", "cat"]}
    for xmin, outcomes in (([5, 9, 5], (Passed, Passed)), ([5, 5, 5], (Passed, Found))):
        manifest = Manifest.from_columns({**columns, "xmin": xmin})
        checked = RuleContext(manifest, measurements_for(manifest, content_hash=["1", "1", "2"]))
        assert isinstance(ExactDuplicate().check(checked), outcomes[0])
        assert isinstance(ConflictingDuplicates().check(checked), outcomes[1])
    manifest = Manifest.from_columns({**columns, "label": ["cat"] * 3, "xmin": [5, 5, 5]})
    checked = RuleContext(manifest, measurements_for(manifest, content_hash=["1", "1", "2"]))
    assert found(ExactDuplicate().check(checked)).findings[0].n_affected == 2


def test_many_clusters_in_three_splits_are_kept_apart() -> None:
    content = [str(row // 6) for row in range(36)]
    splits = ["train", "val", "test", "train", "val", "test"] * 6
    outcome = found(ExactDuplicate().check(context([A] * 36, content, split=splits)))
    assert outcome.findings[0].evidence["n_clusters"] == 18
    assert outcome.findings[0].evidence["n_copies"] == 18
    assert outcome.findings[0].evidence["clusters"][0] == ["0.png", "3.png"]
