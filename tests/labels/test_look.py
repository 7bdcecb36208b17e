"""A look at a few labels: what is drawn, and whether the interval covers the truth."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.labels.label_yield import LabelYield, measured
from datacheck.labels.look import LEAST_LOOKED_AT, Look, allocation, stratum_sizes
from datacheck.stats import Interval, Stratum, stratified_count


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.1, 0.4])
@pytest.mark.parametrize("n_looks", [30, 60])
def test_the_interval_covers_the_true_count_whatever_the_model_thinks(rate: float, n_looks: int) -> None:
    rng = np.random.default_rng(round(1000 * rate) + n_looks)
    covered = []
    for _ in range(60):
        wrong = rng.random(900) < rate
        blind = rng.random() < 0.5
        suspicion = np.sort(rng.beta(1, 9, 900))[::-1]
        ranked = wrong if blind else wrong[np.argsort(rng.normal(0, 0.7, 900) - wrong)]
        sizes = stratum_sizes(suspicion)
        strata, start = [], 0
        for size, drawn in zip(sizes, allocation(sizes, suspicion, n_looks), strict=True):
            picked = rng.choice(ranked[start : start + size], drawn, replace=False)
            strata.append(Stratum(size, drawn, int(picked.sum())))
            start += size
        count = stratified_count(strata)
        covered.append(count.low <= wrong.sum() <= count.high)
    assert np.mean(covered) >= 0.93  # 60 draws: an interval that covers 95 % is below this in 1 of 5 runs at most


def test_one_stratum_has_the_exact_interval() -> None:
    # Clopper and Pearson: 0 of 20 leaves 1 - .025^(1/20) = 16.8 % open; of a large population the same.
    count = stratified_count([Stratum(10**6, 20, 0)])
    assert (count.low, count.value) == (0, 0)
    assert count.high == pytest.approx(168_433, rel=0.02)


def test_who_saw_everything_knows() -> None:
    count = stratified_count([Stratum(40, 40, 12), Stratum(3, 3, 0)])
    assert (count.low, count.value, count.high) == (12, 12, 12)


def test_a_stratum_that_nobody_looked_at_counts_from_none_to_all() -> None:
    count = stratified_count([Stratum(50, 50, 10), Stratum(100, 0, 0)])
    assert (count.low, count.high) == (10, 110)


def test_what_nobody_can_tell_widens_the_interval_to_both_sides() -> None:
    known, doubtful = stratified_count([Stratum(900, 60, 6)]), stratified_count([Stratum(900, 60, 6, 6)])
    assert doubtful.low == pytest.approx(known.low, rel=0.05)
    assert doubtful.high > 1.5 * known.high


@pytest.mark.parametrize("counts", [(5, 6, 0, 0), (5, 5, 6, 0), (5, 5, 3, 3), (5, 5, 3, -1)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="expected 0 <= found"):
        Stratum(*counts)


@pytest.mark.parametrize("sizes", [(60, 882), (3, 40), (1, 1), (7,)])
@pytest.mark.parametrize("n_looks", [1, 2, 30, 5000])
def test_the_allocation_uses_what_it_has(sizes: tuple[int, ...], n_looks: int) -> None:
    drawn = allocation(sizes, np.linspace(1, 0, sum(sizes)), n_looks)
    assert sum(drawn) == min(n_looks, sum(sizes))
    assert all(one <= size for one, size in zip(drawn, sizes, strict=True))


def by_model(n: int = 900) -> LabelYield:
    depth = np.arange(1, n + 1)
    precision = np.minimum(1, 30 / depth)
    return LabelYield(Interval(30, 0, 600, n=n), depth, precision, precision * 0, np.ones(n), 30, 0.0)


def test_what_people_found_replaces_the_estimate_and_the_curve() -> None:
    found = measured(by_model(), Look((Stratum(60, 20, 10), Stratum(840, 40, 0))))
    assert found is not None
    assert found.conclusive
    assert found.noise_is_evident
    assert found.estimated_errors.value == pytest.approx(30)
    at = int(np.searchsorted(found.depth, 60))
    assert found.precision[at] * found.depth[at] == pytest.approx(30, rel=0.1)
    assert (found.precision_low <= found.precision).all()
    assert (found.precision <= found.precision_high).all()
    assert "10 of 60 labels looked at are wrong; of all 900, about 30 are" in found.count_in_words()
    assert found.model is not None
    assert found.model.estimated_errors.high == 600


def test_a_later_look_starts_from_the_model_again() -> None:
    first = measured(by_model(), Look((Stratum(60, 20, 10), Stratum(840, 40, 0))))
    again = measured(first, Look((Stratum(60, 20, 0), Stratum(840, 40, 0))))
    assert again is not None
    assert (again.estimated_errors.value, again.recommended_depth, again.noise_is_evident) == (0, 0, False)
    assert again.model == first.model  # type: ignore[union-attr]


def test_a_few_answers_leave_the_estimate_of_the_model() -> None:
    model = by_model()
    assert measured(model, Look((Stratum(60, LEAST_LOOKED_AT - 1, 0), Stratum(840, 0, 0)))) is model
    assert measured(model, None) is model


def test_without_a_model_the_count_is_known_all_the_same() -> None:
    found = measured(None, Look((Stratum(900, 60, 24),)))
    assert found is not None
    assert found.estimated_errors.value == pytest.approx(360)
    assert found.conclusive
