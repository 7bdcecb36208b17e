"""How well the probe does out of sample, each number with its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.in_sample import InSample
from datacheck.models.learning_task import LearningTask
from datacheck.stats import Interval, bootstrapped, proportion

LEAST_SEEN = 30
"""Rows from which an error on rows that were trained on is stated: fewer leave more than 10 points open."""

DRAWS = 200
"""Of the bootstrap: enough for ends that are right within a tenth of the width."""


def classification_metrics(
    given: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: tuple[str, ...], *, seed: int
) -> dict[str, Interval]:
    """Return accuracy, balanced accuracy, macro F1, and precision, recall and F1 of each class.

    Parameters
    ----------
    given, predicted
        Class codes, shape [N]. A prediction counts as correct where it agrees with the given label.
    classes
        Names, for the keys ``recall/cat``.
    seed
        Of the bootstrap.

    Examples
    --------
    >>> metrics = classification_metrics(np.array([0, 0, 1]), np.array([0, 1, 1]), ("cat", "dog"), seed=0)
    >>> round(metrics["accuracy"].value, 3), metrics["recall/cat"].value
    (0.667, 0.5)
    """
    k = len(classes)
    confusion = np.bincount(given * k + predicted, minlength=k * k).reshape(k, k).astype(np.float64)
    n = int(confusion.sum())
    metrics = {"accuracy": proportion(float(np.trace(confusion)), n)}
    counts = _Counts(np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0))
    draws = list(_drawn(confusion, seed))
    metrics["balanced_accuracy"] = bootstrapped(_balanced(counts), [_balanced(draw) for draw in draws], n=n)
    f1_draws = np.stack([_f1(draw) for draw in draws])
    whole = _f1(counts)
    metrics["macro_f1"] = bootstrapped(_mean(whole), [_mean(row) for row in f1_draws], n=n)
    for index, name in enumerate(classes):
        right = float(confusion[index, index])
        given_n, predicted_n = float(confusion[index].sum()), float(confusion[:, index].sum())
        if given_n == 0 and predicted_n == 0:
            continue
        metrics[f"recall/{name}"] = proportion(right, given_n)
        metrics[f"precision/{name}"] = proportion(right, predicted_n)
        metrics[f"f1/{name}"] = bootstrapped(float(whole[index]), f1_draws[:, index], n=int(given_n))
    return metrics


def train_accuracy(seen: InSample, outputs: NDArray[np.floating[Any]], problem: LearningTask) -> dict[str, Interval]:
    """Return ``train_accuracy``: how often models predict the label of rows that they were trained on.

    Nothing where fewer than `LEAST_SEEN` rows were predicted.

    Parameters
    ----------
    seen
        The rows.
    outputs
        Class probabilities for them, NaN where they were not measured; shape [R, K].
    problem
        The labels.
    """
    measured = np.isfinite(outputs).all(axis=1)
    n_rows = int(measured.sum())
    if n_rows < LEAST_SEEN:
        return {}
    right = outputs[measured].argmax(axis=1) == problem.y[seen.rows[measured]]
    return {"train_accuracy": proportion(int(right.sum()), n_rows)}


def multilabel_metrics(
    given: NDArray[np.bool_], probabilities: NDArray[np.floating[Any]], classes: tuple[str, ...], *, seed: int
) -> dict[str, Interval]:
    """Return the share of labels that agree at 0.5, and precision, recall and F1 of each class.

    Parameters
    ----------
    given, probabilities
        Shape [N, K].
    classes
        Names, for the keys.
    seed
        Of the bootstrap.
    """
    predicted = probabilities >= 0.5
    metrics = {"accuracy": proportion(float((given == predicted).sum()), given.size)}
    for index, name in enumerate(classes):
        one = classification_metrics(
            given[:, index].astype(np.int64), predicted[:, index].astype(np.int64), ("no", "yes"), seed=seed
        )
        for measure in ("recall", "precision", "f1"):
            if f"{measure}/yes" in one:
                metrics[f"{measure}/{name}"] = one[f"{measure}/yes"]
    return metrics


def regression_metrics(
    target: NDArray[np.floating[Any]], predicted: NDArray[np.floating[Any]], *, seed: int
) -> dict[str, Interval]:
    """Return mean absolute error, root mean squared error and R², with bootstrap intervals.

    Parameters
    ----------
    target, predicted
        Shape [N], in the target's own unit.
    seed
        Of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    picks = [rng.integers(0, len(target), len(target)) for _ in range(DRAWS)]
    measures: dict[str, Callable[[NDArray[Any], NDArray[Any]], float]] = {
        "mae": lambda t, p: float(np.abs(t - p).mean()),
        "rmse": lambda t, p: float(np.sqrt(((t - p) ** 2).mean())),
        "r2": _r2,
    }
    return {
        name: bootstrapped(
            measure(target, predicted), [measure(target[pick], predicted[pick]) for pick in picks], n=len(target)
        )
        for name, measure in measures.items()
    }


def _r2(target: NDArray[Any], predicted: NDArray[Any]) -> float:
    spread = float(((target - target.mean()) ** 2).sum())
    return 1 - float(((target - predicted) ** 2).sum()) / spread if spread > 0 else float("nan")


@dataclass(frozen=True)
class _Counts:
    """Of each class, how often it was given and predicted, was given, was predicted; shape [K] each."""

    right: NDArray[np.float64]
    given: NDArray[np.float64]
    predicted: NDArray[np.float64]


def _drawn(confusion: NDArray[np.float64], seed: int) -> Iterator[_Counts]:
    """Draw as many samples from a confusion matrix, again and again; of a thousand classes most cells are empty."""
    n, k = int(confusion.sum()), len(confusion)
    rng = np.random.default_rng(seed)
    cells = np.flatnonzero(confusion)
    given, predicted = np.divmod(cells, k)
    chances = confusion.flat[cells] / max(n, 1)
    for _ in range(DRAWS):
        counts = rng.multinomial(n, chances)
        right = np.where(given == predicted, counts, 0)
        each = [
            np.bincount(at, times, minlength=k) for at, times in ((given, right), (given, counts), (predicted, counts))
        ]
        yield _Counts(*(one.astype(np.float64) for one in each))


def _balanced(counts: _Counts) -> float:
    present = counts.given > 0
    return float((counts.right[present] / counts.given[present]).mean()) if present.any() else float("nan")


def _f1(counts: _Counts) -> NDArray[np.float64]:
    both = counts.given + counts.predicted
    result: NDArray[np.float64] = np.where(both > 0, 2 * counts.right / np.maximum(both, 1), np.nan)
    return result


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
