"""Backend ``tabular``: scikit-learn's gradient boosting on the manifest's own columns. Needs no torch.

Where trees on all rows do not fit into the budget, each fold is fitted on as many rows as do, drawn at random, and
averaged with a linear model; where trees on a few thousand rows do not, the linear model is used alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.cpus import available_cpus
from datacheck.manifest import Task
from datacheck.models.in_sample import InSample
from datacheck.models.learning_task import Fitted, LearningTask, usual_range
from datacheck.probing.backend import Backend, FitOptions
from datacheck.probing.backends import linear_table
from datacheck.probing.backends.table_columns import Table, table_of
from datacheck.probing.budget import LEAST_STEP_SECONDS, Clock
from datacheck.probing.ensemble import ensemble_weight, mixed

ITERATIONS, LEARNING_RATE = 100, 0.1
"""scikit-learn's own defaults, stated so that a new version of it does not change results."""

TRIAL_ROWS = 5_000
"""Rows that one round of boosting is timed on: enough to tell what a row costs, in 0.05 s with two classes."""

N_TRIALS, TRIAL_SECONDS, TRIAL_SHARE = 3, 0.5, 0.05
"""The round is timed at most so often, and the shortest time counts: the first one loads libraries, and other work on
the machine can hold one up. No further round begins after so many seconds, or this share of the time that is left."""

TRIAL_CLASSES = 50
"""Classes that a round is timed with, the last one holding all others: it makes one tree a class, so that many
classes cost as many times more."""

TRIAL_STREAM, DRAW_STREAM = 4, 5
"""Keep these random numbers apart from those of the folds, which start from the same seed."""

FEW_TREES = 10
"""Trees below which more rows do not help: with fewer than these, fewer rows are taken instead."""

LEAST_ROWS, LEAST_ROWS_OF_A_CLASS = 2_000, 20
"""Rows of a fit, and rows of each class in it, below which a linear model on all rows predicts better."""

FIRST_ITERATIONS = 3
"""Trees that every fit makes, whatever the budget: they tell how long one takes."""

ROUNDING = 1e-6
"""Added before a number of trees is cut to a whole one, so that rounding does not cost a tree."""

MANY_VALUES = 1 << 20
"""Values of a fit from which on several threads may be worth it; for fewer they wait for each other. On a machine with
other work they take many times as long as one, so a short trial decides."""


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Train gradient boosting in each fold, on as many rows and with as many trees as the budget allows."""
    table, clock = table_of(options.manifest), options.clock
    n_fits = problem.n_folds * (problem.width if problem.task is Task.MULTILABEL else 1)
    if problem.task is Task.CLASSIFICATION:
        n_fits *= 2  # all folds are fitted once more, on planted errors
    seconds, n_tried = _trial(problem, table, clock, n_threads=1)
    n_trained = max((len(problem.training_rows(fold)) for fold in range(problem.n_folds)), default=0)
    n_rows = affordable_rows(seconds, n_tried, n_trained, clock.left / n_fits, n_classes=problem.width)
    if n_rows == 0:
        return linear_table.fit(problem, table, clock, why=_why_no_trees(seconds, n_tried, clock))
    n_threads = 1
    if n_rows * table.features.shape[1] >= MANY_VALUES and _trial(problem, table, clock)[0] <= seconds:
        n_threads = available_cpus()
    trees = _fit_trees(problem, table, clock, _Size(n_fits, n_rows, n_trained, n_threads))
    return trees if len(trees.choices) == 1 else _with_linear(trees, problem, table, clock)


@dataclass(frozen=True)
class _Size:
    """How many fits there are, on how many of the rows, by how many threads."""

    n_fits: int
    n_rows: int
    n_trained: int
    n_threads: int


def _fit_trees(problem: LearningTask, table: Table, clock: Clock, size: _Size) -> Fitted:
    """Fit all folds; a second choice says why the trees are fewer than wanted, or saw only some of the rows."""
    budgeted = _Budgeted(clock, size.n_fits)
    seen = InSample.of(problem)
    outputs = _cross_fit(problem, table, budgeted, size, seen)

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        again = _Budgeted(clock, len(budgeted.made), most=budgeted.made)
        return _cross_fit(problem.with_labels(labels, seed), table, again, size, InSample.nothing(problem))

    choices = [f"trained gradient boosting on {table.in_words()} in each of {problem.n_folds} folds"]
    if size.n_rows < size.n_trained:
        choices.append(
            f"each fold was trained on {size.n_rows:,} of {size.n_trained:,} rows, drawn at random: trees on all do "
            f"not fit into a budget of {clock.seconds:,.0f} s"
        )
    fewest = min(budgeted.made, default=ITERATIONS)
    if fewest < ITERATIONS:
        choices.append(f"{fewest} of {ITERATIONS} trees in the shortest fit: more did not fit into the budget")
    refits = problem.task is Task.CLASSIFICATION
    return Fitted(
        outputs[None],
        None,
        "tabular",
        refit=refit if refits else None,
        choices=tuple(choices),
        in_sample=seen.outputs,
    )


def _with_linear(trees: Fitted, problem: LearningTask, table: Table, clock: Clock) -> Fitted:
    """Average trees that are too few with a linear model, which costs little, by held-out likelihood."""
    linear = linear_table.fit(problem, table, clock)
    weight = ensemble_weight(trees.members[0], linear.members[0], problem)
    members = mixed(trees.members, linear.members, weight)
    note = (
        f"averaged them with weight {1 - weight:.2f}, and a linear model of the same columns with weight "
        f"{weight:.2f}: this mixture predicts the held-out labels best"
    )
    refit = linear.refit if weight > 0.5 else trees.refit
    in_sample = mixed(trees.in_sample, linear.in_sample, weight)
    return replace(trees, members=members, refit=refit, choices=(*trees.choices, note), in_sample=in_sample)


def _trial(problem: LearningTask, table: Table, clock: Clock, n_threads: int | None = None) -> tuple[float, int]:
    """Return the seconds of one round of boosting for one output, and the number of rows it was tried on."""
    rows = np.flatnonzero(problem.used)
    rows = np.random.default_rng([problem.seed, TRIAL_STREAM]).permutation(rows)[:TRIAL_ROWS]
    x, y = table.features[rows], problem.y[rows]
    if problem.task is Task.MULTILABEL:
        y = y[:, int(np.argmax(y.sum(axis=0)))].astype(np.int64)
    times = 1.0
    if problem.task is Task.CLASSIFICATION and problem.width > TRIAL_CLASSES:
        y, times = np.minimum(y, TRIAL_CLASSES - 1), problem.width / TRIAL_CLASSES
    if len(np.unique(y)) < 2:
        return 0.0, len(rows)
    kind = "Regressor" if problem.task is Task.REGRESSION else "Classifier"
    seconds: list[float] = []
    most = max(TRIAL_SECONDS, TRIAL_SHARE * clock.left)
    with threadpool_limits(n_threads, user_api="openmp"):
        while len(seconds) < N_TRIALS and sum(seconds) < most:
            began = clock.used
            _boosting(f"HistGradientBoosting{kind}", problem.seed, table).set_params(max_iter=1).fit(x, y)
            seconds.append(clock.used - began)
    return times * min(seconds), len(rows)


def affordable_rows(seconds: float, n_tried: int, n_rows: int, share: float, *, n_classes: int) -> int:
    """Return the rows that a fit is trained on: all, or as many as a few trees are affordable for, or 0 for no trees.

    Parameters
    ----------
    seconds, n_tried
        Seconds of one round of boosting on ``n_tried`` rows.
    n_rows
        Rows that there are for a fit.
    share
        Seconds that one fit may take.
    n_classes
        Classes: a fit needs several rows of each.

    Examples
    --------
    >>> affordable_rows(0.05, 5_000, 1_000_000, 200.0, n_classes=2)
    1000000
    >>> affordable_rows(0.05, 5_000, 1_000_000, 10.0, n_classes=2)
    100000
    >>> affordable_rows(0.05, 5_000, 1_000_000, 10.0, n_classes=10_000)
    0
    """
    each_row = seconds / max(1, n_tried)
    if n_rows * each_row * FEW_TREES <= share:
        return n_rows
    affordable = int(share / (FEW_TREES * each_row) + ROUNDING)
    return affordable if affordable >= max(LEAST_ROWS, LEAST_ROWS_OF_A_CLASS * n_classes) else 0


def _why_no_trees(seconds: float, n_tried: int, clock: Clock) -> str:
    return (
        f"trained no trees: one round of them takes {seconds:,.2f} s on {n_tried:,} rows, too long for a budget of "
        f"{clock.seconds:,.0f} s"
    )


class _Budgeted:
    """Fits models one after the other, each with its share of the time that is left.

    A few trees are made first; how long they took says how many more there is time for, again and again. A fit has at
    least these few. ``most`` limits the trees of each fit, in their order: a fit that is repeated makes no more than
    the first time.
    """

    def __init__(self, clock: Clock, n_fits: int, most: Sequence[int] = ()) -> None:
        self.clock, self.n_fits, self.most = clock, n_fits, tuple(most)
        self.made: list[int] = []

    def __call__(self, model: Any, x: NDArray[np.float64], y: NDArray[Any]) -> None:
        number = len(self.made)
        until = self.clock.used + self.clock.left / max(1, self.n_fits - number)
        most = self.most[number] if number < len(self.most) else ITERATIONS
        made, step = 0, min(FIRST_ITERATIONS, most)
        model.set_params(warm_start=True)
        while step > 0:
            self.clock.check()
            began = self.clock.used
            model.set_params(max_iter=made + step).fit(x, y)
            made += step
            each = max((self.clock.used - began) / step, LEAST_STEP_SECONDS)
            affordable = int(max(0.0, until - self.clock.used) / each + ROUNDING)
            step = min(affordable, made, most - made)  # at most twice as many at a time: a slowdown is noticed
        self.made.append(made)
        self.clock.report()


def _cross_fit(
    problem: LearningTask, table: Table, fit_model: _Budgeted, size: _Size, seen: InSample
) -> NDArray[np.float32]:
    shape = (len(problem.fold),) if problem.task is Task.REGRESSION else (len(problem.fold), problem.width)
    outputs = np.full(shape, np.nan, dtype=np.float32)
    with threadpool_limits(size.n_threads, user_api="openmp"):
        for fold in range(problem.n_folds):
            train, held_out = _drawn(problem, fold, size.n_rows), problem.held_out(fold)
            if not len(train):
                continue
            x, new = table.features[train], table.features[held_out]
            if problem.task is Task.MULTILABEL:
                for column in range(problem.width):
                    codes = problem.y[train, column].astype(np.int64)
                    model = _boosting("HistGradientBoostingClassifier", problem.seed, table)
                    outputs[held_out, column] = _probabilities(model, x, codes, (new, 2), fit_model)[:, 1]
            elif problem.task is Task.CLASSIFICATION:
                model = _boosting("HistGradientBoostingClassifier", problem.seed, table)
                at = seen.of_fold(fold, trained=train)
                new = np.concatenate([new, table.features[seen.rows[at]]])
                found = _probabilities(model, x, problem.y[train], (new, problem.width), fit_model)
                outputs[held_out], seen.outputs[at] = found[: len(held_out)], found[len(held_out) :]
            else:
                model = _boosting("HistGradientBoostingRegressor", problem.seed, table)
                fit_model(model, x, np.clip(problem.y[train], *usual_range(problem.y[train])))
                outputs[held_out] = model.predict(new)
    return outputs


def _drawn(problem: LearningTask, fold: int, n_rows: int) -> NDArray[np.intp]:
    """Return the training rows of a fold, or ``n_rows`` of them at random, in which no class is left out."""
    rows = problem.training_rows(fold)
    if len(rows) <= n_rows:
        return rows
    rows = np.random.default_rng([problem.seed, DRAW_STREAM, fold]).permutation(rows)
    if problem.task is Task.CLASSIFICATION:
        rank = pd.Series(problem.y[rows]).groupby(problem.y[rows]).cumcount().to_numpy()
        rows = rows[np.argsort(rank >= LEAST_ROWS_OF_A_CLASS, kind="stable")]
    return np.sort(rows[:n_rows])


def _probabilities(
    model: Any,
    x: NDArray[np.float64],
    codes: NDArray[Any],
    wanted: tuple[NDArray[np.float64], int],
    fit_model: _Budgeted,
) -> NDArray[np.float32]:
    """Fit, and return probabilities [R, width] of new rows; a class that the training rows lack gets 0."""
    new, width = wanted
    probabilities = np.zeros((len(new), width), dtype=np.float32)
    present = np.unique(codes)
    if len(present) == 1:
        probabilities[:, present[0]] = 1
        return probabilities
    fit_model(model, x, codes)
    probabilities[:, model.classes_] = model.predict_proba(new)
    return probabilities


def _boosting(kind: str, seed: int, table: Table) -> Any:
    from sklearn import ensemble

    options: dict[str, Any] = {"categorical_features": table.categories} if table.categories.any() else {}
    return getattr(ensemble, kind)(
        max_iter=ITERATIONS, learning_rate=LEARNING_RATE, early_stopping=False, random_state=seed, **options
    )


BACKEND = Backend(
    "tabular",
    needs=frozenset(),
    fit=fit,
    suits=lambda available: True,
    advice="add columns that say more about the label, or give features= or pred_probs= of a better model",
)
