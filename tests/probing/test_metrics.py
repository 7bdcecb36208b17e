"""Metrics with their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.probing.metrics import classification_metrics, multilabel_metrics, regression_metrics


def test_classes_are_measured_one_by_one() -> None:
    given = np.array([0] * 80 + [1] * 20)
    predicted = np.array([0] * 72 + [1] * 8 + [1] * 10 + [0] * 10)
    metrics = classification_metrics(given, predicted, ("cat", "dog", "never"), seed=0)
    assert metrics["accuracy"].value == 0.82
    assert metrics["balanced_accuracy"].value == pytest.approx((0.9 + 0.5) / 2)
    assert metrics["precision/dog"].value == pytest.approx(10 / 18)
    assert metrics["f1/dog"].value == pytest.approx(20 / 38)
    assert metrics["f1/dog"].low < 20 / 38 < metrics["f1/dog"].high
    assert "recall/never" not in metrics


def test_bootstrap_interval_covers_and_is_as_wide_as_theory_says() -> None:
    given = np.arange(1000) % 2
    predicted = np.where(np.arange(1000) % 10 < 8, given, 1 - given)
    balanced = classification_metrics(given, predicted, ("a", "b"), seed=0)["balanced_accuracy"]
    assert balanced.high - balanced.low == pytest.approx(2 * 1.96 * np.sqrt(0.16 / 1000), rel=0.25)


def test_regression_and_multilabel() -> None:
    target = np.arange(100.0)
    metrics = regression_metrics(target, target + 2, seed=0)
    assert metrics["mae"].value == 2
    assert metrics["r2"].value == pytest.approx(1 - 4 / np.var(target))
    given = np.array([[True, False], [True, True], [False, False]])
    found = multilabel_metrics(given, np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.2]]), ("x", "y"), seed=0)
    assert found["recall/x"].value == 0.5
    assert found["accuracy"].value == pytest.approx(5 / 6)
