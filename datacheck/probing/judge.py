"""From out-of-sample predictions to metrics, label quality, suggestions and yield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.labels.label_yield import LabelYield
from datacheck.labels.noise_matrix import weigh_labels
from datacheck.labels.quality import (
    joined_by_margins,
    multilabel_quality,
    multilabel_sample_quality,
    suggested_labels,
)
from datacheck.labels.target_quality import target_quality
from datacheck.labels.yields import estimate
from datacheck.manifest import Task
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.metrics import classification_metrics, multilabel_metrics, regression_metrics
from datacheck.stats import Interval


@dataclass(frozen=True)
class Judged:
    """The fields of `ProbeOutputs` that follow from predictions and labels."""

    label_quality: NDArray[np.float32]
    suggested: NDArray[np.int32]
    metrics: Mapping[str, Interval]
    label_yield: LabelYield | None = None
    notes: tuple[str, ...] = field(default=())


def judge(problem: LearningTask, fitted: Fitted, mean: NDArray[np.float32]) -> Judged:
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
        wanted = problem.y > 0.5
        each = multilabel_quality(np.clip(mean[known], 0, 1), wanted[known])
        quality[known] = multilabel_sample_quality(each)
        metrics = multilabel_metrics(wanted[known], mean[known], problem.classes, seed=problem.seed)
        return Judged(quality, none, metrics)
    quality[known] = target_quality(problem.y[known], mean[known])
    return Judged(quality, none, regression_metrics(problem.y[known], mean[known], seed=problem.seed))


def _classification(problem: LearningTask, fitted: Fitted, mean: NDArray[np.float32]) -> Judged:
    labels = np.where(problem.labelled, problem.y, -1).astype(np.int64)
    weighed = weigh_labels(mean, labels)
    quality = weighed.odds
    if "margin" in fitted.dynamics:
        quality = joined_by_margins(quality, fitted.dynamics["margin"])
    suggested = suggested_labels(mean, labels)
    known = (labels >= 0) & np.isfinite(mean).all(axis=1)
    metrics = classification_metrics(labels[known], mean[known].argmax(axis=1), problem.classes, seed=problem.seed)
    try:
        found = estimate(mean, labels, refit=fitted.refit, weighed=weighed, seed=problem.seed)
    except ProbeError as error:
        return Judged(quality, suggested, metrics, None, (f"label errors were not counted: {error}",))
    return Judged(quality, suggested, metrics, found)
