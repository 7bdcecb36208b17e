from dataclasses import replace

import numpy as np
import pytest

from datacheck.findings import Found, Passed
from datacheck.labels.label_yield import LabelYield
from datacheck.plan.make import order_item
from datacheck.rules.base import RuleContext
from datacheck.rules.readiness.dc602_triage import REMEDIES, UNKNOWN_TRAIN, Triage, triage
from datacheck.stats import Interval

from .examples import shown
from .probe_tables import believe, probed, truth

SPLIT = ["train"] * 500 + ["test"] * 300


def judged(
    n_wrong: int, *, n_wrong_test: int, train_accuracy: float | None, of_class: int | None = None
) -> RuleContext:
    given = truth()
    seen = given.copy()
    rows = np.arange(500) if of_class is None else np.flatnonzero(given[:500] == of_class)
    for chosen in (rows[:n_wrong], 500 + np.arange(n_wrong_test)):
        seen[chosen] = (seen[chosen] + 1) % 4
    metrics = {}
    if train_accuracy is not None:
        metrics["train_accuracy"] = Interval(train_accuracy, train_accuracy - 0.01, train_accuracy + 0.01)
    return probed(given, pred_probs=believe(seen), split=SPLIT, metrics=metrics)


@pytest.mark.parametrize(
    ("n_wrong", "n_wrong_test", "train_accuracy", "step"),
    [
        (150, 90, 0.72, "underfitting"),
        (150, 90, 0.98, "overfitting"),
        (5, 90, 0.98, "distribution shift"),
        (150, 90, None, "underfitting"),
    ],
)
def test_the_first_large_step_is_named(
    n_wrong: int, n_wrong_test: int, train_accuracy: float | None, step: str
) -> None:
    outcome = Triage().check(judged(n_wrong, n_wrong_test=n_wrong_test, train_accuracy=train_accuracy))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.startswith(step)
    rows = {row["row"]: row["value"] for row in outcome.findings[0].evidence["table"]}
    assert rows["validation"] == n_wrong / 500
    assert rows["test"] == n_wrong_test / 300


@pytest.mark.parametrize(
    ("low", "value", "high", "step"), [(0, 100, 220, None), (140, 160, 180, "mislabelling"), (0, 2, 8, "underfitting")]
)
def test_what_wrong_labels_explain_is_not_blamed_on_the_model(
    low: float, value: float, high: float, step: str | None
) -> None:
    context = judged(100, n_wrong_test=60, train_accuracy=None)
    one = np.ones(1)
    known = LabelYield(Interval(value, low, high, n=800), one.astype(np.int64), one, one, one, 1)
    assert context.probe is not None
    outcome = Triage().check(replace(context, probe=replace(context.probe, label_yield=known)))
    if step is None:
        assert isinstance(outcome, Passed)
    else:
        assert isinstance(outcome, Found)
        assert outcome.findings[0].evidence["order"][0]["step"] == step


def test_an_unknown_share_of_wrong_labels_is_left_out_of_the_table() -> None:
    context = judged(100, n_wrong_test=60, train_accuracy=None)
    one = np.ones(1)
    unknown = LabelYield(Interval(200, 150, 401, n=800), one.astype(np.int64), one, one, one, 1)
    assert context.probe is not None
    outcome = Triage().check(replace(context, probe=replace(context.probe, label_yield=unknown)))
    assert isinstance(outcome, Found)
    assert "labels" not in {row["row"] for row in outcome.findings[0].evidence["table"]}
    assert outcome.findings[0].evidence["order"][0]["step"] == "underfitting"


def test_a_small_class_that_is_never_right_calls_for_rebalancing() -> None:
    given = np.r_[np.arange(760) % 3, np.full(40, 3)]
    seen = np.where(given == 3, 0, given)
    outcome = Triage(goal_error=0.05).check(probed(given, pred_probs=believe(seen)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["order"][0]["step"] == "rebalancing"


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(Triage().check(judged(3, n_wrong_test=2, train_accuracy=0.99)), Passed)


def test_the_example_and_the_edge() -> None:
    outcome = Triage().check(judged(150, n_wrong_test=90, train_accuracy=0.98))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Triage)
    table = {"goal": Interval(0, 0, 0), "train": Interval(0, 0, 0), "validation": Interval(0.25, 0.24, 0.26)}
    assert triage(table, min_gap=0.25)[0]["step"] == "overfitting"
    assert triage(table, min_gap=0.2501) == []
    table["validation"] = Interval(0.25, 0.0, 0.5)
    assert triage(table, min_gap=0.05) == []


def test_a_step_counts_if_it_is_larger_than_both_half_widths_together() -> None:
    table = {"goal": Interval(0, 0, 0), "train": Interval(0.1, 0.07, 0.13), "validation": Interval(0.16, 0.12, 0.2)}
    (first, second) = triage(table, min_gap=0.0)[:2]
    assert (first["step"], first["uncertainty"]) == ("underfitting", pytest.approx(0.03))
    assert second["uncertainty"] == pytest.approx(0.05)
    assert [step["step"] for step in triage({**table, "validation": Interval(0.149, 0.11, 0.19)}, min_gap=0.0)] == [
        "underfitting"
    ]


def test_without_a_training_error_the_remedy_says_so() -> None:
    for train_accuracy, remedy in ((None, UNKNOWN_TRAIN), (0.72, REMEDIES["underfitting"])):
        outcome = Triage().check(judged(150, n_wrong_test=90, train_accuracy=train_accuracy))
        assert isinstance(outcome, Found)
        assert outcome.findings[0].remedy == remedy


def with_people(share: float, **fields: object) -> RuleContext:
    """25 of 800 predictions are wrong, and a second annotator differs from the label on a share of the samples."""
    given = truth()
    seen = given.copy()
    seen[:25] = (seen[:25] + 1) % 4
    second = given.copy()
    rows = np.random.default_rng(0).permutation(800)[: int(share * 800)]
    second[rows] = (second[rows] + 2) % 4
    context = probed(given, pred_probs=believe(seen), **fields)  # type: ignore[arg-type]
    names = np.array(["cat", "dog", "fox", "owl"])[second]
    return replace(context, manifest=context.manifest.with_column("second", names))


def test_a_goal_that_is_reached_says_stop_and_heads_the_plan() -> None:
    context = judged(10, n_wrong_test=6, train_accuracy=None)
    outcome = Triage(goal_error=0.06).check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message.startswith(
        "good enough: the error of the probe on test rows is 2 % (95 % interv"
    )
    assert outcome.findings[0].message.endswith("below the declared goal of 6 %")
    assert outcome.findings[0].evidence["goal_reached"]
    order = order_item([], outcome.findings)
    assert "stop here" in order.summary
    high = outcome.findings[0].evidence["table"][2]["high"]
    assert outcome.findings[0].evidence["table"][2]["row"] == "test"
    for goal, reached in ((high, True), (high - 1e-9, False)):
        found = Triage(goal_error=goal).check(context)
        assert (isinstance(found, Found) and found.findings[0].evidence["goal_reached"]) is reached


def test_the_error_of_people_is_the_goal_where_a_second_label_is_in_the_dataset() -> None:
    outcome = Triage().check(with_people(0.16))
    assert isinstance(outcome, Found)
    assert "below the error of one person, by the agreement of the label with 'second', of 8" in (
        outcome.findings[0].message
    )
    assert isinstance(Triage().check(with_people(0.02)), Passed)
    declared = Triage(goal_error=0.01).check(with_people(0.16))
    assert isinstance(declared, Passed)
    assert "goal 1 %" in declared.summary


def test_a_column_of_other_names_is_no_second_label() -> None:
    context = with_people(0.16)
    manifest = context.manifest.with_column("second", ["cat"] * 799 + ["wolf"])
    assert isinstance(Triage().check(replace(context, manifest=manifest)), Passed)


def test_what_wrong_labels_cost_out_of_sample_is_not_overfitting() -> None:
    table = {"goal": Interval(0, 0, 0), "labels": Interval(0.1, 0.09, 0.11), "train": Interval(0, 0, 0)}
    for error, found in ((0.12, ["mislabelling"]), (0.3, ["mislabelling", "overfitting"])):
        steps = triage({**table, "validation": Interval(error, error - 0.01, error + 0.01)})
        assert [step["step"] for step in steps] == found
    assert steps[1]["from"] == "labels"
    assert steps[1]["gap"] == pytest.approx(0.2)
