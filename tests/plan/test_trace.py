"""Every number of a saved plan can be traced to its measurement, from the file alone."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import numpy as np
import pytest

from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest, Task
from datacheck.plan import TrainingPlan, make_plan
from datacheck.probing.outputs import ProbeOutputs
from datacheck.stats import Interval
from datacheck.testing import measurements_for

N = 360
SEEDS = [3, 1003]
JUDGED = ("use", "avoid", "harmless", "none helps", "cannot tell")


def striped(rng: np.random.Generator) -> tuple[Manifest, np.ndarray]:
    """Three classes, the rarest a tenth: ramps to the left and to the right, which a flip swaps, and noise."""
    label = np.repeat(["left", "right", "noise"], [200, 140, 20])
    pixels = rng.integers(60, 196, (N, 12, 12, 3))
    ramp = np.linspace(-55, 55, 12)[None, None, :, None]
    pixels[:200] = pixels[:200] + ramp
    pixels[200:340] = pixels[200:340] - ramp
    split = np.where(rng.random(N) < 0.85, "train", "test")
    return Manifest.from_columns({"label": label, "split": split}), pixels.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("torchvision", reason="needs torchvision")
    rng = np.random.default_rng(0)
    manifest, pixels = striped(rng)
    probs = rng.dirichlet(np.ones(3), N).astype(np.float32)
    curve = np.array([1, 10])
    queue = LabelYield(
        Interval(9.0, 4.0, 15.0, n=N, method="planted"), curve, *(np.full(2, v) for v in (0.8, 0.6, 0.9)), 10
    )
    probe = ProbeOutputs(
        np.array(manifest.sample_ids.to_pylist()), Task.CLASSIFICATION, manifest.classes, probs, None, None,
        (np.arange(N) % 4).astype(np.int16), probs.max(axis=1), probs.argmax(axis=1).astype(np.int32), queue,
        seed=11, seconds=2.0,
    )  # fmt: skip
    colours = {f"{what}_{name}": [0.5] * N for what in ("mean", "std") for name in ("red", "green", "blue")}
    measurements = measurements_for(manifest, **colours)
    plan = make_plan(manifest, pixels=pixels, measurements=measurements, probe=probe, seed=3, n_seeds=2, budget=600)
    folder = tmp_path_factory.mktemp("plan")
    plan.save(folder)
    value: dict[str, Any] = json.loads((folder / "plan.json").read_text())
    return value


def test_the_saved_plan_keeps_the_published_schema(saved: dict[str, Any]) -> None:
    jsonschema.validate(saved, TrainingPlan.json_schema())
    kinds = {item["kind"] for item in saved["items"]}
    assert kinds == {"order", "splits", "drop", "relabel", "normalise", "rebalance", "augment", "collect"}


def test_every_measurement_says_on_how_many_samples_by_which_method_and_from_which_seeds(saved: dict[str, Any]) -> None:
    for item in saved["items"]:
        for one in item["measured"]:
            found = one["estimate"]
            assert 0 < found["n"] <= N
            assert len(found["method"]) >= 5
            if item["kind"] in {"rebalance", "augment", "collect"}:
                assert (one["folds"], one["seeds"]) == (5, SEEDS)
                assert re.search("ridge|softmax", found["method"])
                assert found["low"] <= found["value"] <= found["high"]
                assert one["baseline"] is not None
                assert one["seconds"] > 0
            if item["kind"] == "relabel":
                assert (one["folds"], one["seeds"], one["seconds"]) == (4, [11], 2.0)


def test_every_verdict_on_a_candidate_has_its_measurement(saved: dict[str, Any]) -> None:
    judged = [item for item in saved["items"] if item["kind"] in {"rebalance", "augment"}]
    assert {item["verdict"] for item in judged} & {"use", "avoid"}
    for item in judged:
        assert bool(item["measured"]) == (item["verdict"] in JUDGED)
        if "family" in item["settings"] and item["measured"]:
            names = [one["metric"] for one in item["measured"]]
            assert names[:3] == [
                "gain/balanced_accuracy", "label_preservation", "label_preservation_when_trained_with",
            ]  # fmt: skip


def test_what_turns_into_what_is_measured_class_by_class(saved: dict[str, Any]) -> None:
    flip = next(item for item in saved["items"] if item["name"] == "horizontal_flip")
    assert flip["verdict"] == "avoid"
    turns = flip["settings"]["turns"]
    assert {(turn["from"], turn["into"]) for turn in turns} == {("left", "right"), ("right", "left")}
    of_class = {one["metric"]: one for one in flip["measured"]}
    for turn in turns:
        one = of_class[f"label_preservation/{turn['from']}"]
        assert one["estimate"]["n"] == turn["n"]
        assert one["estimate"]["high"] < one["baseline"]
        assert f"{turn['from']} → {turn['into']} ({turn['share']:.0%})" in flip["summary"]
