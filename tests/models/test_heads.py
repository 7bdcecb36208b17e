"""The head with a hidden layer: its gradients, its folds, and what it learns."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.manifest import Task
from datacheck.models.heads import AllSteps, HeadRecipe, _link, _Network, _standardised, fit_heads, one_cycle, steps_of
from datacheck.models.learning_task import LearningTask

QUICK = HeadRecipe(hidden=32, min_steps=200, batch=64, learning_rate=2e-2)


def task_of(kind: Task, n: int = 300, seed: int = 0) -> tuple[np.ndarray, LearningTask]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(np.float32) * [1, 10, 0.1, 1, 1] + [0, 50, 0, 0, 0]
    fold = (np.arange(n) % 3).astype(np.int16)
    fold[:6] = -1
    labelled = np.arange(n) % 50 != 7
    if kind is Task.REGRESSION:
        y = np.where(labelled, 100 + 5 * x[:, 0] + x[:, 1] / 10, np.nan)
    elif kind is Task.MULTILABEL:
        y = np.stack([x[:, 0] > 0, x[:, 1] > 50], axis=1).astype(np.float32)
    else:
        y = np.where(labelled, (x[:, 0] > 0) + (x[:, 1] > 50), -1).astype(np.int64)
    classes = {Task.REGRESSION: (), Task.MULTILABEL: ("a", "b"), Task.CLASSIFICATION: ("a", "b", "c")}[kind]
    return x.astype(np.float32), LearningTask(kind, classes, y, labelled, fold, 3)


def test_a_class_is_predicted_out_of_sample() -> None:
    x, task = task_of(Task.CLASSIFICATION)
    found = fit_heads(x, task, QUICK, seed=0)
    used = (task.fold >= 0) & task.labelled
    assert np.isnan(found[:6]).all()
    np.testing.assert_allclose(found[6:].sum(axis=1), 1, atol=1e-5)
    assert (found[used].argmax(axis=1) == task.y[used]).mean() > 0.85


def test_labels_of_a_fold_do_not_reach_its_own_predictions() -> None:
    x, task = task_of(Task.CLASSIFICATION)
    other = task.y.copy()
    held = task.fold == 1
    other[held & task.labelled] = (other[held & task.labelled] + 1) % 3
    found = fit_heads(x, task, QUICK, seed=0)
    changed = fit_heads(x, task.with_labels(other, task.seed), QUICK, seed=0)
    assert np.abs(found[task.fold == 0] - changed[task.fold == 0]).max() > 0.1
    np.testing.assert_allclose(found[held], changed[held], atol=1e-5)


def test_a_number_comes_back_on_its_own_scale() -> None:
    x, task = task_of(Task.REGRESSION)
    found = fit_heads(x, task, QUICK, seed=0)
    used = (task.fold >= 0) & task.labelled
    assert found.shape == (300,)
    assert np.corrcoef(found[used], task.y[used])[0, 1] > 0.9
    assert found[used].mean() == pytest.approx(task.y[used].mean(), abs=1)


def test_several_labels_are_predicted_each_by_itself() -> None:
    x, task = task_of(Task.MULTILABEL)
    found = fit_heads(x, task, QUICK, seed=0)
    used = (task.fold >= 0) & task.labelled
    assert ((found[used] > 0.5) == (task.y[used] > 0.5)).mean() > 0.9


def test_mirrored_views_are_averaged_and_the_same_seed_gives_the_same() -> None:
    x, task = task_of(Task.CLASSIFICATION)
    plain, again = fit_heads(x, task, QUICK, seed=1), fit_heads(x, task, QUICK, seed=1)
    np.testing.assert_array_equal(plain, again)
    both = fit_heads(x, task, QUICK, seed=1, mirrored=x)
    np.testing.assert_allclose(both[6:], plain[6:], atol=1e-5)
    assert not np.allclose(fit_heads(x, task, QUICK, seed=2)[6:], plain[6:], atol=1e-3)


def test_gradients_are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(0)
    _, task = task_of(Task.CLASSIFICATION)
    network = _Network.create(5, task, HeadRecipe(hidden=4), rng)
    for parameter in network.parameters:
        parameter += rng.normal(size=parameter.shape).astype(np.float32) * 0.1
    x = rng.normal(size=(7, 5)).astype(np.float32)
    target = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 7)]
    keep = (rng.random((7, 12)) > 0.3).astype(np.float32) / 0.7

    def loss() -> float:
        return float(-(np.log(_link(network.forward(x, keep)[1], task.task)) * target).sum())

    hidden, logits = network.forward(x, keep)
    gradients = network.gradients(x, hidden, (_link(logits, task.task) - target).astype(np.float32), keep)
    for parameter, gradient in zip(network.parameters, gradients, strict=True):
        for index in [tuple(rng.integers(0, size) for size in parameter.shape) for _ in range(6)]:
            before, step = parameter[index], np.float32(1e-2)
            parameter[index] = before + step
            above = loss()
            parameter[index] = before - step
            below = loss()
            parameter[index] = before
            assert gradient[index] == pytest.approx((above - below) / (2 * step), abs=2e-2)


def test_features_are_standardised_over_the_rows_that_take_part() -> None:
    x, task = task_of(Task.CLASSIFICATION)
    x[:6] = 1e4
    (found,) = _standardised([x], task)
    np.testing.assert_allclose(found[6:].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(found[6:].std(axis=0), 1, atol=1e-3)
    constant = np.c_[x, np.full(300, 3.0) + 1e-6 * np.arange(300)].astype(np.float32)
    assert np.abs(_standardised([constant], task)[0][:, 5]).max() < 0.1


def test_the_learning_rate_rises_for_a_fifth_and_falls_to_0() -> None:
    rates = [one_cycle(progress) for progress in (0.0, 0.1, 0.2, 0.6, 1.0, 1.1)]
    assert rates == pytest.approx([0, 0.5, 1, 0.5, 0, 0])


def test_fewer_steps_are_made_where_the_pace_says_so() -> None:
    x, task = task_of(Task.CLASSIFICATION)
    pace = AllSteps(5)
    found = fit_heads(x, task, QUICK, seed=0, pace=pace)
    assert pace.made == 5
    assert np.isfinite(found[6:]).all()
    whole = fit_heads(x, task, QUICK, seed=0, pace=AllSteps(steps_of(task, QUICK)))
    np.testing.assert_array_equal(whole, fit_heads(x, task, QUICK, seed=0))
