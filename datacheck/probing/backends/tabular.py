"""Backend ``tabular``: scikit-learn's gradient boosting on the manifest's own columns. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from datacheck.cpus import available_cpus
from datacheck.errors import ProbeError
from datacheck.manifest import Manifest, Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backend import Backend, FitOptions
from datacheck.probing.budget import CUT_SHORT, LEAST_STEP_SECONDS, Clock

MAX_CATEGORIES = 255
"""Distinct texts that a category column may have: the limit of scikit-learn's histogram trees."""

ITERATIONS, LEARNING_RATE = 100, 0.1
"""scikit-learn's own defaults, stated so that a new version of it does not change results."""

FIRST_ITERATIONS = 3
"""Trees that every fit makes, whatever the budget: they tell how long one takes."""

ROUNDING = 1e-6
"""Added before a number of trees is cut to a whole one, so that rounding does not cost a tree."""

MANY_VALUES = 1 << 20
"""Values of a table from which on several threads are worth it; for fewer they wait for each other, and on a machine
with other work they take many times as long as one."""

NAMED_COLUMNS = 6
"""Column names that the note lists: as many as fit on a line."""


@dataclass(frozen=True)
class Table:
    """Columns as numbers [N, D], which of them are categories [D], and their names."""

    features: NDArray[np.float64]
    categories: NDArray[np.bool_]
    names: tuple[str, ...]


def table_of(manifest: Manifest) -> Table:
    """Return the extra columns of a manifest as numbers.

    Left out are texts with more than 255 distinct values, and texts that differ in more than half of the rows: such a
    column identifies rows and does not generalise.

    Raises
    ------
    ProbeError
        When no column is left.
    """
    found: list[tuple[str, NDArray[np.float64], bool]] = []
    for name in manifest.extra_columns:
        column = manifest.table[name]
        kind = column.type
        if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
            numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
            found.append((name, np.asarray(numbers, dtype=np.float64), False))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            if pa.types.is_dictionary(kind):
                column = column.cast(kind.value_type)
            encoded = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
            if len(encoded.dictionary) <= min(MAX_CATEGORIES, max(1, len(manifest) // 2)):
                codes = encoded.indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
                found.append((name, np.asarray(codes, dtype=np.float64), True))
    if not found:
        raise ProbeError(
            f"expected columns to learn from beside the label, found {list(manifest.extra_columns)}: none is numeric "
            "or a category; give features= or pred_probs="
        )
    names, columns, categories = zip(*found, strict=True)
    return Table(np.stack(columns, axis=1), np.array(categories), tuple(names))


def fit(problem: LearningTask, options: FitOptions) -> Fitted:
    """Train gradient boosting in each fold, as many trees as the budget allows."""
    table, clock = table_of(options.manifest), options.clock
    n_fits = problem.n_folds * (problem.width if problem.task is Task.MULTILABEL else 1)
    budgeted = _Budgeted(clock, n_fits)
    outputs = _cross_fit(problem, table, clock, budgeted)

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        return _cross_fit(problem.with_labels(labels, seed), table, clock, _Repeated(budgeted.made))

    more = ", …" if len(table.names) > NAMED_COLUMNS else ""
    columns = f"{len(table.names)} columns ({', '.join(table.names[:NAMED_COLUMNS])}{more})"
    fewest = min(budgeted.made, default=ITERATIONS)
    cut = () if fewest == ITERATIONS else (CUT_SHORT, f"{fewest} of {ITERATIONS} trees in the shortest fit")
    return Fitted(
        outputs[None],
        None,
        "tabular",
        refit=refit if problem.task is Task.CLASSIFICATION else None,
        choices=(f"trained gradient boosting on {columns} in each of {problem.n_folds} folds", *cut),
    )


class _Budgeted:
    """Fits models one after the other, each with its share of the time that is left.

    A few trees are made first; how long they took says how many more there is time for, again and again. A fit has at
    least these few, so a budget of less than their time is exceeded.
    """

    def __init__(self, clock: Clock, n_fits: int) -> None:
        self.clock, self.n_fits = clock, n_fits
        self.made: list[int] = []

    def __call__(self, model: Any, x: NDArray[np.float64], y: NDArray[Any]) -> None:
        until = self.clock.used + self.clock.left / max(1, self.n_fits - len(self.made))
        made, step = 0, FIRST_ITERATIONS
        model.set_params(warm_start=True)
        while step > 0:
            self.clock.check()
            began = self.clock.used
            model.set_params(max_iter=made + step).fit(x, y)
            made += step
            each = max((self.clock.used - began) / step, LEAST_STEP_SECONDS)
            affordable = int(max(0.0, until - self.clock.used) / each + ROUNDING)
            step = min(affordable, made, ITERATIONS - made)  # at most twice as many at a time: a slowdown is noticed
        self.made.append(made)


class _Repeated:
    """Fits models with the numbers of trees of an earlier run, in its order."""

    def __init__(self, made: Sequence[int]) -> None:
        self.wanted = iter(made)

    def __call__(self, model: Any, x: NDArray[np.float64], y: NDArray[Any]) -> None:
        model.set_params(max_iter=next(self.wanted, ITERATIONS)).fit(x, y)


FitModel = Callable[[Any, NDArray[np.float64], NDArray[Any]], None]


def _cross_fit(problem: LearningTask, table: Table, clock: Clock, fit_model: FitModel) -> NDArray[np.float32]:
    shape = (len(problem.fold),) if problem.task is Task.REGRESSION else (len(problem.fold), problem.width)
    outputs = np.full(shape, np.nan, dtype=np.float32)
    small = table.features.size < MANY_VALUES
    with threadpool_limits(1 if small else available_cpus(), user_api="openmp"):
        for fold in range(problem.n_folds):
            train, held_out = problem.training_rows(fold), problem.held_out(fold)
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
                outputs[held_out] = _probabilities(model, x, problem.y[train], (new, problem.width), fit_model)
            else:
                model = _boosting("HistGradientBoostingRegressor", problem.seed, table)
                fit_model(model, x, problem.y[train])
                outputs[held_out] = model.predict(new)
            clock.report()
    return outputs


def _probabilities(
    model: Any,
    x: NDArray[np.float64],
    codes: NDArray[Any],
    wanted: tuple[NDArray[np.float64], int],
    fit_model: FitModel,
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
