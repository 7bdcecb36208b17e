import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc504_shortcut import Shortcut, property_gain
from datacheck.testing import measurements_for, toy_labels


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
