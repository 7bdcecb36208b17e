"""Rules that judge multilabel data label by label."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.findings import Finding, Found, NotApplicable, Outcome, Passed, Severity
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.files.dc108_labels_carry_no_signal import LabelsCarryNoSignal
from datacheck.rules.labels.dc501_mislabel import Mislabel
from datacheck.rules.labels.dc502_confusable_classes import ConfusableClasses
from datacheck.rules.labels.dc504_shortcut import Shortcut
from datacheck.rules.labels.dc505_noisy_class import NoisyClass
from datacheck.rules.labels.dc506_ambiguous import Ambiguous
from datacheck.rules.readiness.dc601_below_baseline import BelowBaseline
from datacheck.rules.readiness.dc602_triage import Triage
from datacheck.testing import measurements_for

from .label_tables import LABELS, believe, embed, manifest_of, probed, true_labels

PROBED = (ConfusableClasses(), NoisyClass(), Ambiguous(), BelowBaseline(), Triage())


def only(outcome: Outcome) -> Finding:
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    return finding


@pytest.mark.parametrize("rule", PROBED, ids=lambda rule: rule.code)
def test_the_clean_twin_is_silent(rule: Rule) -> None:
    true = true_labels()
    assert isinstance(rule.check(probed(true, believe(true))), Passed)


@pytest.mark.parametrize("rule", PROBED, ids=lambda rule: rule.code)
def test_a_probe_that_learnt_nothing_accuses_no_label(rule: Rule) -> None:
    true = true_labels()
    outcome = rule.check(probed(true, believe(np.random.default_rng(1).permutation(true))))
    if rule.code == "DC601":
        finding = only(outcome)
        assert finding.severity is Severity.ERROR
        assert "not better than the baseline 'share of each label' on 5 labels" in finding.message
    else:
        assert isinstance(outcome, NotApplicable)
        assert "too weak" in outcome.reason


def test_missing_labels_are_counted_and_their_samples_listed() -> None:
    true = true_labels()
    given = true.copy()
    gone = np.random.default_rng(8).choice(np.flatnonzero(true), 150, replace=False)
    given.flat[gone] = False
    outcome = Mislabel().check(probed(given, believe(true)))
    finding = only(outcome)
    assert finding.severity is Severity.WARNING
    count = finding.evidence["estimated_errors"]
    assert 1 <= count["low"] <= 150 <= count["high"]
    assert finding.message.startswith(f"about {count['value']:,.0f} labels are wrong or missing (95 % interval ")
    assert f"beside {given.sum():,} that are given; " in finding.message
    assert [one["class"] for one in finding.evidence["by_label"]] == list(LABELS)
    assert isinstance(outcome, Found)
    listed = {int(name[1:]) for name in outcome.issues["sample_id"].to_pylist()}
    assert len(listed & {one // 5 for one in gone.tolist()}) >= 0.8 * len({one // 5 for one in gone.tolist()})


@pytest.mark.parametrize("confidence", [4.0, 2.0])
def test_right_labels_are_information_at_most(confidence: float) -> None:
    true = true_labels()
    outcome = Mislabel().check(probed(true, believe(true, confidence=confidence)))
    assert isinstance(outcome, Passed) or only(outcome).severity is Severity.INFO


def test_two_labels_that_are_exchanged_are_named_with_the_direction() -> None:
    true = true_labels()
    seen = true.copy()
    boats = np.flatnonzero(true[:, 1] & ~true[:, 0])[:120]
    seen[boats, 1], seen[boats, 0] = False, True
    (pair,) = only(ConfusableClasses().check(probed(true, believe(seen)))).evidence["pairs"]
    assert (pair["first"], pair["second"]) == ("beach", "boat")
    assert (pair["first_as_second"], pair["second_as_first"]) == (0, pair["crossing"])
    assert 110 <= pair["crossing"] <= 121
    assert pair["low"] < pair["share"] == pair["crossing"] / pair["n"] < pair["high"]


def test_a_label_often_missed_beside_one_often_added_is_no_confusion() -> None:
    true = true_labels()
    rng = np.random.default_rng(2)
    seen = true.copy()
    seen[:, 0] &= rng.random(len(true)) > 0.4
    seen[:, 1] |= rng.random(len(true)) < 0.2
    assert isinstance(ConfusableClasses().check(probed(true, believe(seen))), Passed)


@pytest.mark.parametrize("missing", [True, False])
def test_the_label_that_annotators_missed_or_gave_too_often_is_named(missing: bool) -> None:
    true = true_labels()
    given = true.copy()
    given[np.flatnonzero(true[:, 2] == missing)[:150], 2] = not missing
    finding = only(NoisyClass().check(probed(given, believe(true))))
    (noisy,) = finding.evidence["noisy"]
    assert (noisy["class"], noisy["direction"]) == ("cloud", "missing" if missing else "too many")
    assert noisy["low"] <= noisy["share"] <= noisy["high"]
    assert 0.15 < noisy["share"] < 0.35
    assert ("lack it" in finding.message) == missing


@pytest.mark.parametrize("seed", range(3))
def test_a_label_that_is_hard_to_see_is_not_called_noisy(seed: int) -> None:
    """Its predictions are uncertain, and right as often as they say."""
    true = true_labels(seed=seed)
    chance = np.random.default_rng([seed, 6]).beta(1, 1, len(true))
    true[:, 4] = np.random.default_rng([seed, 7]).random(len(true)) < chance
    probs = believe(true, seed=seed)
    probs[:, 4] = chance
    assert isinstance(NoisyClass().check(probed(true, probs)), Passed)


def test_a_label_as_likely_there_as_not_is_listed_with_its_samples() -> None:
    true = true_labels()
    probs = believe(true)
    probs[:60, 3] = 0.52
    outcome = Ambiguous().check(probed(true, probs))
    finding = only(outcome)
    assert [one["label"] for one in finding.evidence["labels"]] == ["dog"]
    assert isinstance(outcome, Found)
    listed = {row["sample_id"]: row["note"] for row in outcome.issues.to_pylist()}
    assert all(listed[f"s{row:05d}"] == "dog" for row in range(60))
    assert len(listed) <= 75


def test_a_label_that_the_probe_did_not_learn_is_left_out_and_named_by_dc601() -> None:
    true = true_labels()
    seen = true.copy()
    seen[:, 4] = np.random.default_rng(5).permutation(seen[:, 4])
    probs = believe(seen)
    context = probed(true, probs)
    outcome = NoisyClass().check(context)
    assert isinstance(outcome, Passed)
    assert "1 label not judged, because the probe is too weak there" in outcome.summary
    finding = only(BelowBaseline().check(context))
    assert finding.severity is Severity.INFO
    assert finding.message.endswith("no better than by the share of the label: 'tree'")


def test_the_triage_names_shift_between_validation_and_test() -> None:
    true = true_labels()
    seen = true.copy()
    seen[900:] ^= np.random.default_rng(4).random((600, 5)) < 0.1
    finding = only(Triage().check(probed(true, believe(seen), split=["train"] * 900 + ["test"] * 600)))
    assert finding.message.startswith("distribution shift comes first: 2")
    rows = {one["row"]: one["value"] for one in finding.evidence["table"]}
    either, wrong = (true | seen)[900:].sum(), (true ^ seen)[900:].sum()
    assert abs(rows["test"] - wrong / either) < 0.02
    assert "labels" not in rows


def test_brightness_that_gives_one_label_away_is_named_and_the_clean_twin_is_silent() -> None:
    true = true_labels(600)
    manifest = manifest_of(true)
    rng = np.random.default_rng(0)
    night = 0.6 - 0.3 * true[:, 2] + 0.02 * rng.normal(size=600)
    finding = only(Shortcut().check(RuleContext(manifest, measurements_for(manifest, brightness=night))))
    assert [(one["label"], one["property"]) for one in finding.evidence["gains"]] == [("cloud", "brightness")]
    assert finding.severity is Severity.ERROR
    assert finding.evidence["gains"][0]["value"] > 0.48
    assert isinstance(Shortcut().check(RuleContext(manifest, measurements_for(manifest))), Passed)


def test_a_rare_label_that_a_property_gives_away_is_found() -> None:
    true = true_labels(600)
    true[:, 0] = np.arange(600) % 15 == 0
    manifest = manifest_of(true)
    width = np.where(true[:, 0], 640, 1024)
    finding = only(Shortcut().check(RuleContext(manifest, measurements_for(manifest, width=width))))
    assert finding.evidence["gains"][0]["label"] == "beach"
    assert "with a balanced accuracy of 100 %" in finding.message


def shuffled_or_shifted(kind: str) -> RuleContext:
    true = true_labels()
    given = true.copy()
    if kind == "shifted":
        given[:, 3] = np.roll(given[:, 3], 1)
    if kind == "shuffled":
        given[:, 3] = np.random.default_rng(0).permutation(given[:, 3])
    return probed(given, believe(true), embeddings=embed(true))


def test_a_column_that_was_shifted_alone_is_an_error_with_the_shift() -> None:
    finding = only(LabelsCarryNoSignal().check(shuffled_or_shifted("shifted")))
    assert finding.severity is Severity.ERROR
    assert finding.message.startswith("the column of the label 'dog' stands beside the wrong samples: from row 0 on")
    assert "the label of the row before it" in finding.message


def test_a_column_that_was_shuffled_alone_is_a_warning() -> None:
    finding = only(LabelsCarryNoSignal().check(shuffled_or_shifted("shuffled")))
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("the samples do not show the label 'dog' at all")
    (one,) = finding.evidence["labels"]
    assert one["auc"]["low"] < 0.5 < one["auc"]["high"]


def test_columns_that_are_all_shown_are_silent() -> None:
    assert isinstance(LabelsCarryNoSignal().check(shuffled_or_shifted("clean")), Passed)
    assert len(LABELS) == 5
