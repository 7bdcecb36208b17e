"""From out-of-sample predictions to metrics, label quality, suggestions and yield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.manifest import Task
from datacheck.probe.channel import weigh_labels
from datacheck.probe.label_quality import (
    multilabel_quality,
    multilabel_sample_quality,
    suggested_labels,
)
from datacheck.probe.label_yield import estimate
from datacheck.probe.metrics import classification_metrics, multilabel_metrics, regression_metrics
from datacheck.probe.outputs import Estimate, LabelYield
from datacheck.probe.problem import Fitted, Problem


@dataclass(frozen=True)
class Judged:
    """The fields of `ProbeOutputs` that follow from predictions and labels."""

    label_quality: NDArray[np.float32]
    suggested: NDArray[np.int32]
    metrics: Mapping[str, Estimate]
    label_yield: LabelYield | None = None
    notes: tuple[str, ...] = field(default=())


def judge(problem: Problem, fitted: Fitted, mean: NDArray[np.float32]) -> Judged:
    """Judge labels by the mean of a fitted probe's members.

    Parameters
    ----------
    problem
        Labels and folds.
    fitted
        The members, and the refit that the yield is measured with.
    mean
        Mean of the members, shape [N, K], or [N] for regression.
    """
    if problem.task is Task.CLASSIFICATION:
        return _classification(problem, fitted, mean)
    none = np.full(len(mean), -1, dtype=np.int32)
    known = problem.labelled & np.isfinite(mean.reshape(len(mean), -1)).all(axis=1)
    quality = np.full(len(mean), np.nan, dtype=np.float32)
    if problem.task is Task.MULTILABEL:
        wanted = problem.answers > 0.5
        each = multilabel_quality(np.clip(mean[known], 0, 1), wanted[known])
        quality[known] = multilabel_sample_quality(each)
        metrics = multilabel_metrics(wanted[known], mean[known], problem.classes, seed=problem.seed)
        return Judged(quality, none, metrics)
    quality[known] = residual_quality(problem.answers[known], mean[known])
    return Judged(quality, none, regression_metrics(problem.answers[known], mean[known], seed=problem.seed))


def residual_quality(target: NDArray[np.floating[Any]], predicted: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Score regression targets by their out-of-sample residuals; low is suspect; shape [N].

    A residual as large as the median one (about their median, so that a biased probe accuses nobody) scores one half,
    twice as large a quarter.

    Examples
    --------
    >>> quality = residual_quality(np.array([1.0, 2.0, 3.0, 9.0]), np.array([1.1, 2.0, 2.9, 4.0]))
    >>> [round(float(value), 2) for value in quality]
    [0.35, 0.71, 0.71, 0.0]
    """
    residual = np.asarray(target, dtype=np.float64) - predicted
    size = np.abs(residual - np.median(residual))
    usual = float(np.median(size)) or float(size.mean()) or 1.0
    return np.asarray(0.5 ** (size / usual), dtype=np.float32)


def _classification(problem: Problem, fitted: Fitted, mean: NDArray[np.float32]) -> Judged:
    labels = np.where(problem.labelled, problem.answers, -1).astype(np.int64)
    weighed = weigh_labels(mean, labels)
    quality = weighed.odds
    suggested = suggested_labels(mean, labels)
    known = (labels >= 0) & np.isfinite(mean).all(axis=1)
    metrics = classification_metrics(labels[known], mean[known].argmax(axis=1), problem.classes, seed=problem.seed)
    try:
        found = estimate(mean, labels, refit=fitted.refit, weighed=weighed, seed=problem.seed)
    except ProbeError as error:
        return Judged(quality, suggested, metrics, None, (f"label errors were not counted: {error}",))
    return Judged(quality, suggested, metrics, found)
