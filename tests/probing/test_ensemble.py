"""The weight of two predictions, for each task."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from datacheck.manifest import Task
from datacheck.models.learning_task import LearningTask
from datacheck.probing.ensemble import ensemble_weight, tempered

N = 60
ALL = np.ones(N, bool)
FOLD = (np.arange(N) % 2).astype(np.int16)


def test_regression_minimises_the_squared_error() -> None:
    target = np.random.default_rng(0).normal(size=N)
    problem = LearningTask(Task.REGRESSION, (), target, ALL, FOLD, 2)
    first, second = (target - 1).astype(np.float32), (target + 3).astype(np.float32)
    # (1 - w)(-1) + 3 w = 0 at w = 1/4.
    assert ensemble_weight(first, second, problem) == pytest.approx(0.25)


def test_multilabel_weighs_present_and_absent_labels_alike() -> None:
    matrix = (np.random.default_rng(0).random((N, 3)) < 0.3).astype(np.float32)
    problem = LearningTask(Task.MULTILABEL, ("a", "b", "c"), matrix, ALL, FOLD, 2)
    right, wrong = np.where(matrix > 0.5, 0.8, 0.2), np.where(matrix > 0.5, 0.2, 0.8)
    assert ensemble_weight(wrong.astype(np.float32), right.astype(np.float32), problem) == 1
    assert ensemble_weight(right.astype(np.float32), wrong.astype(np.float32), problem) == 0


def test_rows_without_a_label_or_a_fold_do_not_count() -> None:
    labels = np.arange(N) % 2
    labelled, fold = ALL.copy(), FOLD.copy()
    labelled[::3], fold[1::3] = False, -1
    problem = LearningTask(Task.CLASSIFICATION, ("a", "b"), np.where(labelled, labels, -1), labelled, fold, 2)
    good = np.eye(2, dtype=np.float32)[labels]
    bad = 1 - good
    first = np.where((labelled & (fold >= 0))[:, None], good, bad)
    assert ensemble_weight(first, 1 - first, problem) == 0


def test_one_certain_mistake_does_not_decide() -> None:
    """The logarithm is bounded: a model that is certain and wrong once in a thousand samples keeps all the weight."""
    labels = np.zeros(1000, int)
    problem = LearningTask(Task.CLASSIFICATION, ("a", "b"), labels, np.ones(1000, bool), np.zeros(1000, np.int16), 1)
    sure = np.tile(np.array([[1.0, 0.0]], np.float32), (1000, 1))
    sure[0] = [0, 1]
    unsure = np.full((1000, 2), 0.5, np.float32)
    assert ensemble_weight(unsure, sure, problem) == 1


@pytest.mark.parametrize("factor", [0.6, 1.0, 2.5])
def test_probabilities_that_are_too_sure_or_too_unsure_are_brought_back(factor: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 3))
    honest = softmax(logits, axis=1)
    y = (rng.random(4000)[:, None] > honest.cumsum(axis=1)).sum(axis=1)
    problem = LearningTask(Task.CLASSIFICATION, ("a", "b", "c"), y, np.ones(4000, bool), np.zeros(4000, np.int16), 1)
    found = tempered(softmax(factor * logits, axis=1).astype(np.float32), problem)
    assert np.abs(found - honest).mean() < 0.02
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_rows_without_a_prediction_stay_without_one_at_any_temperature() -> None:
    outputs = np.full((6, 2), np.nan, np.float32)
    outputs[:4] = [[0.6, 0.4], [0.4, 0.6], [0.6, 0.4], [0.4, 0.6]]
    fold = np.array([0, 0, 0, 0, -1, -1], np.int16)
    problem = LearningTask(Task.CLASSIFICATION, ("a", "b"), np.arange(6) % 2, np.ones(6, bool), fold, 1)
    found = tempered(outputs, problem)
    assert np.isnan(found[4:]).all()
    assert (found[:4].max(axis=1) > 0.6).all()
