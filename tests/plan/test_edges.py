"""The plan's thresholds, each just below and just above, and its formulas by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from datacheck.manifest import Manifest
from datacheck.plan.augment.candidates import Candidate
from datacheck.plan.augment.outcomes import FEW, Outcome, Setting, class_changes
from datacheck.plan.augment.verdicts import (
    _verdict,
    augment_items,
    choose_applied,
    combined_item,
    minority_item,
    turn_of,
)
from datacheck.plan.cohort import (
    MIN_ROWS,
    balanced_accuracy,
    calibration_error,
    choose_rows,
    mean_range,
    recalls,
    why_too_few,
)
from datacheck.plan.collect import (
    ENOUGH,
    _class_item,
    collect_items,
    doubling_gain,
    few_items,
    is_worth_collecting,
    label_next,
    shrink_of,
)
from datacheck.plan.drop import choose_actions, copies_and_conflicts
from datacheck.plan.inputs import PlanInputs, target_shares
from datacheck.plan.items import Measured, PlanItem, counted
from datacheck.plan.normalise import from_pixels, input_side, normalise_item
from datacheck.plan.rebalance.choice import PRIOR_DEVIATION, PRIOR_GAIN, Comparison, HeldOut, compare, expected_gain
from datacheck.plan.rebalance.strategies import balance, strategies
from datacheck.plan.rebalance.trials import drawn
from datacheck.stats import Gains, Interval
from datacheck.testing import measurements_for

from .planted import cohort_of


def gains(value: float, half: float, *, deviation: float = 0.01) -> Gains:
    one = np.ones(1)
    return Gains(value * one, (value - half) * one, (value + half) * one, deviation * one, "planted")


def compared(
    accuracy: tuple[float, float], likelihood: tuple[float, float], *, chance: bool = True, shift: float = np.nan
) -> Comparison:
    found = gains(*accuracy, deviation=accuracy[1] / 1.96)
    expected = expected_gain(found.value, found.deviation, np.array([shift]))
    return Comparison(found, gains(*likelihood), np.array([chance]), expected)


@pytest.mark.parametrize(
    ("accuracy", "likelihood", "options", "reason"),
    [
        ((0.03, 0.02), (0.0, 0.1), {}, "a significant gain in accuracy"),
        ((0.03, 0.02), (0.0, 0.1), {"chance": False}, ""),
        ((0.02, 0.021), (0.0, 0.1), {}, ""),
        ((0.02, 0.021), (0.05, 0.04), {}, "a significant gain in log-likelihood without a loss in accuracy"),
        ((0.02, 0.021), (0.05, 0.06), {}, ""),
        ((0.02, 0.021), (0.009, 0.001), {}, ""),
        ((0.02, 0.021), (0.011, 0.001), {}, "a significant gain in log-likelihood without a loss in accuracy"),
        ((-0.001, 0.1), (0.05, 0.04), {}, ""),
        (
            (-0.001, 0.1),
            (0.05, 0.04),
            {"shift": np.log(50)},
            "a significant gain in log-likelihood, and",
        ),
        ((-0.001, 0.1), (0.05, 0.06), {"shift": np.log(50)}, ""),
        ((-0.06, 0.05), (0.05, 0.04), {"shift": np.log(50)}, ""),
    ],
)
def test_when_a_strategy_is_recommended(accuracy, likelihood, options, reason: str) -> None:
    found = compared(accuracy, likelihood, **options)
    assert found.reasons()[0].startswith(reason)
    assert bool(found.reasons()[0]) == bool(reason)
    assert found.recommended() == (0 if reason else None)


def test_of_several_the_one_with_the_best_likelihood_is_recommended() -> None:
    two = np.ones(2)
    sure = Gains(0.1 * two, 0.05 * two, 0.15 * two, 0.02 * two, "planted")
    likelihood = replace(sure, value=np.array([0.2, 0.3]))
    found = Comparison(sure, likelihood, np.array([True, True]), expected_gain(0.1 * two, 0.02 * two, np.nan * two))
    assert found.recommended() == 1
    assert replace(found, beats_chance=np.array([True, False])).recommended() == 0


def test_the_expected_gain_lies_between_measurement_and_prior_by_their_precisions() -> None:
    found = expected_gain(np.array([0.0]), np.array([PRIOR_DEVIATION]), np.array([2.0]))
    assert found.prior[0] == pytest.approx(2 * PRIOR_GAIN)
    assert found.value[0] == pytest.approx(PRIOR_GAIN)
    assert found.deviation[0] == pytest.approx(PRIOR_DEVIATION / 2**0.5)
    assert expected_gain(np.zeros(1), np.ones(1), np.array([99.0])).prior[0] == pytest.approx(PRIOR_GAIN * np.log(100))
    interval = found.interval(0)
    assert (interval.high - interval.low) / 2 == pytest.approx(1.959964 * found.deviation[0], rel=1e-6)


def test_a_comparison_is_of_each_strategy_with_the_first_and_with_chance() -> None:
    codes = np.repeat([0, 1], 50)
    cohort = cohort_of(codes, np.random.default_rng(0).normal(size=(100, 2)), "abc")
    correct = np.zeros((3, 1, 100), np.float32)
    correct[0, 0, ::2], correct[1, 0, :80], correct[2] = 1, 1, 1
    every = {way.name: way for way in strategies(np.array([90, 10, 0]))}
    ways, shares = (every["none"], every["square_root"], every["logit_adjustment"]), np.array([0.5, 0.5, 0.0])
    likelihood = np.log(0.2 + 0.5 * correct)
    found = compare(HeldOut(correct, likelihood, np.zeros((3, 1))), cohort, ways, shares)
    np.testing.assert_allclose(found.accuracy.value, [0.3, 0.5])
    np.testing.assert_allclose(found.likelihood.value, np.log(0.7 / 0.2) * np.array([0.3, 0.5]), rtol=1e-6)
    assert found.beats_chance.tolist() == [True, True]
    assert np.isnan(found.expected.value[0])
    assert found.expected.prior[1] == pytest.approx(PRIOR_GAIN * np.log(9))
    chance = compare(HeldOut(correct[[0, 0]], likelihood[[0, 0]], np.zeros((2, 1))), cohort, ways[:2], shares)
    assert chance.beats_chance.tolist() == [False]


def test_a_probability_that_rests_on_a_prior_is_never_stated_as_certain() -> None:
    found = compared((0.05, 0.06), (0.05, 0.04), shift=np.log(90))
    assert found.expected.probability[0] > 0.995
    assert "with a probability of 99%" in found.reasons()[0]
    assert not compared((0.0, 0.1), (0.05, 0.04)).reasons()[0]
    assert not compared((0.01, 0.1), (0.01, 0.001)).reasons()[0]


@pytest.mark.parametrize(
    ("counts", "balanced"), [((119, 100), True), ((120, 100), False), ((100, 100, 0), True), ((), False)]
)
def test_from_a_factor_of_1_2_on_classes_are_not_balanced(counts: tuple[int, ...], balanced: bool) -> None:
    item = balance(np.array(counts, int), tuple("abc"[: len(counts)]))
    assert (item is not None) == balanced
    if item is not None and 0 in counts:
        assert item.classes == ("c",)
        assert "balanced" not in item.summary
        assert "without a training sample: c" in item.summary


def test_a_balanced_dataset_says_how_far_its_counts_differ_and_names_every_absent_class_it_can() -> None:
    item = balance(np.array([119, 100]), ("a", "b"))
    assert item is not None
    assert item.summary == "classes are balanced: the largest has 1.19 times the samples of the smallest"
    many = balance(np.array([9] + [0] * 8), tuple("abcdefghi"))
    assert many is not None
    assert "b, c, d, e, f and 3 more (no weight" in many.summary
    assert many.settings["counts"] == {"a": 9, **dict.fromkeys("bcdefghi", 0)}


def test_weights_have_a_mean_of_one_over_the_samples_and_absent_classes_are_neutral() -> None:
    counts = np.array([900, 90, 10, 0])
    for way in strategies(counts):
        assert (way.loss_weights * counts).sum() / counts.sum() == pytest.approx(1)
        assert (way.loss_weights[3], way.draw_weights[3], way.adjustment[3]) == (1, 1, 0)
        assert way.adjustment[:3].mean() == pytest.approx(0)
    under = {way.name: way for way in strategies(np.array([50, 50]), np.array([0.8, 0.2]))}["undersampling"]
    np.testing.assert_allclose(under.draw_weights, [1, 0.25])


def test_what_is_drawn_in_an_epoch() -> None:
    codes, rng = np.repeat([0, 1], [900, 100]), np.random.default_rng(0)
    ways = {way.name: way for way in strategies(np.array([900, 100]))}
    assert drawn(ways["none"], codes, rng).tolist() == [1.0] * 1000
    weighted = drawn(ways["inverse_frequency"], codes, rng)
    assert weighted[0] == pytest.approx(5 / 9)
    assert weighted[-1] == pytest.approx(5)
    over = drawn(ways["oversampling"], codes, rng)
    assert over.sum() == 1800
    assert over[codes == 1].sum() == pytest.approx(900, abs=90)
    under = drawn(ways["undersampling"], codes, rng)
    assert set(under.tolist()) == {0.0, 1.0}
    assert under[codes == 0].sum() == pytest.approx(300, abs=50)
    assert under[codes == 1].sum() == 100


@pytest.mark.parametrize(
    ("gain", "broken", "harmed", "change", "wanted"),
    [
        ((0.02, 0.01), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("use", [0, 0, 0])),
        ((0.02, 0.01), [1, 1, 0], [0, 0, 1], [0.0, 0.1, 0.1], ("use", [1, 0, 1])),
        ((0.01, 0.01), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("harmless", [0, 0, 0])),
        ((-0.02, 0.01), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("avoid", [1, 1, 1])),
        ((-0.02, 0.009), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("avoid", [1, 1, 1])),
        ((-0.005, 0.02), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("harmless", [0, 0, 0])),
        ((-0.009, 0.001), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("harmless", [0, 0, 0])),
        ((-0.01, 0.001), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("avoid", [1, 1, 1])),
        ((-0.02, 0.03), [0, 0, 0], [0, 0, 0], [0, 0, 0], ("cannot tell", [0, 0, 0])),
        ((0.0, 0.01), [1, 0, 0], [0, 0, 0], [0, 0, 0], ("avoid", [1, 0, 0])),
        ((0.0, 0.01), [1, 0, 0], [0, 1, 0], [0, 0, 0], ("avoid", [1, 1, 1])),
    ],
)
def test_the_verdict_on_an_augmentation(gain, broken, harmed, change, wanted) -> None:
    verdict, avoided = _verdict(gains(*gain), 0, np.array(broken, bool), np.array(harmed, bool), np.array(change))
    assert (verdict, avoided.astype(int).tolist()) == wanted


def planted(*, altered: float = 0.0, both: float = 0.0, trained: float = 0.0, other: float = 0.0) -> PlanItem:
    """Of 2,000 samples of class a, shares that turn into b, or into a class of their own (``other``)."""
    n = 2000
    codes = np.repeat([0, 1, 2], n)
    clean = codes[None].copy()
    setting = Setting(codes, ("a", "b", "c"), clean, "a planted model", (0,))

    def turned(share: float, into: int = 1) -> np.ndarray:
        found = clean.copy()
        found[:, : round(share * n)] = into
        return found

    shown = turned(altered)
    shown[:, n - round(other * n) : n] = 2
    outcome = Outcome(Candidate("rotate_180"), shown, turned(trained), turned(both))
    return augment_items(setting, [outcome])[0]


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ({"altered": 0.5, "both": 0.5}, "avoid"),
        ({"altered": 0.2, "both": 0.2}, "avoid"),
        ({"altered": 0.16, "both": 0.2}, "harmless"),  # 15 % must turn significantly
        ({"altered": 0.5, "both": 0.06}, "avoid"),
        ({"altered": 0.5, "both": 0.05}, "harmless"),  # unfamiliar, not lost
        ({"altered": 0.1, "other": 0.1, "both": 0.2}, "harmless"),  # no one class takes 15 %
        ({"trained": 0.03}, "avoid"),
        ({"trained": 0.009}, "harmless"),
    ],
)
def test_the_edges_of_what_a_class_can_lose(shares: dict[str, float], verdict: str) -> None:
    item = planted(**shares)
    assert item.verdict == verdict
    assert item.classes == (("a",) if verdict == "avoid" and "altered" in shares else item.classes)


def test_turns_say_what_is_beyond_the_usual() -> None:
    codes = np.repeat([0, 1, 2], 10)
    clean = codes[None].copy()
    clean[0, :4] = 1
    altered = clean.copy()
    altered[0, 4:7] = 2
    setting = Setting(codes, ("a", "b", "c"), clean, "", (0,))
    turn = turn_of(setting, Outcome(Candidate("blur"), altered, clean, clean), 0)
    assert turn == {"from": "a", "into": "c", "share": 0.3, "usual": 0.0, "n": 10}


def test_a_change_of_a_class_needs_ten_samples_and_its_interval_is_bonferronis() -> None:
    differences = np.r_[np.tile([1.0, -1.0], 50), np.ones(FEW - 1)]
    codes = np.repeat([0, 1], [100, FEW - 1])
    found = class_changes(differences, codes, 2, 10)
    assert found.value.tolist() == [0.0, 1.0]
    assert found.high[0] == pytest.approx(2.807 * ((100 + 1) / 102 / 100) ** 0.5, rel=1e-3)
    assert np.isinf(found.high[1])
    assert np.isfinite(class_changes(np.ones(FEW), np.zeros(FEW, int), 1, 1).high[0])


def test_measurements_of_an_augmentation_start_at_what_they_change() -> None:
    item = planted(altered=0.5, both=0.5, trained=0.03)
    preserved, gain = item.metric("label_preservation"), item.metric("gain/balanced_accuracy")
    assert preserved is not None
    assert gain is not None
    assert (preserved.baseline, preserved.estimate.value) == (pytest.approx(1), pytest.approx(1 - 0.5 / 3))
    assert gain.estimate.value == pytest.approx(-0.01)
    own, harmed = item.metric("label_preservation/a"), item.metric("gain/recall/a")
    assert own is not None
    assert harmed is not None
    assert (own.estimate.value, own.estimate.n) == (pytest.approx(0.5), 2000)
    assert harmed.estimate.value == pytest.approx(-0.03)
    assert own.estimate.high <= 1
    assert harmed.estimate.low >= -1


def test_of_each_family_the_best_used_strength_is_applied_largest_gain_first() -> None:
    def item(name: str, family: str, gain: float, verdict: str = "use") -> PlanItem:
        measured = (Measured(metric="gain/balanced_accuracy", estimate=Interval(gain, gain, gain)),)
        return PlanItem(
            kind="augment", name=name, verdict=verdict, summary="", settings={"family": family}, measured=measured
        )

    items = [item("a1", "a", 0.1), item("b1", "b", 0.2), item("a2", "a", 0.3), item("c", "c", 0.9, "harmless")]
    assert [one.name for one in choose_applied(items)] == ["a2", "b1"]


@pytest.mark.parametrize(("rare", "named"), [(49, True), (51, False)])
def test_a_class_of_less_than_half_the_mean_count_is_rare(rare: int, named: bool) -> None:
    counts = [124 + (51 - rare) // 2, 125 + (51 - rare) // 2, rare]
    assert sum(counts) in (300, 299, 301)
    codes = np.repeat([0, 1, 2], counts)
    setting = Setting(codes, ("a", "b", "c"), codes[None], "", (0,))
    outcome = Outcome(Candidate("blur"), codes[None], codes[None], codes[None])
    item = minority_item(setting, outcome, "blur")
    assert (item is not None) == named
    assert item is None or (item.verdict, item.classes) == ("harmless", ("c",))


@pytest.mark.parametrize(
    ("codes", "n_groups", "said"),
    [
        (np.arange(MIN_ROWS) % 2, MIN_ROWS, ""),
        (np.arange(MIN_ROWS - 1) % 2, MIN_ROWS, "needs 40 labelled training samples of two classes or more, found 39"),
        (np.zeros(40, int), 40, "needs 40 labelled training samples of two classes or more, found 40 of one class"),
        (np.arange(60) % 2, 5, ""),
        (np.arange(60) % 2, 4, "needs 5 independent training samples or more"),
    ],
)
def test_what_is_too_few_to_measure(codes: np.ndarray, n_groups: int, said: str) -> None:
    assert why_too_few(codes, np.arange(len(codes)) % n_groups).startswith(said)
    assert bool(why_too_few(codes, np.arange(len(codes)) % n_groups)) == bool(said)


def test_rows_are_drawn_only_when_there_are_more_than_the_limit_and_never_without_a_label() -> None:
    codes = np.where(np.arange(100) % 10 == 0, -1, np.arange(100) % 2)
    assert choose_rows(codes, np.arange(100), limit=90, seed=0).tolist() == np.flatnonzero(codes >= 0).tolist()
    assert choose_rows(codes, np.arange(0, 100, 2), limit=90, seed=0).tolist() == [
        row for row in range(0, 100, 2) if codes[row] >= 0
    ]
    drawn_rows = choose_rows(codes, np.arange(100), limit=60, seed=0)
    assert np.bincount(codes[drawn_rows]).tolist() == [27, 33]
    assert drawn_rows.tolist() != choose_rows(codes, np.arange(100), limit=60, seed=1).tolist()


def test_scores_weigh_classes_by_their_shares_and_skip_what_was_not_held_out() -> None:
    codes = np.array([0, 0, 0, 1, 1])
    correct = np.array([1.0, 1.0, 0.0, 0.0, np.nan])
    assert balanced_accuracy(correct, codes, np.array([0.5, 0.5])) == pytest.approx(1 / 3)
    assert balanced_accuracy(correct, codes, np.array([0.9, 0.1])) == pytest.approx(0.6)
    np.testing.assert_allclose(recalls(correct, codes, 3), [2 / 3, 0, np.nan])
    assert np.isnan(balanced_accuracy(np.full(5, np.nan), codes, np.array([0.5, 0.5])))
    assert mean_range([0.1, np.nan, 0.3]) == (pytest.approx(0.2), 0.1, 0.3)
    assert np.isnan(mean_range([np.nan])).all()


def test_calibration_is_judged_bin_by_bin() -> None:
    """One bin is 10 points too sure, the other 10 points too unsure: the gaps do not cancel."""
    sure, unsure = np.array([[0.9, 0.1]] * 10), np.array([[0.6, 0.4]] * 10)
    codes = np.array([0] * 8 + [1] * 2 + [0] * 7 + [1] * 3)
    shares = np.bincount(codes) / 20
    assert calibration_error(np.r_[sure, unsure], codes, shares) == pytest.approx(0.1)
    assert calibration_error(np.r_[sure, unsure], codes, shares, n_bins=1) == pytest.approx(0.0, abs=1e-9)
    top = np.array([[1.0, 0.0]] * 2 + [[0.95, 0.05]] * 2)
    assert calibration_error(top, np.array([1, 0, 0, 0]), np.array([0.75, 0.25])) == pytest.approx(0.225)
    certain = np.array([[1.0, 0.0]] * 4)
    assert calibration_error(certain, np.zeros(4, int), np.array([1.0, 0.0])) == 0


@pytest.mark.parametrize(("n", "asked"), [(ENOUGH - 1, ["b"]), (ENOUGH, [])])
def test_twenty_training_samples_are_enough_to_judge_a_class(n: int, asked: list[str]) -> None:
    assert [item.name for item in few_items(np.array([100, n]), "ab")] == asked


def test_few_items_come_fewest_first_and_say_one_sample_in_the_singular() -> None:
    items = few_items(np.array([19, 1, 0]), ["a", "b", "c"])
    assert [(item.name, item.settings["more"]) for item in items] == [("c", 20), ("b", 19), ("a", 1)]
    assert items[1].summary == "collect at least 19 more samples of b: 1 is too few to learn from or to judge by"
    assert items[2].summary.startswith("collect at least 1 more sample of a: 19 are")


def test_a_class_that_is_told_apart_needs_no_more_samples() -> None:
    codes = np.repeat([0, 1], 60)
    features = np.random.default_rng(0).normal(size=(120, 3)) + 9 * codes[:, None]
    (item,) = collect_items(cohort_of(codes, features, "ab"), 1e-2)
    assert (item.name, item.verdict, len(item.measured)) == ("enough", "nothing to do", 2)
    assert item.measured[0].estimate.value == 0
    assert item.measured[0].baseline == 1


def test_the_next_doubling_brings_a_share_of_the_last_one() -> None:
    for recall, share in (
        ([0.5, 0.7, 0.8], 0.5),
        ([0.5, 0.6, 0.8], 1.0),
        ([0.5, 0.9, 0.91], 0.3),
        ([0.5, 0.5, 0.9], 0.7),
    ):
        assert shrink_of(np.array(recall)) == pytest.approx(share)


def test_where_a_part_was_measured_the_gain_is_carried_on_to_all_samples() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], 200)
    features = rng.normal(size=(400, 40)) + 0.35 * codes[:, None]
    cohort = cohort_of(codes, features, "ab", n_seeds=2)
    here, there = (
        {item.name: item for item in [_class_item(cohort, code, have, np.array([0.5, 0.7, 0.8]), 0.5, 0.0)
                                      for code, have in enumerate(counts)]}
        for counts in ((200, 200), (200, 800))
    )  # fmt: skip
    assert (here["b"].settings["have"], there["b"].settings["have"]) == (200, 800)
    assert here["b"].value == pytest.approx(0.05)
    assert there["b"].value == pytest.approx(0.05 / 4)
    assert there["a"].value == pytest.approx(0.05)
    few = collect_items(cohort, 1e-3, np.array([200, 19]))
    assert [item.settings["more"] for item in few if item.name == "b"] == [1]


def test_what_doubling_a_class_brings_is_bounded_by_what_is_left_and_never_certain() -> None:
    found = doubling_gain(0.7, 0.8, 100, 0.5)
    assert found.value == pytest.approx(0.05)
    half = 1.959964 * 0.5 * ((0.21 + 0.16) / 100) ** 0.5
    assert (found.low, found.high) == (pytest.approx(max(0, 0.05 - half)), pytest.approx(0.05 + half))
    sure = doubling_gain(1.0, 1.0, 4, 1.0)
    assert (sure.value, sure.low, sure.high) == (0, 0, 0)
    near = doubling_gain(0.2, 0.9, 50, 1.0)
    assert (near.value, near.high) == (pytest.approx(0.1), pytest.approx(0.1))
    flat = doubling_gain(0.5, 0.5, 4, 1.0)
    assert flat.high == 0.5
    few = doubling_gain(0.0, 0.0, 4, 1.0)
    assert few.high == pytest.approx(1.959964 * (2 * 0.0625 / 4) ** 0.5)


@pytest.mark.parametrize(
    ("value", "low", "worth"), [(0.02, 0.02, True), (0.03, 0.019, False), (0.04, 0.001, True), (0.04, 0.0, False)]
)
def test_a_rise_of_two_points_is_worth_collecting_for(value: float, low: float, worth: bool) -> None:
    assert is_worth_collecting(Interval(value, low, 1.0)) == worth


def test_actions_carry_their_confidence_and_the_first_one_stays() -> None:
    manifest = Manifest.from_columns({"label": ["a", "a", "b", "b"]})
    measurements = measurements_for(manifest, readable=[False, True, True, True])
    actions = choose_actions(manifest.label_codes, np.zeros(4, int), np.array([0, 0, -1, -1]), measurements, None)
    assert actions.action.tolist() == ["drop", "drop", "keep", "keep"]
    assert actions.reason.tolist()[:2] == [
        "cannot be read",
        "an identical copy with the same label is in the same split",
    ]
    assert actions.confidence.tolist()[:2] == [1.0, 1.0]
    assert actions.suggested.tolist() == [-1] * 4
    conflict = choose_actions(manifest.label_codes, np.zeros(4, int), np.array([-1, 3, 3, -1]), None, None)
    assert conflict.action.tolist() == ["keep", "relabel", "relabel", "keep"]
    assert conflict.confidence.tolist()[1:3] == [1.0, 1.0]


def test_label_next_weighs_distance_by_uncertainty() -> None:
    places = np.array([[0.0, 0], [3, 0], [0, 4]])
    labelled = np.array([True, False, False])
    assert label_next(places, np.array([0, 1.0, 1.0]), labelled, n_wanted=1).tolist() == [2]
    assert label_next(places, np.array([0, 1.0, 0.5]), labelled, n_wanted=1).tolist() == [1]
    assert label_next(places, np.array([0, np.nan, 0.5]), labelled, n_wanted=1).tolist() == [1]
    assert label_next(places, np.ones(3), np.zeros(3, bool)).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("sides", "side"),
    [
        ([63.4], 63),
        ([64.0], 64),
        ([79.0], 64),
        ([81.0], 96),
        ([223.0], 224),
        ([500.0], 224),
        ([np.nan], 224),
        ([0.2], 1),
    ],
)
def test_the_side_to_resize_to(sides: list[float], side: int) -> None:
    assert input_side(np.array(sides)) == side


@pytest.mark.parametrize(("masks", "side"), [(False, 224), (True, 352)])
def test_masks_keep_a_higher_resolution(masks: bool, side: int) -> None:
    pixels = np.zeros((3, 360, 360, 3), np.uint8)
    item = normalise_item(np.arange(3), None, pixels, masks=masks)
    assert item.settings["size"] == side


def test_moments_of_pixels_are_those_of_all_images() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 2, 2, 3)).astype(np.uint8)
    mean, deviation, n = from_pixels(pixels)
    np.testing.assert_allclose(mean, (pixels / 255).mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(deviation, (pixels / 255).std(axis=(0, 1, 2)))
    assert n == 300
    assert from_pixels(pixels[:0])[2] == 0
    assert from_pixels(np.zeros((2, 2, 2, 3), np.uint8))[1].tolist() == [1e-3] * 3


def test_copies_are_those_after_the_first_of_each_split() -> None:
    codes, split = np.array([0, 0, 0, 0, 1, -1, 1]), np.array([0, 0, 1, 1, 0, 0, 0])
    copies, conflicts = copies_and_conflicts(codes, split, np.array([0, 0, 0, 0, 1, 1, -1]))
    assert (copies.tolist(), conflicts.tolist()) == ([1, 3], [])
    none = copies_and_conflicts(codes, split, np.full(7, -1))
    assert [len(rows) for rows in none] == [0, 0]


def test_declared_shares_must_sum_to_one_and_follow_the_classes() -> None:
    manifest = Manifest.from_columns({"label": ["a", "b"]})
    assert target_shares(manifest, {"b": 0.25, "a": 0.755}).round(3).tolist() == [0.751, 0.249]


def test_near_duplicates_up_to_the_given_distance_stay_together() -> None:
    manifest = Manifest.from_columns({"label": ["a"] * 4})
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**63, 4).astype(np.uint64)
    hashes[1] = hashes[0] ^ np.uint64(0b11111)
    columns = {f"{what}_{name}": [0.5] * 4 for what in ("mean", "std") for name in ("red", "green", "blue")}
    measurements = measurements_for(manifest, perceptual_hash=hashes.tolist(), **columns)
    for distance, together in ((4, False), (5, True)):
        groups = PlanInputs(manifest, measurements, near_duplicate_distance=distance).groups
        assert (groups[0] == groups[1]) == together
        assert len({int(group) for group in groups[1:]}) == 3


def test_a_number_without_an_interval_is_shown_without_one() -> None:
    assert str(Measured(metric="mean/red", estimate=counted(0.5, n=3))) == "mean in red 0.500"
    gain = Measured(metric="gain/recall", estimate=Interval(-0.0001, -0.2, 0.2))
    assert str(gain) == "gain in recall +0.000 [-0.200, +0.200]"
    assert str(Measured(metric="recall", estimate=counted(float("nan"), n=0))) == "recall not measured"
    assert Measured.from_json(gain.to_json()) == gain
    blank = Measured.from_json(Measured(metric="mean/red", estimate=counted(0.5, n=3)).to_json())
    assert np.isnan([blank.estimate.low, blank.estimate.high]).all()


def test_a_drop_of_recall_counts_from_ten_points_on_whatever_turned() -> None:
    """A tenth is wrong already and turns as well: only samples that were right lower the recall."""
    n = 2000
    codes = np.repeat([0, 1, 2], n)
    clean = codes[None].copy()
    clean[0, :200] = 2
    setting = Setting(codes, ("a", "b", "c"), clean, "", (0,))
    for right, verdict in ((0.125, "avoid"), (0.095, "harmless")):
        altered = clean.copy()
        altered[0, : 200 + round(right * n)] = 1
        item = augment_items(setting, [Outcome(Candidate("rotate_180"), altered, clean, altered)])[0]
        assert (item.verdict, bool(item.settings["turns"])) == (verdict, verdict == "avoid")


def test_what_was_confused_before_does_not_count_as_turned() -> None:
    """Three tenths of a are predicted as b with and without; what is lost besides goes to c and d, a little each."""
    n = 2000
    codes = np.repeat(np.arange(4), n)
    clean = codes[None].copy()
    clean[0, :600] = 1
    setting = Setting(codes, ("a", "b", "c", "d"), clean, "", (0,))
    for spread, verdict in ((240, "harmless"), (480, "avoid")):
        altered = clean.copy()
        altered[0, 600 : 600 + spread], altered[0, 1200 : 1200 + (480 - spread)] = 2, 3
        item = augment_items(setting, [Outcome(Candidate("rotate_180"), altered, clean, altered)])[0]
        assert item.verdict == verdict


def test_summaries_say_the_verdict_and_for_whom() -> None:
    assert planted(altered=0.5, both=0.5).summary == "rotation by 180 degrees: avoid for a; it turns a → b (50%)"
    assert planted(altered=0.05).summary == "rotation by 180 degrees"
    n = 2000
    codes = np.repeat([0, 1, 2], n)
    wrong = np.where(np.arange(3 * n) % 4 == 0, (codes + 1) % 3, codes)[None]
    setting = Setting(codes, ("a", "b", "c"), wrong, "", (0,))

    def said(trained: np.ndarray) -> tuple[str, str]:
        item = augment_items(setting, [Outcome(Candidate("blur", 0.02), wrong, trained, wrong)])[0]
        return item.verdict, item.summary

    mended = codes[None].copy()
    assert said(mended) == ("use", "blur of 2 % of the side")
    mended[0, :n] = np.where(np.arange(n) % 3 == 0, 1, 0)
    assert said(mended) == ("use", "blur of 2 % of the side, but not for a")
    worse = np.where(np.arange(3 * n) % 2 == 0, (codes + 1) % 3, codes)[None]
    assert said(worse) == ("avoid", "blur of 2 % of the side: avoid; training with it lowers the accuracy")


def test_intervals_of_classes_hold_for_all_classes_and_candidates() -> None:
    """The same loss is significant for one candidate, and not among a hundred."""
    n = 400
    codes = np.repeat([0, 1, 2], n)
    clean = codes[None].copy()
    setting = Setting(codes, ("a", "b", "c"), clean, "", (0,))
    trained = clean.copy()
    trained[0, :8] = 1
    outcome = Outcome(Candidate("blur"), clean, trained, clean)
    alone = augment_items(setting, [outcome])[0]
    among = augment_items(setting, [outcome, *[Outcome(Candidate("noise"), clean, clean, clean)] * 99])[0]
    assert (alone.settings["avoid_classes"], among.settings["avoid_classes"]) == (["a"], [])


@pytest.mark.parametrize(
    ("whole", "best", "verdict"), [(0.3, 0.2, "use"), (0.2, 0.3, "harmless"), (0.2, 0.2, "use"), (0.0, 0.0, "harmless")]
)
def test_all_together_must_be_better_than_the_best_alone(whole: float, best: float, verdict: str) -> None:
    codes = np.repeat([0, 1], 1000)
    clean = np.where(np.arange(2000) % 2 == 0, codes, 1 - codes)[None]
    setting = Setting(codes, ("a", "b"), clean, "", (0,))

    def trained(gain: float) -> Outcome:
        found = clean.copy()
        rows = np.r_[1 : round(2000 * gain) : 2, 1001 : 1000 + round(2000 * gain) : 2] if gain else np.empty(0, int)
        found[0, rows] = codes[rows]
        return Outcome(Candidate("blur"), clean, found, clean)

    item = combined_item(setting, trained(whole), trained(best), ["blur", "noise"], 0)
    assert item.verdict == verdict
    assert item.measured[0].estimate.value == pytest.approx(whole, abs=1e-9)
    assert item.measured[0].baseline == pytest.approx(0.5)
    kept = "better than the best alone" if verdict == "use" else "no better than blur alone"
    assert item.summary.startswith(f"together (blur, noise): {kept}")


def test_lists_and_sentences_are_cut_at_their_limits() -> None:
    k, n = 60, 40
    codes = np.repeat(np.arange(k), n)
    clean = codes[None].copy()
    setting = Setting(codes, tuple(f"c{code}" for code in range(k)), clean, "", (0,))
    turned = (codes[None] + 1) % k
    item = augment_items(setting, [Outcome(Candidate("rotate_180"), turned, turned, turned)])[0]
    assert (item.verdict, item.classes, len(item.settings["turns"])) == ("avoid", (), 20)
    assert len([one for one in item.measured if one.metric.startswith("label_preservation/")]) == 50
    assert item.summary.count("→") == 3
    assert item.summary.endswith(" and 57 more")
