"""The number of faulty annotations from scores with known faults among them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.labels.fault_count import FEWEST_PLANTED, FaultCount, fault_interval

N, N_PLANTED, DRAWS = 1000, 300, 20


def right_scores(tail: str, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return scores of right annotations; those of faults are about 5 and more."""
    if tail == "exponential":
        return rng.exponential(1.0, n)
    if tail == "normal":
        return rng.normal(0, 1, n)
    return rng.uniform(-2, 2, n)


def fault_scores(n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.normal(5, 1.5, n)


@pytest.mark.parametrize("tail", ["exponential", "normal", "uniform"])
@pytest.mark.parametrize("n_faults", [0, 50])
def test_intervals_hold_the_number_of_faults(tail: str, n_faults: int) -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(DRAWS):
        given = np.concatenate([right_scores(tail, N - n_faults, rng), fault_scores(n_faults, rng)])
        found = fault_interval(given, fault_scores(N_PLANTED, rng), N)
        assert found is not None
        assert 0 <= found.low <= found.value <= found.high
        held.append(found.low <= n_faults <= found.high)
    assert np.mean(held) >= 0.95


def test_faults_that_stand_out_are_seen() -> None:
    rng = np.random.default_rng(1)
    given = np.concatenate([right_scores("normal", 900, rng), fault_scores(100, rng)])
    found = fault_interval(given, fault_scores(N_PLANTED, rng), N)
    assert found is not None
    assert found.low > 50
    assert 75 < found.value < 125
    assert found.high < 160


def test_faults_without_a_score_count_too() -> None:
    rng = np.random.default_rng(2)
    right, wrong, planted = right_scores("uniform", 900, rng), fault_scores(50, rng), fault_scores(N_PLANTED, rng)
    given = np.concatenate([right, wrong])
    every, half = (fault_interval(given, planted, N, n_planted=n) for n in (N_PLANTED, 2 * N_PLANTED))
    assert every is not None
    assert half is not None
    assert half.value == pytest.approx(2 * every.value, rel=0.2)
    assert half.low <= 100 <= half.high


def test_nothing_is_told_where_faults_do_not_stand_out_or_are_few() -> None:
    rng = np.random.default_rng(3)
    right = right_scores("normal", N, rng)
    assert fault_interval(right, right_scores("normal", N_PLANTED, rng), N) is None
    assert fault_interval(right, fault_scores(FEWEST_PLANTED - 1, rng), N) is None
    assert fault_interval(np.empty(0), fault_scores(N_PLANTED, rng), N) is None
    told = FaultCount(None, "objects have no box, beside 79 boxes")
    assert told.in_words() == "how many objects have no box, beside 79 boxes cannot be told"
    assert told.to_json() is None
