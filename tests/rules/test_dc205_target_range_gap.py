import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.rules.base import RuleContext
from datacheck.rules.coverage.dc205_target_range_gap import TargetRangeGap, gap_members

from .examples import shown


def judge(train: object, test: object = ()):  # type: ignore[no-untyped-def]
    train, test = np.asarray(train, float), np.asarray(test, float)
    columns = {"target": np.concatenate([train, test]), "split": ["train"] * len(train) + ["test"] * len(test)}
    return TargetRangeGap().check(RuleContext(Manifest.from_columns(columns)))


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_finds_exactly_the_targets_in_a_gap(share: float) -> None:
    rng = np.random.default_rng(0)
    train = np.concatenate([rng.uniform(0, 4, 300), rng.uniform(6, 10, 300)])
    inside = round(share * 200)
    test = np.concatenate([rng.uniform(4.1, 5.9, inside), rng.uniform(0, 4, 200 - inside)])
    outcome = judge(train, test)
    assert isinstance(outcome, Found)
    assert outcome.issues["sample_id"].to_pylist() == [f"{600 + row}" for row in range(inside)]
    (gap,) = outcome.findings[0].evidence["gaps"]
    assert (gap["low"], gap["high"]) == (train[train < 5].max(), train[train > 5].min())
    assert gap["count"] == inside


def test_extrapolation_is_found_beside_a_lonely_outlier() -> None:
    rng = np.random.default_rng(0)
    outcome = judge([*rng.uniform(0, 10, 300), 1e6], rng.uniform(15, 20, 100))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].n_affected == 100


def test_one_distribution_is_silent_whatever_it_is() -> None:
    rng = np.random.default_rng(0)
    for draw in (rng.normal, rng.standard_cauchy, rng.exponential):
        for _ in range(20):
            assert isinstance(judge(draw(size=400), draw(size=100)), Passed)
    assert isinstance(judge(rng.integers(0, 5, 400), rng.integers(0, 5, 100)), Passed)


def test_the_chance_of_a_gap_is_that_of_polyas_urn() -> None:
    inside, gaps = gap_members(np.arange(4.0), np.array([1.5, 1.6, 9.0]), alpha=1.1, min_samples=2)
    assert inside.tolist() == [True, True, False]
    p = (3 / 7) * (2 / 6)
    assert gaps[0]["p_adjusted"] == pytest.approx(min(1.0, p * 5 / 1))


def test_a_sparse_range_is_an_info() -> None:
    rng = np.random.default_rng(0)
    outcome = judge([*rng.uniform(0, 5, 20_000), *rng.uniform(5, 10, 600)], rng.uniform(0, 10, 400))
    assert isinstance(outcome, Found)
    assert {finding.severity for finding in outcome.findings} == {Severity.INFO}
    assert min(row["low"] for row in outcome.findings[0].evidence["bins"]) > 4


def test_a_heap_at_a_cap_is_an_info() -> None:
    outcome = judge(np.minimum(np.random.default_rng(0).exponential(20, 1000), 50.0))
    assert isinstance(outcome, Found)
    assert (outcome.findings[0].severity, outcome.findings[0].evidence["value"]) == (Severity.INFO, 50.0)
    assert outcome.findings[0].evidence["share"] == pytest.approx(np.exp(-2.5), abs=0.02)


def test_few_missing_and_no_targets() -> None:
    assert isinstance(judge([1.0, 2.0], [3.0]), Passed)
    assert isinstance(judge([1.0, np.nan, np.inf], [np.nan]), Passed)
    assert isinstance(judge([]), NotApplicable)
    assert isinstance(TargetRangeGap().check(RuleContext(Manifest.from_columns({"label": ["a"]}))), NotApplicable)


def test_the_example_and_the_edges() -> None:
    low, high = np.linspace(0, 10, 200), np.linspace(20, 30, 50)
    outcome = judge(low, high)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(TargetRangeGap)
    assert isinstance(judge(low, [20.0, 21.0]), Passed)
    assert isinstance(judge(low, [20.0, 21.0, 22.0]), Found)
    _, (gap,) = gap_members(low, high[:3], alpha=1.0, min_samples=3)
    assert gap_members(low, high[:3], alpha=gap["p_adjusted"], min_samples=3)[0].any() == np.False_
    assert gap_members(low, high[:3], alpha=1.01 * gap["p_adjusted"], min_samples=3)[0].all()


def test_a_placeholder_is_neither_trained_on_nor_extrapolated_to() -> None:
    rng = np.random.default_rng(0)
    outcome = judge([*rng.uniform(-15, 15, 300), 9999.0], [*rng.uniform(-15, 15, 100), -999.0, -999.0, -999.0])
    assert isinstance(outcome, Passed)


@pytest.mark.parametrize(("heap", "found"), [(100, True), (99, False)])
def test_a_heap_counts_from_ten_times_the_usual_value_on(heap: int, found: bool) -> None:
    usual = np.repeat(np.arange(100.0), 10)
    assert isinstance(judge([*usual, *[50.0] * (heap - 10)]), Found) == found


def test_a_heap_counts_from_its_share_and_from_fifty_values_on() -> None:
    for values, heap, found in ((95, 5, False), (49, 51, False), (50, 51, True), (1_000, 53, True), (1_000, 52, False)):
        target = [*np.arange(float(values)), *[7.0] * (heap - 1)]
        assert isinstance(judge(target), Found) == found, (values, heap)
