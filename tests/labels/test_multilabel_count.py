"""The count of wrong labels of multilabel data."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.labels.multilabel_count import count_multilabel_errors
from tests.benchmarks.bench_multilabel_counts import spoiled
from tests.rules.label_tables import believe, true_labels


@pytest.mark.parametrize("kind", ["missing", "added", "both", "whole"])
@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1])
def test_the_interval_covers_the_count_in_all_and_of_each_label(kind: str, rate: float) -> None:
    true = true_labels(2000)
    given = spoiled(true, kind, rate, np.random.default_rng(1))
    found = count_multilabel_errors(believe(true).astype(np.float64), given)
    wrong = (given != true).sum(axis=0)
    assert found.errors.low <= wrong.sum() <= found.errors.high
    assert all(one.low <= n <= one.high for one, n in zip(found.by_column, wrong, strict=True))
    assert found.conclusive
    assert found.given == given.sum()
    if rate == 0.1:
        assert found.noise_is_evident
        assert 0.4 * wrong.sum() < found.errors.low
        assert abs(found.errors.value - wrong.sum()) < 0.25 * wrong.sum()


def test_right_labels_are_no_evident_noise() -> None:
    true = true_labels(2000)
    found = count_multilabel_errors(believe(true).astype(np.float64), true)
    assert (found.errors.low, found.errors.value, found.noise_is_evident) == (0.0, 0.0, False)
    assert found.errors.high < 0.05 * true.sum()


@pytest.mark.parametrize("seed", range(3))
def test_labels_that_are_hard_to_see_are_not_counted(seed: int) -> None:
    """Each is there as often as its probability says."""
    rng = np.random.default_rng(seed)
    probs = rng.beta(0.6, 1.2, (2000, 5))
    found = count_multilabel_errors(probs, rng.random(probs.shape) < probs)
    assert not found.conclusive
    assert "not known how many labels are wrong or missing: 0 to" in found.in_words()


def test_labels_that_are_missing_together_widen_the_interval() -> None:
    true = true_labels(2000, share=0.6)
    probs = believe(true).astype(np.float64)
    alone, together = (
        count_multilabel_errors(probs, spoiled(true, kind, 0.1, np.random.default_rng(2))).errors
        for kind in ("missing", "whole")
    )
    assert together.high - together.low > alone.high - alone.low
