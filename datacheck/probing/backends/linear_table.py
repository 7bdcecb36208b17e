"""A linear model of the columns of a table, where the budget does not suffice for trees. Needs no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task
from datacheck.models.in_sample import InSample
from datacheck.models.kernel_head import KernelHead, few_threads
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.backends.table_columns import Table
from datacheck.probing.budget import Clock

NAMED_VALUES = 16
"""Values of a category that get a column of their own, the most frequent ones: further ones share one."""

REPEAT, SHORT = 2.0, 0.1
"""Fitting again and judging takes so many times as long as the fit. It is left out where less time than that is left,
unless it is this short a share of the budget."""

NOT_REPEATED = (
    "did not fit again with planted errors, as too little time was left: how well wrong labels are found was estimated "
    "from the predictions at hand"
)
"""What is said where the fit is not repeated."""

MOST_DEVIATIONS = 4.0
"""Numbers are cut at so many standard deviations, so that single huge ones do not decide a linear fit."""


def fit(problem: LearningTask, table: Table, clock: Clock, *, why: str = "") -> Fitted:
    """Fit a linear model in each fold; ``why`` says why there are no trees."""
    rows, began = np.flatnonzero(problem.fold >= 0), clock.used
    with few_threads(len(rows)):
        head = KernelHead(scaled(table, rows), problem, rows, kernel=False)
        seen = InSample.of(problem)
        outputs, penalty = head.fit(problem, seen=seen)
    clock.report()
    repeats = problem.task is Task.CLASSIFICATION
    if repeats and REPEAT * (clock.used - began) > max(clock.left, SHORT * clock.seconds):
        repeats = False
        why = "; ".join(filter(None, [why, NOT_REPEATED]))

    def refit(labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        with few_threads(len(rows)):
            return head.fit(problem.with_labels(labels, seed), penalties=(penalty,))[0]

    return Fitted(
        outputs[None],
        None,
        "tabular (linear)",
        refit=refit if repeats else None,
        choices=(
            f"fitted a linear model on {table.in_words()} in each of {problem.n_folds} folds",
            *filter(None, [why]),
        ),
        in_sample=seen.outputs,
    )


def scaled(table: Table, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the columns as numbers of mean 0 and deviation 1 without gaps, categories as 0 and 1; shape [R, C].

    A column with missing values gets a second one that marks them.

    Examples
    --------
    >>> table = Table(np.array([[1.0, 0.0], [3.0, 1.0], [np.nan, 1.0]]), np.array([False, True]), ("a", "b"))
    >>> scaled(table, np.arange(3)).tolist()
    [[-1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]]
    """
    found: list[NDArray[np.float32]] = []
    for column, is_category in zip(table.features[rows].T, table.categories.tolist(), strict=True):
        known = np.isfinite(column)
        if is_category:
            values, counts = np.unique(column[known], return_counts=True)
            found += [
                (column == value).astype(np.float32)
                for value in values[np.argsort(-counts, kind="stable")][:NAMED_VALUES]
            ]
            continue
        mean, deviation = (float(column[known].mean()), float(column[known].std())) if known.any() else (0.0, 0.0)
        centred = np.where(known, column - mean, 0.0) / (deviation or 1.0)
        found.append(np.clip(centred, -MOST_DEVIATIONS, MOST_DEVIATIONS).astype(np.float32))
        if not known.all():
            found.append((~known).astype(np.float32))
    return np.stack(found, axis=1)
