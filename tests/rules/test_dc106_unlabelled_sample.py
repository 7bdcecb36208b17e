from __future__ import annotations

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext, explanation
from datacheck.rules.files.dc106_unlabelled_sample import UnlabelledSample
from datacheck.testing import toy_labels

from .examples import shown


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
    assert outcome.findings[0].message == "1 of 3 samples has no label: all of 'test'"


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


def test_the_example_is_produced() -> None:
    outcome = _check(Manifest.from_columns({"label": ["cat", None, "dog", "NaN"]}))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(UnlabelledSample)
    assert f"DC106 {outcome.findings[1].message}" in explanation(UnlabelledSample)


def test_an_infinite_target_is_an_error_that_names_its_row() -> None:
    outcome = _check(Manifest.from_columns({"target": [*np.linspace(-15, 15, 30), np.inf, -np.inf]}))
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert (finding.severity, finding.sample_ids) == (Severity.ERROR, ("30", "31"))
    assert outcome.issues["note"].to_pylist() == ["target inf", "target -inf"]


def test_placeholder_targets_are_named_with_the_usual_range() -> None:
    target = np.linspace(-15, 15, 60)
    target[[17, 4, 5]] = 9999, -999, -999
    outcome = _check(Manifest.from_columns({"target": target}))
    assert isinstance(outcome, Found)
    low, high = outcome.findings
    assert (low.evidence["target"], low.sample_ids) == (-999, ("04", "05"))
    assert (high.evidence["target"], high.sample_ids, high.severity) == (9999, ("17",), Severity.ERROR)
    assert high.message.startswith("1 sample has the target 9,999, far outside all others (-15 to 15)")


def test_a_number_far_outside_that_is_no_code_is_a_warning() -> None:
    outcome = _check(Manifest.from_columns({"target": [*np.linspace(0, 1, 30), 123.5]}))
    assert isinstance(outcome, Found)
    assert [finding.severity for finding in outcome.findings] == [Severity.WARNING]
    assert isinstance(_check(Manifest.from_columns({"target": np.linspace(900, 1100, 201)})), Passed)
    prices = np.random.default_rng(0).lognormal(10, 2, 400)
    assert isinstance(_check(Manifest.from_columns({"target": prices})), Passed)
