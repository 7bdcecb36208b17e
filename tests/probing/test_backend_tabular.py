"""Gradient boosting on the manifest's own columns."""

from __future__ import annotations

import re

import numpy as np
import pytest

from datacheck.errors import ProbeError
from datacheck.findings import Found, Severity
from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import LearningTask
from datacheck.probing import probe
from datacheck.probing.backends import tabular
from datacheck.probing.backends.linear_table import scaled
from datacheck.probing.backends.table_columns import Table, table_of
from datacheck.probing.backends.tabular import _boosting, _Budgeted, _drawn
from datacheck.probing.budget import Clock
from datacheck.rules.base import RuleContext
from datacheck.rules.labels.dc501_mislabel import Mislabel


def test_numbers_and_categories_are_learnt_from_and_names_are_not() -> None:
    manifest = Manifest.from_columns(
        {
            "label": ["a", "b", "a", "b"],
            "length": [1, 2, 3, 4],
            "colour": ["red", "red", "blue", None],
            "name": ["w", "x", "y", "z"],
        }
    )
    table = table_of(manifest)
    assert table.names == ("length", "colour")
    assert table.categories.tolist() == [False, True]
    np.testing.assert_array_equal(table.features[:, 1], [0, 0, 1, np.nan])


def test_a_wrong_label_in_a_table_ranks_first() -> None:
    rng = np.random.default_rng(0)
    length = rng.uniform(0, 1, 150)
    label = np.where(length > 0.5, "long", "short")
    worst = int(length.argmax())
    label[worst] = "short"
    manifest = Manifest.from_columns({"label": label, "length": length, "noise": rng.normal(size=150)})
    outputs = probe(manifest)
    assert outputs.backend == "tabular"
    assert worst in np.argsort(outputs.label_quality)[:3]


def test_a_table_without_columns_to_learn_from_says_so() -> None:
    with pytest.raises(ProbeError, match="none is numeric or a category"):
        probe(Manifest.from_columns({"label": ["a", "b"] * 10}))


class Machine:
    """A clock that only fitting moves, and a model whose trees take a time each."""

    def __init__(self, seconds_a_tree: float) -> None:
        self.time, self.seconds_a_tree, self.trees, self.wanted = 0.0, seconds_a_tree, 0, 0
        self.slower_from = 10**9

    def now(self) -> float:
        return self.time

    def set_params(self, max_iter: int = 0, warm_start: bool = False) -> Machine:
        self.wanted = max_iter
        return self

    def fit(self, x: object, y: object) -> None:
        factor = 8 if self.wanted > self.slower_from else 1
        self.time += factor * self.seconds_a_tree * (self.wanted - self.trees)
        self.trees = self.wanted


@pytest.mark.parametrize(
    ("seconds_a_tree", "trees"), [(0.001, [100] * 5), (0.02, [100] * 5), (0.1, [20] * 5), (0.5, [4] * 5)]
)
def test_the_budget_is_kept_down_to_three_trees_a_fit(seconds_a_tree: float, trees: list[int]) -> None:
    machine = Machine(seconds_a_tree)
    budgeted = _Budgeted(Clock(10.0, now=machine.now), n_fits=5)
    for _ in range(5):
        machine.trees = 0
        budgeted(machine, np.empty(0), np.empty(0))
    assert budgeted.made == trees
    assert machine.time <= 1.2 * 10.0


def test_a_machine_that_becomes_slower_within_a_fit_is_noticed() -> None:
    machine = Machine(0.02)
    budgeted = _Budgeted(Clock(10.0, now=machine.now), n_fits=5)
    for number in range(5):
        machine.trees = 0
        if number == 4:
            machine.slower_from = 24
        budgeted(machine, np.empty(0), np.empty(0))
    assert budgeted.made[:4] == [100] * 4
    assert 24 <= budgeted.made[4] < 100
    assert machine.time <= 1.6 * 10.0


def test_trees_in_two_steps_are_the_trees_of_one_fit_and_are_made_again_alike() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(200, 4)), rng.normal(size=200)
    y = (x[:, 0] + 0.5 * noise > 0).astype(int)
    table = Table(x, np.zeros(4, dtype=bool), tuple("abcd"))
    whole, split, again = (_boosting("HistGradientBoostingClassifier", 3, table) for _ in range(3))
    whole.fit(x, y)
    budgeted = _Budgeted(Clock(1e6), n_fits=1)
    budgeted(split, x, y)
    assert budgeted.made == [100]
    np.testing.assert_array_equal(whole.predict_proba(x), split.predict_proba(x))
    repeated = _Budgeted(Clock(1e6), n_fits=1, most=[7])
    repeated(again, x, y)
    assert again.n_iter_ == 7
    assert repeated.made == [7]


def test_a_repeated_fit_keeps_the_budget_too() -> None:
    machine = Machine(0.1)
    repeated = _Budgeted(Clock(4.0, now=machine.now), n_fits=2, most=[100, 5])
    for _ in range(2):
        machine.trees = 0
        repeated(machine, np.empty(0), np.empty(0))
    assert repeated.made == [20, 5]


def striped(n: int = 6000) -> tuple[Manifest, int]:
    """A table whose labels follow one number, but for one row; and that row."""
    rng = np.random.default_rng(0)
    length = rng.uniform(0, 1, n)
    label = np.where(length > 0.5, "long", "short")
    worst = int(length.argmax())
    label[worst] = "short"
    columns = {"label": label, "length": length, "noise": rng.normal(size=n), "place": rng.choice(["a", "b"], n)}
    return Manifest.from_columns(columns), worst


def test_where_all_rows_are_too_many_a_part_is_drawn_and_a_linear_model_joins_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest, worst = striped()
    share = 60 / 10  # seconds of a fit: five folds, twice
    monkeypatch.setattr(tabular, "_trial", lambda *_, **__: (share * 5_000 / (tabular.FEW_TREES * 2_500), 5_000))
    outputs = probe(manifest, budget="60s")
    drawn, averaged = (choice for choice in outputs.choices if "drawn at random" in choice or "averaged" in choice)
    assert re.search(r"2,[345]\d\d of 4,800 rows", drawn)  # the fewer, the longer the machine took to begin
    assert "do not fit into a budget of 60 s" in drawn
    assert "a linear model of the same columns" in averaged
    assert outputs.label_yield is not None
    assert worst in np.argsort(outputs.label_quality)[:3]


def test_where_no_trees_fit_a_linear_model_judges_the_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, worst = striped(400)
    monkeypatch.setattr(tabular, "_trial", lambda *_, **__: (100.0, 400))
    outputs = probe(manifest, budget="20s")
    assert outputs.backend == "tabular (linear)"
    assert (
        "trained no trees: one round of them takes 100.00 s on 400 rows, too long for a budget of 20 s"
        in outputs.choices
    )
    assert outputs.label_yield is not None
    assert worst in np.argsort(outputs.label_quality)[:3]


def ordered(n: int, rate: float) -> tuple[Manifest, int]:
    """Five classes that follow one another and overlap, some of the labels changed; and how many."""
    rng = np.random.default_rng(10)
    columns = rng.normal(size=(n, 6))
    place = columns @ [1, 0.7, 0, 0, 0, 0] + 0.18 * rng.normal(size=n)
    true = np.searchsorted(np.quantile(place, [0.07, 0.29, 0.49, 0.88]), place)
    given = np.where(rng.random(n) < rate, (true + rng.integers(1, 5, n)) % 5, true)
    named = {f"c{number}": column for number, column in enumerate(columns.T)}
    return Manifest.from_columns({"label": np.array(list("abcde"))[given], **named}), int((given != true).sum())


@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_a_linear_model_tells_classes_that_follow_one_another_apart(rate: float, monkeypatch) -> None:
    manifest, n_wrong = ordered(3000, rate)
    monkeypatch.setattr(tabular, "_trial", lambda *_, **__: (1e6, 3000))
    outputs = probe(manifest, budget="60s")
    assert outputs.backend == "tabular (linear)"
    assert outputs.metrics["accuracy"].value > 0.78  # a ridge regression alone: 0.58
    assert outputs.label_yield is not None
    count = outputs.label_yield.estimated_errors
    assert count.low <= n_wrong <= count.high < 0.3 * len(outputs)
    outcome = Mislabel().check(RuleContext(manifest, probe=outputs))
    assert isinstance(outcome, Found)
    assert {finding.severity for finding in outcome.findings} == {Severity.INFO}


def test_no_class_is_left_out_of_the_rows_that_are_drawn() -> None:
    y = np.r_[np.zeros(900, dtype=np.int64), np.full(12, 1), np.full(88, 2)]
    problem = LearningTask(Task.CLASSIFICATION, ("a", "b", "c"), y, np.ones(1000, bool), np.zeros(1000, np.int16), 2)
    rows = _drawn(problem, 1, 100)
    assert len(np.unique(rows)) == 100
    counts = np.bincount(y[rows])
    assert counts[1] == 12
    assert counts[2] >= tabular.LEAST_ROWS_OF_A_CLASS
    assert _drawn(problem, 1, 100).tolist() == rows.tolist()


def test_numbers_are_cut_and_gaps_are_marked_for_the_linear_model() -> None:
    values = np.r_[np.zeros(98), 1e9, np.nan]
    columns = scaled(Table(values[:, None], np.array([False]), ("a",)), np.arange(100))
    assert columns.shape == (100, 2)
    assert columns[98, 0] == 4.0
    assert columns[:, 1].tolist() == [0.0] * 99 + [1.0]
