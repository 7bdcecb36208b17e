from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc106_unlabelled_sample import UnlabelledSample
from datacheck.testing import toy_labels


def _check(manifest: Manifest) -> object:
    return UnlabelledSample().check(RuleContext(manifest))


def test_missing_labels_are_counted_by_split() -> None:
    columns = {"label": ["cat", None, "dog", "dog"], "split": ["train", "train", "test", "test"]}
    outcome = _check(Manifest.from_columns(columns))
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert (finding.severity, finding.sample_ids) == (Severity.WARNING, ("1",))
    assert finding.evidence["by_split"]["train"] == {"missing": 1, "samples": 2, "share": 0.5}


def test_a_split_without_any_label_is_information() -> None:
    outcome = _check(Manifest.from_columns({"label": ["cat", "dog", None], "split": ["train", "train", "test"]}))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.findings[0].message == "1 of 3 samples has no label: the whole of 'test'"


def test_classes_that_stand_for_nothing_are_named() -> None:
    outcome = _check(Manifest.from_columns({"label": ["cat", "NaN", "", "unknown", "dog"]}))
    assert isinstance(outcome, Found)
    assert {finding.evidence["class"]: finding.severity for finding in outcome.findings} == {
        "": Severity.WARNING,
        "NaN": Severity.WARNING,
        "unknown": Severity.INFO,
    }


def test_targets_and_multilabel() -> None:
    outcome = _check(Manifest.from_columns({"target": [1.0, float("nan"), 2.0]}))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == "1 of 3 samples has no target"
    assert isinstance(_check(Manifest.from_columns({"labels": [["a"], [], ["a", "b"]]})), Passed)


def test_clean_twins_are_silent() -> None:
    assert _check(toy_labels(30)) == Passed("all 30 samples have their label")
    assert isinstance(_check(Manifest.from_columns({"label": ["nonesuch", "nancy", "background"]})), Passed)
    assert isinstance(_check(Manifest.from_columns({"uri": ["a.jpg"]})), NotApplicable)
