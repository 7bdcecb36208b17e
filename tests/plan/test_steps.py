"""Drops, normalisation, collection and the order of work: each planted, each with its clean twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datacheck.findings import Finding, Severity
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest, Task
from datacheck.plan import make_plan
from datacheck.plan.collect import collect_items, label_next
from datacheck.plan.drop import action_items, choose_actions
from datacheck.plan.expected import TRAININGS, with_expected
from datacheck.plan.items import PlanItem
from datacheck.plan.make import order_item
from datacheck.plan.normalise import from_measurements, normalise_item
from datacheck.probing.outputs import ProbeOutputs
from datacheck.stats import Interval
from datacheck.testing import measurements_for

from .planted import cohort_of


def outputs(quality, suggested, depth: int) -> ProbeOutputs:
    n = len(quality)
    curve = np.array([1, max(depth, 1)])
    found = LabelYield(
        Interval(2.0, 1.0, 3.0, n=6, method="planted"), curve, *(np.full(2, v) for v in (0.9, 0.8, 0.95)), depth
    )
    probs = np.full((n, 2), 0.1, dtype=np.float32)
    probs[:, 1] = 0.9
    return ProbeOutputs(
        np.array([str(i) for i in range(n)]), Task.CLASSIFICATION, ("a", "b"), probs, None, None,
        np.zeros(n, np.int16), np.asarray(quality, np.float32), np.asarray(suggested, np.int32), found, seed=5,
    )  # fmt: skip


def test_copies_are_left_out_conflicts_and_likely_mislabels_are_asked_about() -> None:
    manifest = Manifest.from_columns({"sample_id": list("abcdef"), "label": ["a", "a", "a", "b", "a", "b"]})
    measurements = measurements_for(manifest, readable=[True] * 5 + [False])
    exact = np.array([0, 0, 1, 1, -1, -1])
    probe = outputs([0.9, 0.9, 0.9, 0.9, 0.01, np.nan], [-1, -1, -1, -1, 1, -1], 1)
    actions = choose_actions(manifest.label_codes, np.zeros(6, int), exact, measurements, probe)
    assert actions.action.tolist() == ["keep", "drop", "relabel", "relabel", "relabel", "drop"]
    assert actions.suggested.tolist() == [-1, -1, -1, -1, 1, -1]
    assert actions.confidence[4] == pytest.approx(0.9)
    assert actions.reason[5] == "cannot be read"
    drop, relabel = action_items(actions, probe)
    assert drop.settings["reasons"] == {
        "an identical copy with the same label is in the same split": 1,
        "cannot be read": 1,
    }
    precision = relabel.metric("queue_precision")
    assert precision is not None
    assert (precision.estimate.value, precision.estimate.low, precision.seeds) == (0.9, 0.8, (5,))


def test_copies_in_other_splits_are_not_called_needless() -> None:
    actions = choose_actions(np.zeros(2, int), np.array([0, 1]), np.array([0, 0]), None, None)
    assert actions.action.tolist() == ["keep", "keep"]
    drop, relabel = action_items(actions, outputs([0.9, 0.9], [-1, -1], 0))
    assert (drop.verdict, relabel.verdict) == ("nothing to do", "nothing to do")


def test_a_probe_whose_count_is_inconclusive_accuses_nobody_and_the_plan_says_what_to_do() -> None:
    probe = outputs([0.01, 0.9, 0.02, 0.9], [1, -1, 1, -1], 2)
    assert probe.label_yield is not None
    unknown = replace(probe.label_yield, estimated_errors=Interval(2.0, 1.0, 3.1, n=6))
    probe = replace(probe, label_yield=unknown)
    actions = choose_actions(np.array([0, 0, 1, 1]), np.zeros(4, int), None, None, probe)
    assert actions.action.tolist() == ["keep"] * 4
    relabel = action_items(actions, probe)[1]
    assert (relabel.verdict, relabel.measured) == ("not measured", ())
    assert "it is not known how many of 6 labels are wrong: 1 to 3" in relabel.summary
    assert "review the first 6 of the relabel queue" in relabel.summary


def test_a_probe_without_a_yield_accuses_nobody_and_the_plan_says_so() -> None:
    probe = replace(outputs([0.01, 0.9, 0.02, 0.9], [1, -1, 1, -1], 2), label_yield=None)
    codes, split = np.array([0, 0, 1, 1]), np.zeros(4, int)
    actions = choose_actions(codes, split, None, None, probe)
    assert actions.action.tolist() == ["keep"] * 4
    assert np.isnan(actions.confidence).all()
    drop, relabel = action_items(actions, probe)
    assert (drop.verdict, relabel.verdict, relabel.measured) == ("nothing to do", "not measured", ())
    assert "could not estimate how many labels are wrong" in relabel.summary
    conflict = choose_actions(codes, split, np.array([-1, 5, 5, -1]), None, probe)
    relabel = action_items(conflict, probe)[1]
    assert relabel.verdict == "do"
    assert relabel.summary.startswith(
        "have a person check the labels of 2 samples: an identical copy has another label: 2; likely mislabels are not"
    )


@pytest.mark.parametrize(
    ("probe", "said"),
    [(None, "needs a probe"), (replace(outputs([0.1], [1], 1), pred_probs=None), "has no class probabilities")],
)
def test_mislabels_that_were_not_searched_for_are_not_called_absent(probe: ProbeOutputs | None, said: str) -> None:
    actions = choose_actions(np.zeros(1, int), np.zeros(1, int), None, None, probe)
    relabel = action_items(actions, probe)[1]
    assert relabel.verdict == "not measured"
    assert said in relabel.summary


def test_a_plan_is_made_with_a_probe_without_a_yield() -> None:
    n = 60
    rng = np.random.default_rng(0)
    manifest = Manifest.from_columns({"label": np.repeat(["a", "b"], n // 2)})
    embeddings = (rng.normal(size=(n, 4)) + 3 * (np.arange(n) >= n // 2)[:, None]).astype(np.float32)
    probe = replace(
        outputs(np.full(n, 0.5), np.full(n, -1), 0),
        sample_ids=np.array(manifest.sample_ids.to_pylist()), label_yield=None, embeddings=embeddings, backend="frozen",
    )  # fmt: skip
    plan = make_plan(manifest, probe=probe, n_seeds=1)
    assert plan.verdict("relabel") == "not measured"
    assert set(plan.samples["action"].to_pylist()) == {"keep"}


def test_normalisation_pools_the_moments_of_the_training_split() -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, (8, 8, 3)).astype(np.uint8) for _ in range(3)]
    manifest = Manifest.from_columns({"label": ["a", "a", "b"]})
    columns = {
        f"{what}_{channel}": [float(getattr(image[..., index] / 255, what)()) for image in images]
        for what in ("mean", "std") for index, channel in enumerate(("red", "green", "blue"))
    }  # fmt: skip
    measurements = measurements_for(manifest, width=[80, 100, 8], height=[90, 120, 8], **columns)
    mean, deviation, n = from_measurements(np.array([0, 1]), measurements)
    both = np.concatenate([image.reshape(-1, 3) for image in images[:2]]) / 255
    np.testing.assert_allclose(mean, both.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(deviation, both.std(axis=0), atol=1e-6)
    item = normalise_item(np.array([0, 1]), measurements, None)
    assert (n, item.settings["size"]) == (2, 96)
    assert normalise_item(np.array([0]), None, None).verdict == "not measured"


def test_the_class_that_still_learns_is_the_one_to_collect() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [300, 300, 300])
    x = rng.normal(size=(900, 40))
    x[codes == 0, 0] += 8
    x[codes == 1, 1:20] += 0.45
    x[codes == 2, 20:40] += 0.45
    items = collect_items(cohort_of(codes, x, ("done", "b", "c"), n_seeds=2), 1e-3)
    wanted = {item.name for item in items if item.verdict == "do"}
    assert "done" not in wanted
    for item in items:
        assert item.measured[0].estimate.n == 300 or item.name == "enough"


def test_a_class_of_a_handful_is_asked_for_whatever_the_curve_says() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], [100, 8])
    cohort = cohort_of(codes, rng.normal(size=(108, 3)) + 9 * codes[:, None], "ab")
    item = next(item for item in collect_items(cohort, 1e-2) if item.name == "b")
    assert (item.verdict, item.settings["more"]) == ("do", 12)


def test_label_next_prefers_the_unsure_and_never_repeats_itself() -> None:
    places = np.array([[0.0, 0], [10, 0], [10, 0.01], [0, 10], [np.nan, 0]])
    labelled = np.array([True, False, False, False, False])
    unsure = np.array([0, 0.9, 0.9, 0.2, 0.9])
    assert label_next(places, unsure, labelled, n_wanted=2).tolist() in ([1, 3], [2, 3])
    assert label_next(places, unsure, np.ones(5, bool)).tolist() == []


def test_the_triage_heads_the_order_of_work() -> None:
    triage = Finding(code="DC602", name="triage", severity=Severity.INFO, message="overfitting costs most",
                     remedy="more data", evidence={"order": []})  # fmt: skip
    items = [PlanItem(kind="splits", name="repaired_split", verdict="do", summary="move 3")]
    order = order_item(items, [triage])
    assert order.settings["steps"][0] == "overfitting costs most (DC602): more data"
    assert len(order.settings["steps"]) == 2
    assert order_item([]).verdict == "nothing to do"


def test_an_item_to_act_on_says_what_it_was_worth_elsewhere_and_where_that_stands() -> None:
    rebalance = PlanItem(kind="rebalance", name="logit_adjustment", verdict="use", summary="logits adjusted")
    other = PlanItem(kind="rebalance", name="oversampling", verdict="harmless", summary="no significant gain")
    flip = PlanItem(kind="augment", name="horizontal_flip", verdict="use", summary="flip")
    used, idle, flipped = with_expected([rebalance, other, flip])
    expected = used.settings["expected"]
    assert expected["source"].startswith("docs/benchmarks.md")
    sure = [one["value"] for one in expected["trainings"] if one["low"] > 0]
    assert sure == [0.026, 0.066, 0.032, 0.014, 0.028]
    assert all("fine-tuned" in one["data"] for one in expected["trainings"] if one["low"] <= 0)
    assert "expected" not in idle.settings
    assert flipped.settings["expected"]["trainings"] == []
    steps = order_item([used, idle, flipped]).settings["steps"]
    assert steps == [
        "rebalance the classes (a fine-tuned network: train once with and once without): logit_adjustment "
        "(5 of 9 trainings elsewhere gained +0.014 to +0.066 in test balanced accuracy, "
        "the others no more than chance)",
        "train once with and once without the augmentations: horizontal_flip (trainings elsewhere showed no gain)",
    ]


def test_an_item_whose_gain_was_not_measured_says_so() -> None:
    items = [PlanItem(kind=kind, name=kind, verdict="do", summary="2 samples") for kind in ("boxes", "collect")]
    inputs = PlanItem(kind="normalise", name="normalise", verdict="do", summary="resize to 96 pixels")
    idle = PlanItem(kind="splits", name="splits", verdict="nothing to do", summary="fits")
    words = "its gain was not measured in trainings"
    told = with_expected([*items, inputs, idle])
    assert [item.settings["expected"]["words"] for item in told[:3]] == [words] * 3
    assert "expected" not in told[3].settings
    steps = order_item(told).settings["steps"]
    assert steps == [f"set the detector up for the boxes: boxes ({words})", f"collect more samples ({words})"]


def test_leaving_copies_out_is_said_to_save_time_and_no_more() -> None:
    (told,) = with_expected([PlanItem(kind="drop", name="drop", verdict="do", summary="2 samples")])
    expected = told.settings["expected"]
    assert expected["words"] == "without the copies, trainings elsewhere scored the same, in 24 to 29 % less time"
    assert all(one["low"] < 0 < one["high"] for one in expected["trainings"])


def test_the_figures_of_trainings_are_those_of_the_benchmarks_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    section = page.partition("## What each item of a plan is worth")[2].partition("\n## ")[0]
    rows = [f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]" for found in TRAININGS.values() for one in found]
    assert len(rows) == 25
    assert [row for row in rows if row not in section] == []
