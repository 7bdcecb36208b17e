from dataclasses import replace

import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.labels.label_yield import estimate_label_yield
from datacheck.labels.quality import LabelAssessment
from datacheck.labels.target_quality import TO_DEVIATION, target_deviations
from datacheck.manifest import Manifest, Modality, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel

from .examples import shown
from .probe_tables import CLASSES, believe, probed, truth


def test_planted_flips_are_queued_with_their_true_label() -> None:
    true = truth()
    given = true.copy()
    given[:80] = (given[:80] + 1) % 4
    outcome = Mislabel().check(probed(given, pred_probs=believe(true)))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    queue = {row["sample_id"]: row["note"] for row in outcome.issues.to_pylist()}
    flipped = {f"s{row:05d}" for row in range(80)}
    assert len(flipped & queue.keys()) >= 78
    assert len(queue) <= 84
    assert all(CLASSES.index(queue[one]) == true[int(one[1:])] for one in flipped & queue.keys())
    errors = finding.evidence["estimated_errors"]
    assert errors["low"] <= 80 <= errors["high"]
    assert finding.severity is Severity.WARNING
    assert finding.evidence["precision_at_recommended"]["value"] > 0.9
    assert finding.evidence["recommended_depth"] == finding.n_affected == len(queue)


def test_heavy_noise_is_an_error_as_in_the_example() -> None:
    given = truth(3000)
    given[:900] = (given[:900] + 1) % 4
    outcome = Mislabel().check(probed(given, pred_probs=believe(truth(3000))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.ERROR
    assert outcome.findings[0].message == shown(Mislabel)


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(Mislabel().check(probed(truth(), pred_probs=believe(truth()))), Passed)


def weak(given: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Probabilities of a weak probe, which is as unsure as it is wrong."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(given), 4))
    logits[np.arange(len(given)), given] += 1.2
    return (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)


def test_a_weak_probe_gives_no_estimate_and_accuses_nobody() -> None:
    outcome = Mislabel().check(probed(truth(), pred_probs=weak(truth())))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.severity is Severity.INFO
    assert not finding.evidence["conclusive"]
    assert "it is not known how many of 800 labels are wrong" in finding.message
    assert "expected to be wrong" not in finding.message
    assert "review the first 60 of the list" in finding.remedy
    assert finding.n_affected == outcome.issues.num_rows == 60


@pytest.mark.parametrize(
    ("certainty", "low", "severity"),
    [(0.5, 1.0, Severity.WARNING), (0.49, 1.0, Severity.INFO), (1.0, 0.0, Severity.INFO)],
)
def test_a_warning_needs_evident_noise(certainty: float, low: float, severity: Severity) -> None:
    given = truth()
    given[:80] = (given[:80] + 1) % 4
    probs = believe(truth())
    found = estimate_label_yield(LabelAssessment.of(probs, given))
    count = replace(found.estimated_errors, low=low)
    context = probed(
        given, pred_probs=probs, label_yield=replace(found, estimated_errors=count, noise_certainty=certainty)
    )
    outcome = Mislabel().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is severity


def test_needs_the_probe() -> None:
    outcome = Mislabel().check(RuleContext(Manifest.from_columns({"label": ["cat", "dog"]})))
    assert isinstance(outcome, NotApplicable)
    assert "--probe" in outcome.reason


def outputs(n: int, task: Task, **arrays: object) -> ProbeOutputs:
    given: dict[str, object] = {"pred_probs": None, "predictions": None, "classes": (), **arrays}
    return ProbeOutputs(
        sample_ids=np.array([f"{row:03d}" for row in range(n)]),
        task=task,
        embeddings=None,
        fold=np.zeros(n, np.int16),
        label_quality=np.full(n, np.nan, np.float32),
        suggested=np.full(n, -1, np.int32),
        **given,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("spoilt", [[3, 70], []])
def test_regression_targets_far_from_their_prediction(spoilt: list[int]) -> None:
    rng = np.random.default_rng(0)
    predictions = rng.normal(size=100)
    target = predictions + 0.1 * rng.normal(size=100)
    target[spoilt] += 5
    manifest = Manifest.from_columns({"target": target}, modality=Modality.TABULAR)
    probe = outputs(100, Task.REGRESSION, predictions=predictions.astype(np.float32))
    outcome = Mislabel().check(RuleContext(manifest, probe=probe))
    if not spoilt:
        assert isinstance(outcome, Passed)
        return
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == ["03", "70"]
    assert outcome.findings[0].severity is Severity.WARNING


@pytest.mark.parametrize(("n_far", "far", "severity"), [
    (3, 0.9, Severity.INFO), (10, 0.9, Severity.WARNING), (1, 5.0, Severity.WARNING)
])  # fmt: skip
def test_a_few_targets_not_very_far_off_are_information(n_far: int, far: float, severity: Severity) -> None:
    rng = np.random.default_rng(0)
    predictions = rng.normal(size=1000)
    target = predictions + 0.1 * np.clip(rng.normal(size=1000), -3, 3)
    target[:n_far] = predictions[:n_far] + far
    manifest = Manifest.from_columns({"target": target}, modality=Modality.TABULAR)
    probe = outputs(1000, Task.REGRESSION, predictions=predictions.astype(np.float32))
    outcome = Mislabel().check(RuleContext(manifest, probe=probe))
    assert isinstance(outcome, Found)
    assert (len(outcome.issues), outcome.findings[0].severity) == (n_far, severity)


@pytest.mark.parametrize("missing", [True, False])
def test_a_multilabel_sample_that_lacks_a_label(missing: bool) -> None:
    labels = [["a", "b"]] * 40 + [["b"]] * 40
    labels[5] = ["b"] if missing else ["a", "b"]
    manifest = Manifest.from_columns({"labels": labels}, task=Task.MULTILABEL, modality=Modality.TABULAR)
    probs = np.array([[0.98, 0.97]] * 40 + [[0.02, 0.97]] * 40, dtype=np.float32)
    probe = outputs(80, Task.MULTILABEL, pred_probs=probs, classes=("a", "b"))
    outcome = Mislabel().check(RuleContext(manifest, probe=probe))
    if not missing:
        assert isinstance(outcome, Passed)
        return
    assert isinstance(outcome, Found)
    assert outcome.issues.select(["sample_id", "note"]).to_pylist() == [{"sample_id": "05", "note": "a"}]
    assert outcome.findings[0].severity is Severity.INFO


def test_the_edges() -> None:
    true = truth()
    given = true.copy()
    given[:80] = (given[:80] + 1) % 4
    context = probed(given, pred_probs=believe(true))
    outcome = Mislabel().check(context)
    assert isinstance(outcome, Found)
    depth, low = outcome.findings[0].n_affected, outcome.findings[0].evidence["estimated_errors"]["low"]
    edges = [
        ({"error_rate": low / 800}, Severity.ERROR),
        ({"error_rate": low / 800 + 1e-9}, Severity.WARNING),
        ({"error_rate": 1.0, "warning_share": depth / 800}, Severity.WARNING),
        ({"error_rate": 1.0, "warning_share": depth / 800 + 1e-9}, Severity.INFO),
    ]
    for settings, severity in edges:
        outcome = Mislabel(**settings).check(context)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity


def test_a_placeholder_is_no_mislabel() -> None:
    rng = np.random.default_rng(0)
    predictions = rng.normal(size=100)
    target = predictions + 0.1 * rng.normal(size=100)
    target[[3, 70]] = -999.0
    manifest = Manifest.from_columns({"target": target}, modality=Modality.TABULAR)
    probe = outputs(100, Task.REGRESSION, predictions=predictions.astype(np.float32))
    assert isinstance(Mislabel(min_skill=-1e9).check(RuleContext(manifest, probe=probe)), Passed)


def test_the_edge_of_regression_is_in_standard_deviations() -> None:
    rng = np.random.default_rng(0)
    predictions = rng.normal(size=100).astype(np.float32)
    target = predictions + 0.1 * rng.normal(size=100)
    target[3] += 5
    manifest = Manifest.from_columns({"target": target}, modality=Modality.TABULAR)
    context = RuleContext(manifest, probe=outputs(100, Task.REGRESSION, predictions=predictions))
    farthest = float(target_deviations(target, predictions)[3] / TO_DEVIATION)
    assert isinstance(Mislabel(regression_deviations=farthest).check(context), Found)
    assert isinstance(Mislabel(regression_deviations=farthest + 1e-6).check(context), Passed)


def test_the_edge_of_several_labels() -> None:
    manifest = Manifest.from_columns({"labels": [["a"]] * 40 + [["b"]] * 40}, modality=Modality.TABULAR)
    probs = np.array([[0.875, 0.125]] * 40 + [[0.125, 0.875]] * 40, dtype=np.float32)
    context = RuleContext(manifest, probe=outputs(80, Task.MULTILABEL, pred_probs=probs, classes=("a", "b")))
    assert isinstance(Mislabel(multilabel_quality=0.875).check(context), Passed)
    assert isinstance(Mislabel(multilabel_quality=0.876).check(context), Found)
