from dataclasses import replace

import numpy as np
import pytest

from datacheck.findings import Found, Passed
from datacheck.labels.label_yield import LabelYield
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
