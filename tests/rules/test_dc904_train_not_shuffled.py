from __future__ import annotations

import re

import numpy as np

from datacheck.before_training.evidence import Batch
from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc904_train_not_shuffled import TrainNotShuffled

from .examples import shown
from .loader_evidence import context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(TrainNotShuffled().check(context()), Passed)


def in_order(n_batches: int, size: int, classes: int) -> tuple[Batch, ...]:
    """Return batches in the order of class folders."""
    items = np.arange(n_batches * size)
    labels = items * classes // len(items)
    parts = zip(np.split(items, n_batches), np.split(labels, n_batches), strict=True)
    return tuple(Batch(np.zeros((size, 3, 2, 2)), numbers, each) for each, numbers in parts)


def test_the_example() -> None:
    outcome = TrainNotShuffled().check(context(loader(batches=in_order(12, 6, 5))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING
    message = re.sub(r"at least [\d.]+", "at least 3", outcome.findings[0].message)
    assert message == shown(TrainNotShuffled)


def test_the_order_of_a_mixed_dataset_is_information() -> None:
    mixed = tuple(Batch(np.zeros((6, 3, 2, 2)), np.arange(6) % 3, np.arange(6) + 6 * k) for k in range(4))
    outcome = TrainNotShuffled().check(context(loader(batches=mixed)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
