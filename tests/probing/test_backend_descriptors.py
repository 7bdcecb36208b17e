"""Classical descriptors: good after seconds, without torch, for every task; a network beside them where it helps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.findings import Passed
from datacheck.manifest import Manifest, Modality, Task
from datacheck.models.kernel_head import KernelHead
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing import load_probe, probe
from datacheck.probing.backend import FitOptions
from datacheck.probing.backends import descriptors, images, without_weights
from datacheck.probing.budget import Clock
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel


def digits(n: int = 600) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    loaded = load_digits()
    images = np.repeat(np.repeat(loaded.images[:n], 3, axis=1), 3, axis=2)
    return np.repeat((images * 15).astype(np.uint8)[..., None], 3, axis=3), loaded.target[:n].astype(np.int64)


def options(seconds: float = 60, **others: Any) -> FitOptions:
    return FitOptions(Manifest.from_columns({"label": ["a"]}), Clock(seconds), **{"device": "cpu", **others})


def problem(task: Task, answers: NDArray[np.generic], pixels: NDArray[np.uint8], n_classes: int = 10) -> LearningTask:
    fold = (np.random.default_rng(0).permutation(len(pixels)) % 5).astype(np.int16)
    classes = () if task is Task.REGRESSION else tuple(str(label) for label in range(n_classes))
    return LearningTask(task, classes, answers, np.ones(len(pixels), bool), fold, 5, pixels)


def test_wrong_labels_of_real_digits_head_the_queue() -> None:
    pixels, labels = digits()
    wrong = np.arange(0, 600, 30)
    given = labels.copy()
    given[wrong] = (given[wrong] + 3) % 10
    manifest = Manifest.from_columns({"label": [f"d{one}" for one in given]}, modality=Modality.IMAGE)
    outputs = probe(manifest, pixels=pixels)
    assert outputs.backend == "descriptors"
    assert any("trained no network" in choice for choice in outputs.choices)
    assert np.isin(np.argsort(outputs.label_quality)[:20], wrong).sum() >= 17
    assert outputs.metrics["accuracy"].value > 0.9
    assert outputs.metrics["skill"].low > 0.85


def test_the_same_seed_gives_the_same_answer() -> None:
    pixels, labels = digits(300)
    one, other = (descriptors.fit(problem(Task.CLASSIFICATION, labels, pixels), options()) for _ in range(2))
    np.testing.assert_array_equal(one.members, other.members)
    assert one.embeddings is not None
    assert one.embeddings.shape == (300, descriptors.N_EMBEDDING)


def test_rows_that_are_held_out_do_not_teach() -> None:
    pixels, labels = digits(300)
    first = problem(Task.CLASSIFICATION, labels, pixels)
    head = KernelHead(descriptors.principal_components(descriptors.describe(pixels)), first, np.arange(len(pixels)))
    changed = labels.copy()
    changed[first.fold == 2] = 0
    plain, _ = head.fit(first, penalties=(0.3,))
    other, _ = head.fit(first.with_labels(changed, 0), penalties=(0.3,))
    held = first.fold == 2
    # Their own labels move the shared sharpness and shares a little, never the order of the classes.
    assert (plain[held].argmax(axis=1) == other[held].argmax(axis=1)).mean() > 0.97
    assert (other[~held].argmax(axis=1) == 0).sum() > (plain[~held].argmax(axis=1) == 0).sum()


def test_multilabel_and_regression() -> None:
    pixels, labels = digits()
    matrix = np.stack([labels % 2 == 0, labels >= 5], axis=1).astype(np.float32)
    several = descriptors.fit(problem(Task.MULTILABEL, matrix, pixels, 2), options()).members[0]
    assert ((several > 0.5) == matrix).mean() > 0.93
    target = pixels.astype(np.float64).mean(axis=(1, 2, 3))
    number = descriptors.fit(problem(Task.REGRESSION, target, pixels), options()).members[0]
    assert np.corrcoef(number, target)[0, 1] > 0.97


def test_grey_and_gradients_do_not_see_the_light() -> None:
    pixels, _ = digits(20)
    dark = (pixels * 0.5).astype(np.uint8)
    bright, dimmed = descriptors.describe(pixels), descriptors.describe(dark)
    assert np.abs(bright["gradients"] - dimmed["gradients"]).max() < 0.1
    assert np.abs(bright["colour"] - dimmed["colour"]).max() > 0.2


@pytest.mark.parametrize(
    ("n", "device", "seconds", "words"),
    [
        (1_680, "cpu", 600.0, "less accurate than the descriptors"),
        (50_000, "cpu", 60.0, "on this CPU"),
        (50_000, "cpu", 600.0, None),
    ],
)
def test_a_network_is_trained_where_samples_and_time_suffice(
    n: int, device: str, seconds: float, words: str | None
) -> None:
    reason = without_weights.why_no_network(n, options(seconds, device=device))
    assert reason is None if words is None else words in str(reason)


@pytest.mark.slow
def test_a_network_and_descriptors_are_weighed_by_the_held_out_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without_weights, "MIN_SAMPLES", 100)
    pixels, labels = digits(300)
    asked = problem(Task.CLASSIFICATION, labels, pixels)
    fitted: Fitted = images.fit(asked, options(20, epochs=1))
    alone = descriptors.fit(asked, options(20)).members[0]
    assert any("averaged both with weight" in choice for choice in fitted.choices)
    rows = np.arange(300)
    assert np.log(fitted.members[0][rows, labels]).mean() >= np.log(alone[rows, labels]).mean() - 1e-6


WITHOUT_TORCH = """
import importlib.util, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "torch" else find(name, package)
sys.meta_path.insert(0, Blocker())
import numpy as np
from datacheck.manifest import Manifest, Modality
from datacheck.probing import load_probe, probe
from datacheck.probing.backends import without_weights
without_weights.MIN_SAMPLES = 10
labels = np.arange(200) % 2
pixels = np.random.default_rng(0).integers(0, 40, (200, 16, 16, 3), dtype=np.uint8)
pixels[labels == 1, :8] += 200
manifest = Manifest.from_columns({"label": ["ab"[label] for label in labels]}, modality=Modality.IMAGE)
found = probe(manifest, pixels=pixels)
print(found.backend, found.metrics["accuracy"].value, "not installed" in " ".join(found.choices))
"""


def test_images_are_probed_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["descriptors", "1.0", "True"], done.stderr[-500:]


class Hours:
    """A clock on which every look takes an hour."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        self.time += 3600
        return self.time


def test_images_that_there_is_no_time_for_are_left_out_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "ALWAYS_DESCRIBED", 512)
    pixels, labels = digits(900)
    task = problem(Task.CLASSIFICATION, labels, pixels)
    short = FitOptions(Manifest.from_columns({"label": ["a"]}), Clock(60, now=Hours()), device="cpu")
    fitted, whole = descriptors.fit(task, short), descriptors.fit(task, options())
    gaps = without_weights.left_out(fitted, task)
    assert gaps.sum() == 900 - 512
    assert gaps[:450].any()  # at random, not the last ones
    assert gaps[450:].any()
    assert "left out 388 images, drawn at random" in fitted.choices[-1]
    assert without_weights.predicted_right(fitted, task).mean() > 0.9
    assert not without_weights.left_out(whole, task).any()
    assert not any("left out" in choice for choice in whole.choices)
    alone = without_weights.averaged(fitted, whole, task)
    np.testing.assert_array_equal(alone.members, whole.members)
    assert alone.choices[-1].startswith("used the network alone")


def test_what_was_left_out_is_not_judged_and_counts_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(descriptors, "ALWAYS_DESCRIBED", 512)
    monkeypatch.setattr("datacheck.probing.budget.Clock.left", 0.0)
    pixels, labels = digits(900)
    manifest = Manifest.from_columns({"label": [f"d{one}" for one in labels]}, modality=Modality.IMAGE)
    outputs = probe(manifest, pixels=pixels, backend="descriptors", run_dir=tmp_path)
    assert outputs.left_out == load_probe(tmp_path).left_out == 388
    assert (outputs.fold == -1).sum() == np.isnan(outputs.label_quality).sum() == 388
    assert outputs.label_yield is not None
    assert outputs.label_yield.n == 512
    outcome = Mislabel().check(RuleContext(manifest, probe=outputs))
    said = outcome.summary if isinstance(outcome, Passed) else outcome.findings[0].message
    assert said.endswith("388 other labels were not judged, as the budget did not suffice (--budget)")
