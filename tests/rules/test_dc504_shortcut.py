import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc504_shortcut import Shortcut, drawn, property_gain
from datacheck.testing import measurements_for, toy_labels

from .examples import shown


def test_brightness_that_gives_the_label_away_is_named() -> None:
    manifest = toy_labels(600)
    rng = np.random.default_rng(0)
    brightness = 0.3 + 0.2 * (manifest.label_codes == 0) + 0.01 * rng.normal(size=600)
    outcome = Shortcut().check(RuleContext(manifest, measurements_for(manifest, brightness=brightness)))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.evidence["property"] == "brightness"
    assert set(finding.evidence["gains"]) == {"brightness"}
    assert 0.15 < finding.evidence["gains"]["brightness"]["low"] < 0.4
    assert finding.severity is Severity.WARNING


def test_the_clean_twin_is_silent() -> None:
    manifest = toy_labels(600)
    assert isinstance(Shortcut().check(RuleContext(manifest, measurements_for(manifest))), Passed)


def test_noise_on_an_imbalanced_dataset_is_no_shortcut() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random(1000) < 0.2).astype(int)
    gain, majority = property_gain(rng.normal(size=1000), labels)
    assert majority == np.mean(labels == 0)
    assert gain.high < 0.05
    manifest = Manifest.from_columns({"label": np.array(["no", "yes"])[labels].tolist()})
    assert isinstance(Shortcut().check(RuleContext(manifest, measurements_for(manifest))), Passed)


def test_needs_measurements() -> None:
    assert isinstance(Shortcut().check(RuleContext(toy_labels(100))), NotApplicable)


def test_the_example_and_the_edges() -> None:
    manifest = Manifest.from_columns({"label": ["cat"] * 120 + ["dog"] * 80})
    context = RuleContext(manifest, measurements_for(manifest, brightness=np.repeat([0.2, 0.8], [120, 80])))
    outcome = Shortcut().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Shortcut)
    low = outcome.findings[0].evidence["gains"]["brightness"]["low"]
    majority = outcome.findings[0].evidence["majority_share"]
    assert isinstance(Shortcut(min_gain=low).check(context), Found)
    assert isinstance(Shortcut(min_gain=low + 1e-9).check(context), Passed)
    assert isinstance(Shortcut(min_samples=201).check(context), NotApplicable)
    edges = [
        ({"error_gain": low}, Severity.ERROR),
        ({"error_gain": 1.0, "warning_share": 0.999 * low / (1 - majority)}, Severity.WARNING),
        ({"error_gain": 1.0, "warning_share": 1.001 * low / (1 - majority)}, Severity.INFO),
    ]
    for settings, severity in edges:
        outcome = Shortcut(**settings).check(context)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity


def test_images_without_a_label_or_a_value_are_left_out() -> None:
    label = [*["cat"] * 120, *["dog"] * 80, *[None] * 200]
    manifest = Manifest.from_columns({"label": label})
    brightness = np.r_[np.repeat([0.2, 0.8], [120, 80]), np.full(200, 0.2)]
    outcome = Shortcut().check(RuleContext(manifest, measurements_for(manifest, brightness=brightness)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["majority_share"] == 0.6
    assert outcome.findings[0].evidence["gains"]["brightness"]["n"] == 200


def test_of_many_images_some_are_drawn_and_the_evidence_says_so() -> None:
    manifest = Manifest.from_columns({"label": ["cat", "dog"] * 200})
    outcome = Shortcut(max_samples=100).check(RuleContext(manifest, measurements_for(manifest)))
    of_all = "100 of 400 images, drawn at random"
    assert outcome == Passed(f"no image property alone predicts the label ({of_all})")
    telling = RuleContext(manifest, measurements_for(manifest, brightness=np.tile([0.2, 0.8], 200)))
    outcome, whole = Shortcut(max_samples=100).check(telling), Shortcut(max_samples=400).check(telling)
    assert isinstance(outcome, Found)
    assert isinstance(whole, Found)
    assert outcome.findings[0].evidence["judged"] == of_all
    assert outcome.findings[0].evidence["gains"]["brightness"]["n"] == 100
    assert whole.findings[0].evidence["judged"] == "all 400 images"
    assert whole.findings[0].evidence["gains"]["brightness"]["n"] == 400


def test_the_drawn_rows_follow_from_the_seed() -> None:
    rows = np.arange(10)
    assert drawn(rows, 10).tolist() == rows.tolist()
    assert drawn(rows, 4, seed=1).tolist() == drawn(rows, 4, seed=1).tolist() != drawn(rows, 4, seed=2).tolist()


def test_of_many_images_with_several_labels_some_are_drawn_too() -> None:
    manifest = Manifest.from_columns({"labels": [["cat"] if row % 2 else ["cat", "dog"] for row in range(400)]})
    bright = RuleContext(manifest, measurements_for(manifest, brightness=np.tile([0.2, 0.8], 200)))
    outcome = Shortcut(max_samples=200).check(bright)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["judged"] == "200 of 400 images, drawn at random"
    assert {each["label"] for each in outcome.findings[0].evidence["gains"]} == {"dog"}
