"""The accuracy of the probe's own models on rows that they were trained on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.findings import Found, Passed
from datacheck.manifest import Manifest, Task
from datacheck.models.heads import HeadRecipe, fit_heads
from datacheck.models.in_sample import InSample
from datacheck.models.kernel_head import KernelHead
from datacheck.models.learning_task import LearningTask
from datacheck.probing import ProbeOutputs, probe
from datacheck.probing.backends.without_weights import averaged
from datacheck.rules.base import RuleContext
from datacheck.rules.readiness.dc602_triage import REMEDIES, UNKNOWN_LABELS, Triage

Codes = NDArray[np.int64]


def unrelated(n_rows: int = 240) -> tuple[NDArray[np.float64], Codes]:
    """Return columns, and labels that have nothing to do with them."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(n_rows, 6)), rng.integers(0, 2, n_rows)


def table(x: NDArray[np.float64], codes: Codes) -> Manifest:
    names = np.array(["cat", "dog"])[codes]
    return Manifest.from_columns({"label": names, **{f"c{number}": column for number, column in enumerate(x.T)}})


def task_of(codes: Codes, pixels: NDArray[np.uint8] | None = None) -> LearningTask:
    fold = (np.arange(len(codes)) % 3).astype(np.int16)
    return LearningTask(Task.CLASSIFICATION, ("cat", "dog"), codes, codes >= 0, fold, 3, pixels)


def in_and_out(outputs: ProbeOutputs) -> tuple[float, float]:
    return outputs.metrics["train_accuracy"].value, outputs.metrics["accuracy"].value


def test_trees_know_labels_by_heart_that_they_cannot_predict() -> None:
    x, codes = unrelated()
    fitted, held_out = in_and_out(probe(table(x, codes), budget="1h"))
    assert fitted > 0.95
    assert held_out < 0.65


def test_the_clean_twin_is_as_good_on_rows_that_it_never_saw() -> None:
    x, _ = unrelated()
    fitted, held_out = in_and_out(probe(table(x, (x[:, 0] > 0).astype(np.int64)), budget="1h"))
    assert fitted > 0.97
    assert held_out > 0.95


def test_the_training_error_names_what_to_work_on() -> None:
    x = np.random.default_rng(1).normal(size=(240, 12))
    few_rows_for_this = (x.sum(axis=1) > 0).astype(np.int64)
    for codes, first in ((few_rows_for_this, "overfitting"), ((x[:, 0] > 0).astype(np.int64), None)):
        manifest = table(x, codes)
        outcome = Triage().check(RuleContext(manifest, probe=probe(manifest, budget="1h")))
        if first is None:
            assert isinstance(outcome, Passed)
        else:
            assert isinstance(outcome, Found)
            rows = {row["row"]: row["value"] for row in outcome.findings[0].evidence["table"]}
            assert rows["train"] < 0.02 < 0.1 < rows["validation"]
            assert outcome.findings[0].message.startswith(first)
            assert outcome.findings[0].remedy == REMEDIES["overfitting"] + UNKNOWN_LABELS


def test_each_row_is_predicted_by_one_model_that_saw_it() -> None:
    codes = np.arange(90) % 2
    codes[10] = -1
    seen = InSample.of(task_of(codes))
    assert 10 not in seen.rows
    np.testing.assert_array_equal(seen.model, (task_of(codes).fold[seen.rows] + 1) % 3)
    assert sum(len(seen.of_fold(fold)) for fold in range(3)) == len(seen.rows) == 89


@pytest.mark.parametrize("kind", ["kernel", "heads"])
def test_heads_fit_labels_that_they_cannot_predict(kind: str) -> None:
    x, codes = unrelated()
    task, seen = task_of(codes), InSample.of(task_of(codes))
    if kind == "kernel":
        rows = np.arange(len(codes))
        outputs, _ = KernelHead(x.astype(np.float32), task, rows).fit(task, penalties=(0.03,), seen=seen)
    else:
        recipe = HeadRecipe(batch=64, learning_rate=2e-2, dropout=0.0)
        outputs = fit_heads(x.astype(np.float32), task, recipe, seed=0, seen=seen)
    assert (seen.outputs.argmax(axis=1) == codes[seen.rows]).mean() > 0.9
    assert (outputs.argmax(axis=1) == codes).mean() < 0.65


def test_many_rows_are_drawn_and_other_tasks_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datacheck.models.in_sample.MOST_ROWS", 20)
    x, codes = unrelated()
    task, seen = task_of(codes), InSample.of(task_of(codes))
    whole, _ = KernelHead(x.astype(np.float32), task, np.arange(240)).fit(task, seen=seen)
    assert len(seen.rows) == 20
    assert np.isfinite(seen.outputs).all()
    assert np.isfinite(whole).all()
    assert len(InSample.of(LearningTask(Task.REGRESSION, (), x[:, 0], codes >= 0, task.fold, 3)).rows) == 0
    outputs = probe(Manifest.from_columns({"target": x[:, 0], "c": x[:, 1]}), budget="1h")
    assert "train_accuracy" not in outputs.metrics


def test_given_predictions_have_no_training_accuracy() -> None:
    codes = np.arange(40) % 2
    manifest = Manifest.from_columns({"label": np.array(["cat", "dog"])[codes]})
    outputs = probe(manifest, pred_probs=np.eye(2)[codes] * 0.8 + 0.1)
    assert "train_accuracy" not in outputs.metrics
    assert outputs.metrics["accuracy"].value == 1


def test_images_and_features_are_measured_too(stripes: Callable[..., tuple[NDArray[np.uint8], Codes]]) -> None:
    pixels, codes = stripes(n=120)
    manifest = Manifest.from_columns({"label": np.array(["across", "down"])[codes]})
    for given in ({"pixels": pixels, "backend": "descriptors"}, {"features": pixels.reshape(120, -1)[:, ::3]}):
        fitted, held_out = in_and_out(probe(manifest, budget="1h", **given))
        assert fitted > 0.97
        assert held_out > 0.9


def test_a_network_from_random_weights_is_measured_and_mixed(
    stripes: Callable[..., tuple[NDArray[np.uint8], Codes]],
) -> None:
    pytest.importorskip("torch")
    from datacheck.probing.backend import FitOptions
    from datacheck.probing.backends import descriptors, scratch
    from datacheck.probing.budget import Clock

    pixels, codes = stripes(n=96)
    task = task_of(codes, pixels)
    manifest = Manifest.from_columns({"label": np.array(["across", "down"])[codes]})
    options = FitOptions(manifest, Clock(3600), device="cpu", epochs=6, pixel_side=16)
    network, plain = scratch.fit(task, options), descriptors.fit(task, options)
    seen = InSample.of(task)
    for fitted in (network, averaged(plain, network, task)):
        assert fitted.in_sample is not None
        assert (fitted.in_sample.argmax(axis=1) == codes[seen.rows]).mean() > 0.9
