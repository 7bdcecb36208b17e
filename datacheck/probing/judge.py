"""From out-of-sample predictions to metrics, label quality, suggestions and yield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.labels.label_yield import LabelYield, estimate_label_yield
from datacheck.labels.quality import (
    LabelAssessment,
    multilabel_quality,
    multilabel_sample_quality,
    with_training_margins,
)
from datacheck.labels.target_quality import target_quality
from datacheck.manifest import Task
from datacheck.models.in_sample import InSample
from datacheck.models.learning_task import Fitted, LearningTask
from datacheck.probing.metrics import (
    classification_metrics,
    multilabel_metrics,
    regression_metrics,
    train_accuracy,
)
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
    assessment = LabelAssessment.of(mean, labels)
    rows, quality = assessment.rows, assessment.odds.quality
    if "margin" in fitted.dynamics:
        quality = with_training_margins(quality, fitted.dynamics["margin"])
    metrics = classification_metrics(
        labels[rows.valid], rows.predicted[rows.valid].astype(np.int64), problem.classes, seed=problem.seed
    )
    if fitted.in_sample is not None:
        metrics |= train_accuracy(InSample.of(problem), fitted.in_sample, problem)
    try:
        found = estimate_label_yield(assessment, refit=fitted.refit, seed=problem.seed)
    except ProbeError as error:
        return Judged(quality, rows.suggested, metrics, None, (f"label errors were not counted: {error}",))
    return Judged(quality, rows.suggested, metrics, found)
