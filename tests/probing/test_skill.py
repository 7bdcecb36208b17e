"""How much better than a constant prediction: values and the width of their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.manifest import Manifest
from datacheck.probing import ProbeOutputs, probe
from datacheck.probing.skill import (
    MIN_SAMPLES,
    classification_skill,
    multilabel_skill,
    probe_skill,
    regression_skill,
    why_not_judged,
)
from datacheck.stats import Z95


def test_a_perfect_prediction_keeps_an_interval_of_two_more_samples() -> None:
    """With n samples that all gain, and two added at a distance of the largest gain, the half width is known."""
    labels = np.repeat([0, 1], 50)
    found = classification_skill(np.eye(2)[labels], labels)
    # A constant prediction is right in half of the samples, so the gains are 0 and 1 with mean 1/2.
    spread = np.sqrt(100 * 0.25 + 2 * 0.5**2) / 100
    assert found.value == 1
    assert found.high - found.value == pytest.approx(Z95 * spread / 0.5)
    assert found.value - found.low == pytest.approx(Z95 * spread / 0.5)


def test_unanimous_differences_keep_a_width() -> None:
    target = np.r_[np.zeros(20), np.ones(20)]
    found = multilabel_skill(target[:, None], target[:, None])
    # Each sample gains the same 0.25: the width comes from the two added samples alone.
    assert (found.value, found.high - 1) == (1, pytest.approx(Z95 * np.sqrt(2) / 40))


def test_skills_of_known_predictions() -> None:
    labels = np.repeat([0, 0, 0, 1], 50)
    probs = np.eye(2)[labels]
    probs[150:175] = [1, 0]
    assert classification_skill(probs, labels).value == pytest.approx(0.5)
    matrix = np.eye(2)[labels]
    half_way = (matrix + matrix.mean(axis=0)) / 2
    assert multilabel_skill(half_way, matrix).value == pytest.approx(0.75)
    target = np.linspace(-1, 1, 201)
    found = regression_skill(target / 2, target)
    assert found.value == pytest.approx(1 - 0.5**2)
    assert found.low < found.value < found.high < 1


def test_nothing_can_be_gained_over_one_class() -> None:
    assert classification_skill(np.eye(2)[np.zeros(20, int)], np.zeros(20, int)).value == 0


def outputs_for(label: np.ndarray, probs: np.ndarray) -> tuple[Manifest, ProbeOutputs]:
    manifest = Manifest.from_columns({"label": np.array(["ant", "bee"])[label]})
    return manifest, probe(manifest, pred_probs=probs)


def test_skill_is_known_from_the_eighth_sample_on() -> None:
    label = np.arange(MIN_SAMPLES) % 2
    probs = np.eye(2)[label].astype(np.float32)
    manifest, outputs = outputs_for(label, probs)
    assert probe_skill(manifest, outputs) is not None
    assert outputs.pred_probs is not None
    outputs.pred_probs[0] = np.nan
    assert probe_skill(manifest, outputs) is None
    assert "predictions for 8 or more" in str(why_not_judged(manifest, outputs))


def test_the_low_end_decides_and_the_reason_names_the_numbers() -> None:
    label = np.arange(100) % 2
    seen = np.where(np.arange(100) < 80, label, 1 - label)
    manifest, outputs = outputs_for(label, np.where(np.eye(2)[seen] > 0, 0.9, 0.1).astype(np.float32))
    skill = probe_skill(manifest, outputs)
    assert skill is not None
    assert skill.value == pytest.approx(0.6)
    assert why_not_judged(manifest, outputs, min_skill=skill.low) is None
    reason = why_not_judged(manifest, outputs, min_skill=np.nextafter(skill.low, 1))
    assert reason is not None
    assert "80 % of its predictions agree with the labels, and always predicting the largest class gives 50 %" in reason


def test_what_cannot_help_is_not_advised() -> None:
    """A budget and weights do nothing for predictions that the user gave."""
    label = np.arange(100) % 2
    outputs = outputs_for(label, np.full((100, 2), 0.5, np.float32))[1]
    assert "--budget" not in outputs.choices[-1]
    assert "pred_probs of a better model" in outputs.choices[-1]
    manifest = Manifest.from_columns({"label": np.array(["ant", "bee"])[label], "noise": np.arange(100) // 7 % 5})
    assert "--budget" not in probe(manifest).choices[-1]


@pytest.mark.parametrize("found", [4, 2])
def test_few_positives_of_many_are_judged_by_how_many_are_found(found: int) -> None:
    rng = np.random.default_rng(0)
    label = np.r_[np.zeros(2996, dtype=int), np.ones(4, dtype=int)]
    given = rng.beta(1, 12, 3000)
    given[label == 1] = [0.7, 0.8, 0.9, 0.95][:found] + [0.4] * (4 - found)
    manifest, outputs = outputs_for(label, np.stack([1 - given, given], axis=1))
    reason = why_not_judged(manifest, outputs)
    if found == 4:
        assert reason is None
        return
    assert reason is not None
    assert reason.startswith("cannot tell whether the probe can judge labels: its skill is 0.")
    assert "only 4 samples of 'bee' say so" in reason
    assert "too weak" not in reason


def test_a_few_targets_in_another_unit_do_not_silence_the_probe() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    target = 20 + 3 * x[:, 0] + 0.5 * rng.normal(size=400)
    target[:4] *= 100
    manifest = Manifest.from_columns({"target": target})
    outputs = probe(manifest, features=x, budget=5)
    assert why_not_judged(manifest, outputs) is None
    assert outputs.predictions is not None
    assert np.abs(outputs.predictions[4:] - target[4:]).mean() < 1.5
    worst = np.argsort(outputs.label_quality)[:4]
    assert set(worst.tolist()) == {0, 1, 2, 3}
