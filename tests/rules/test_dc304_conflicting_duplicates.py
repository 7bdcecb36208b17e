from __future__ import annotations

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules import RuleContext
from datacheck.rules.splits.dc304_conflicting_duplicates import ConflictingDuplicates

from .examples import shown
from .split_tables import NEAR_A, A, B, C, context, found


def test_the_one_that_disagrees_is_most_suspect() -> None:
    checked = context([A] * 4 + [B], ["1"] * 4 + ["2"], label=["cat", "dog", "cat", "cat", "dog"])
    outcome = found(ConflictingDuplicates().check(checked))
    assert outcome.findings[0].severity is Severity.ERROR
    assert outcome.findings[0].sample_ids[0] == "1.png"
    assert outcome.issues["note"][1].as_py() == "label 'dog', its copy 'cat'"
    assert outcome.issues.num_rows == 4


def test_near_conflicts_are_told_apart() -> None:
    outcome = found(ConflictingDuplicates().check(context([A, NEAR_A, B], label=["cat", "dog", "dog"])))
    assert [finding.evidence["kind"] for finding in outcome.findings] == ["near"]
    assert outcome.findings[0].severity is Severity.WARNING


def test_folders_of_two_versions_of_the_same_images_are_said_to_be_pairs() -> None:
    spread = [int(value) for value in np.random.default_rng(0).integers(0, 2**62, 12)]
    versions = [*spread, *(value ^ 1 for value in spread)]
    outcome = found(ConflictingDuplicates().check(context(versions, label=["low"] * 12 + ["high"] * 12)))
    assert "they are pairs and no classes" in outcome.findings[0].remedy


def test_targets_within_the_tolerance_agree() -> None:
    content = ["1", "1", "2", "2", "3"]
    checked = context([A, A, B, B, C], content, target=[1.0, 1.01, 0.0, 5.0, 9.0])
    assert found(ConflictingDuplicates().check(checked)).findings[0].sample_ids == ("2.png", "3.png")


def test_sets_of_labels_agree_in_any_order() -> None:
    labels = [["a", "b"], ["b", "a"], ["a"], ["b"], None]
    outcome = found(ConflictingDuplicates().check(context([A, A, B, B, B], ["1", "1", "2", "2", "2"], labels=labels)))
    assert outcome.findings[0].sample_ids == ("2.png", "3.png")
    assert outcome.issues["note"][0].as_py() == "label 'a', its copy 'b'"


def test_the_clean_twin_is_silent() -> None:
    checked = context([A, A, NEAR_A, B], ["1", "1", "2", "3"], label=["cat", "cat", "cat", "dog"])
    assert isinstance(ConflictingDuplicates().check(checked), Passed)
    unlabelled = context([A, A], ["1", "1"], label=["cat", None])
    assert isinstance(ConflictingDuplicates().check(unlabelled), Passed)
    assert isinstance(ConflictingDuplicates().check(context([A])), NotApplicable)


def test_the_example_is_produced() -> None:
    outcome = found(ConflictingDuplicates().check(context([A, A], ["1", "1"], label=["cat", "dog"])))
    assert outcome.findings[0].message == shown(ConflictingDuplicates)


def test_the_edge_of_the_tolerance() -> None:
    target = [0.0, 1.0, 4.0, 4.0]
    spread = float(np.std(target))
    checked = context([A, A, B, C], ["1", "1", "2", "3"], target=target)
    assert isinstance(ConflictingDuplicates(target_tolerance=1 / spread).check(checked), Passed)
    assert isinstance(ConflictingDuplicates(target_tolerance=0.999 / spread).check(checked), Found)


def test_a_placeholder_does_not_hide_a_conflict_of_targets() -> None:
    target = [*np.linspace(0, 10, 20), 3.0, 9.0, 9999.0]
    content = [*(f"c{row}" for row in range(20)), "same", "same", "last"]
    checked = context([A] * 23, content, target=target)
    assert found(ConflictingDuplicates().check(checked)).findings[0].sample_ids == ("20.png", "21.png")


def test_rows_of_a_table_that_contradict_each_other() -> None:
    x = np.random.default_rng(0).normal(size=(60, 5)).round(3)
    x[50:] = x[:10]
    columns = {f"x{k}": x[:, k] for k in range(5)} | {"label": [*"ab" * 25, *"ab" * 3, *"ba" * 2]}
    outcome = found(ConflictingDuplicates().check(RuleContext(Manifest.from_columns(columns))))
    assert outcome.issues["sample_id"].to_pylist() == ["06", "07", "08", "09", "56", "57", "58", "59"]
