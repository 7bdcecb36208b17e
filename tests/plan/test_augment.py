"""Augmentations: the arithmetic of the verdicts, and the verdicts on digits."""

from __future__ import annotations

import numpy as np
import pytest

from datacheck.manifest import Manifest
from datacheck.plan import make_plan
from datacheck.plan.augment.candidates import CANDIDATES, Candidate, describe
from datacheck.plan.augment.crossfit import CrossFit
from datacheck.plan.augment.outcomes import Outcome, Setting, class_changes
from datacheck.plan.augment.verdicts import augment_items, minority_item
from datacheck.plan.encoders import PatchEncoder

N = 300


def setting(rng: np.random.Generator) -> Setting:
    codes = np.repeat([0, 1, 2], N)
    clean = np.where(rng.random((3, len(codes))) < 0.95, codes, (codes + 1) % 3)
    return Setting(codes, ("six", "nine", "zero"), clean, "a planted model", (0, 1, 2))


def outcome(
    base: Setting, *, turned: float = 0.0, harm: float = 0.0, gain: float = 0.0, familiar: bool = False
) -> Outcome:
    """Six becomes nine for a share of the samples; training with it spoils or repairs a share of all."""
    rng = np.random.default_rng(1)
    altered = base.clean.copy()
    altered[:, (base.codes == 0) & (rng.random(3 * N) < turned)] = 1
    trained = base.clean.copy()
    trained[:, rng.random(3 * N) < harm] = 2
    repaired = rng.random(3 * N) < gain
    trained[:, repaired] = base.codes[repaired]
    both = base.clean if familiar else altered
    return Outcome(Candidate("rotate_180"), altered, trained, both)


def judged(**planted: float | bool):
    base = setting(np.random.default_rng(0))
    return augment_items(base, [outcome(base, **planted)])[0]


def test_a_label_that_turns_into_another_is_avoided_for_its_class_and_named() -> None:
    item = judged(turned=0.9)
    assert (item.verdict, item.classes) == ("avoid", ("six",))
    turn = item.settings["turns"][0]
    assert (turn["from"], turn["into"], turn["n"]) == ("six", "nine", N)
    assert turn["share"] == pytest.approx(0.9, abs=0.05)
    assert "six → nine" in item.summary
    kept = item.metric("label_preservation/six")
    assert kept is not None
    assert kept.baseline == pytest.approx(0.95, abs=0.02)
    assert kept.estimate.high < 0.3


def test_what_a_model_predicts_right_after_training_on_it_was_only_unfamiliar() -> None:
    assert judged(turned=0.9, familiar=True).verdict == "harmless"


def test_training_that_loses_is_avoided_for_all() -> None:
    item = judged(harm=0.2)
    assert (item.verdict, item.classes) == ("avoid", ())
    gain = item.measured[0]
    assert (gain.estimate.n, gain.folds, gain.seeds) == (3 * N, 5, (0, 1, 2))
    assert gain.estimate.high < 0


def test_a_loss_too_small_to_matter_is_not_warned_of_however_certain() -> None:
    n = 5_000
    codes = np.repeat([0, 1], n)
    clean = codes[None].repeat(3, axis=0)
    base = Setting(codes, ("a", "b"), clean, "a planted model", (0, 1, 2))
    for share, verdict in ((0.004, "harmless"), (0.02, "avoid")):
        trained = clean.copy()
        lost = np.random.default_rng(0).random(2 * n) < share
        trained[:, lost] = 1 - trained[:, lost]
        item = augment_items(base, [Outcome(Candidate("noise"), clean, trained, clean)])[0]
        assert item.measured[0].estimate.high < 0
        assert item.verdict == verdict


def test_every_training_gets_the_penalty_that_suits_it() -> None:
    """Held-out accuracy must not depend on the penalty of another training, however the views are scaled."""
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], 60)
    x = rng.normal(size=(180, 30)).astype(np.float32)
    x[np.arange(180), codes] += 2
    fit = CrossFit.fit(x, codes, np.arange(180), 3, seeds=(0, 1))
    (alone,) = fit.predict(None, [fit.clean])
    (same,) = fit.predict([fit.clean], [fit.clean])
    (scaled,) = fit.predict([30 * fit.clean], [fit.clean], clean=False)
    assert (alone == codes).mean() > 0.75
    np.testing.assert_array_equal(alone, same)
    np.testing.assert_array_equal(alone, scaled)


def test_training_that_gains_is_used_and_leaves_out_the_class_that_turns() -> None:
    assert judged(gain=0.9).verdict == "use"
    base = setting(np.random.default_rng(0))
    mixed = outcome(base, turned=0.9, gain=0.9)
    trained = mixed.trained.copy()
    trained[:, base.codes == 0] = base.clean[:, base.codes == 0]
    item = augment_items(base, [Outcome(mixed.candidate, mixed.altered, trained, mixed.both)])[0]
    assert item.verdict == "use"
    assert item.settings["avoid_classes"] == ["six"]
    assert "not for six" in item.summary


def test_a_loss_that_is_not_ruled_out_is_not_called_harmless() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], 30)
    clean, trained = (np.where(rng.random((2, 60)) < 0.8, codes, 1 - codes) for _ in range(2))
    base = Setting(codes, ("a", "b"), clean, "a planted model", (0, 1))
    item = augment_items(base, [Outcome(Candidate("noise"), clean, trained, clean)])[0]
    assert item.measured[0].estimate.low < -0.03 < item.measured[0].estimate.high
    assert item.verdict == "cannot tell"
    assert "a loss of more than 3 % is not ruled out" in item.summary


def test_what_changes_nothing_is_harmless() -> None:
    item = judged()
    assert (item.verdict, item.settings["avoid_classes"], item.settings["turns"]) == ("harmless", [], [])


def test_many_idle_candidates_yield_no_verdict_by_chance() -> None:
    rng = np.random.default_rng(5)
    base = setting(rng)
    outcomes = []
    for _ in range(24):
        noisy = [np.where(rng.random(base.clean.shape) < 0.04, base.codes, base.clean) for _ in range(2)]
        lost = rng.random(base.clean.shape) < 0.002
        outcomes.append(Outcome(Candidate("noise"), base.clean, np.where(lost, 2, base.clean), noisy[0]))
    assert {item.verdict for item in augment_items(base, outcomes)} == {"harmless"}


def test_a_class_of_a_few_samples_is_not_judged_by_itself() -> None:
    found = class_changes(np.full(5, -1.0), np.zeros(5, int), 1, 1)
    assert found.high[0] == np.inf


def test_rare_classes_are_looked_at_by_themselves() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1, 2], [400, 400, 60])
    clean = np.where(rng.random((2, 860)) < 0.6, codes, 0)
    base = Setting(codes, ("a", "b", "rare"), clean, "a planted model", (0, 1))
    trained = np.where((codes == 2)[None] & (rng.random((2, 860)) < 0.8), codes, clean)
    item = minority_item(base, Outcome(Candidate("rotate", 10), clean, trained, clean), "turning")
    assert item is not None
    assert (item.verdict, item.classes) == ("use", ("rare",))
    even = Setting(np.repeat([0, 1], 50), ("a", "b"), np.zeros((1, 100), int), "", (0,))
    assert minority_item(even, Outcome(Candidate("blur"), even.clean, even.clean, even.clean), "") is None


def test_every_candidate_has_words_and_a_name_of_its_own() -> None:
    assert len({one.name for one in CANDIDATES}) == len(CANDIDATES)
    assert all(describe(one) for one in CANDIDATES)
    assert Candidate.from_json(CANDIDATES[3].to_json()) == CANDIDATES[3]


def test_patch_features_are_the_same_for_the_same_seed_and_see_no_label() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 20, 20, 3)).astype(np.uint8)
    first, again = (PatchEncoder.fit(pixels, seed=3).encode(pixels) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (40, 2 * 96 * 9)
    assert PatchEncoder.fit(np.zeros_like(pixels), seed=0).encode(pixels[:1]).shape == (1, 2 * 96 * 9)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
def test_every_transform_keeps_shape_and_type_and_does_something(candidate: Candidate) -> None:
    pytest.importorskip("torchvision")
    from datacheck.plan.augment.views import altered

    pixels = np.random.default_rng(0).integers(0, 256, (6, 24, 24, 3)).astype(np.uint8)
    found = altered(pixels, candidate, seed=0)
    assert (found.shape, found.dtype) == (pixels.shape, np.uint8)
    assert (found != pixels).any()
    np.testing.assert_array_equal(found, altered(pixels, candidate, seed=0))


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    found = load_digits()
    return np.repeat((found.images * 15.9375).astype(np.uint8)[..., None], 3, axis=-1), found.target


def digit_items(digits, candidates, seed: int):
    from datacheck.plan.augment.trials import try_augmentations
    from datacheck.plan.augment.views import Samples

    pixels, codes = digits
    samples = Samples(pixels, codes, np.arange(len(codes)), tuple("0123456789"))
    encoder = PatchEncoder.fit(pixels, seed=seed)
    items = try_augmentations(samples, encoder, seeds=(seed, seed + 1000), candidates=candidates)
    return {item.name: item for item in items}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_digits_upside_down_are_avoided_with_their_pairs_and_small_turns_and_shifts_are_not(digits, seed: int) -> None:
    pytest.importorskip("torchvision")
    wanted = ("vertical_flip", "rotate_180", "rotate_10", "translate_0.12")  # intervals hold for all four at once
    items = digit_items(digits, [one for one in CANDIDATES if one.name in wanted], seed)
    for name, pair in (("vertical_flip", ("5", "2")), ("rotate_180", ("6", "9"))):
        assert items[name].verdict == "avoid"
        assert pair in {(turn["from"], turn["into"]) for turn in items[name].settings["turns"]}
    for name in ("rotate_10", "translate_0.12"):
        assert items[name].verdict in {"use", "harmless"}
    assert items["rotate_180"].settings["picture"].startswith("data:image/jpeg;base64,")


def test_no_time_and_grey_images_are_said_not_hidden(digits) -> None:
    pytest.importorskip("torchvision")
    from datacheck.plan.augment.trials import try_augmentations
    from datacheck.plan.augment.views import Samples

    pixels, codes = digits[0][:200], digits[1][:200]
    samples = Samples(pixels, codes, np.arange(200), tuple("0123456789"))
    items = try_augmentations(samples, PatchEncoder.fit(pixels, seed=0), seeds=(0,), left=lambda: 0.0)
    said = {item.name: item.summary for item in items}
    assert {item.verdict for item in items} == {"not measured"}
    assert "the images are grey" in said["hue_0.05"]
    assert "less than a pixel" in said["translate_0.06"]
    assert "the budget did not suffice" in said["horizontal_flip"]


def test_without_pixels_the_plan_says_what_is_missing() -> None:
    plan = make_plan(Manifest.from_columns({"label": ["a", "b"] * 50}))
    assert "give pixels=" in plan.item("augment").summary


class Ticking:
    """A clock whose seconds pass as images are encoded, however fast the machine is."""

    def __init__(self, encoder: PatchEncoder, seconds: float) -> None:
        self.encoder, self.seconds, self.title = encoder, seconds, encoder.title

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        self.seconds -= len(pixels)
        return self.encoder.encode(pixels)

    def left(self) -> float:
        return self.seconds


def test_every_candidate_is_tried_on_the_same_samples_and_on_as_many_as_the_time_allows(digits) -> None:
    pytest.importorskip("torchvision")
    from datacheck.plan.augment.trials import VIEWS_SHARE, try_augmentations
    from datacheck.plan.augment.views import ROUND, Samples

    pixels, codes = digits[0][:200], digits[1][:200]
    samples = Samples(pixels, codes, np.arange(200), tuple("0123456789"))
    encoder = PatchEncoder.fit(pixels, seed=0)
    for rounds, n_tried in ((0.5, 2), (1.2, 5), (9, 5)):  # the second candidate moves 8 pixels by less than one
        clock = Ticking(encoder, 6 * ROUND * rounds / VIEWS_SHARE)
        items = try_augmentations(samples, clock, seeds=(0,), left=clock.left, candidates=CANDIDATES[:6])
        tried = [item for item in items if "family" in item.settings and item.measured]
        assert {item.measured[0].estimate.n for item in tried} == {min(200, ROUND * max(1, int(rounds)))}
        assert len(tried) == n_tried
        assert sum(item.verdict == "not measured" for item in items) == 6 - n_tried


def test_every_beginning_of_the_order_holds_every_class_in_its_share() -> None:
    from datacheck.plan.augment.views import spread

    codes = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [300, 90, 10]))
    order = spread(codes, seed=0)
    assert sorted(order.tolist()) == list(range(400))
    assert np.bincount(codes[order[:40]]).tolist() == [30, 9, 1]


def test_a_plan_says_on_how_many_samples_the_budget_sufficed(digits, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchvision")
    from datacheck.plan import measure
    from datacheck.plan.inputs import PlanInputs
    from datacheck.probing.budget import Clock

    pixels, codes = digits
    ticking = Ticking(PatchEncoder.fit(pixels, seed=0), 0.0)
    clock = Clock(21 * 128 * 1.5 / 0.7, now=lambda: -ticking.seconds)
    monkeypatch.setattr(measure, "_pixels_and_encoder", lambda data, pixels, clock: (pixels, ticking))
    data = PlanInputs(Manifest.from_columns({"label": codes.astype(str)}), pixels=pixels, n_seeds=1)
    notes: list[str] = []
    measure.augment_part(data, np.arange(len(codes)), clock, notes, lambda stage, done, total: None)
    assert notes == [
        "augmentations were tried on 128 of 1,797 samples to keep to the budget: a higher --budget gives narrower "
        "intervals"
    ]


def test_photos_are_encoded_by_the_packaged_network_and_small_images_by_patches() -> None:
    from datacheck.plan.inputs import usual_weights
    from datacheck.probing import PretrainedWeights
    from datacheck.probing.weights import default_weights_installed

    small, photos = (np.zeros((2, side, side, 3), np.uint8) for side in (32, 96))
    assert usual_weights(None, None) is None
    assert usual_weights(None, small) is None
    assert usual_weights("none", photos) is None
    assert usual_weights("other.pt", small) == "other.pt"
    if default_weights_installed():
        assert usual_weights(None, photos) == PretrainedWeights("lite0")


@pytest.mark.parametrize(("side", "budget"), [(96, 1e9), (64, 1e-9)])
def test_a_short_budget_gives_the_network_smaller_images(side: int, budget: float) -> None:
    pytest.importorskip("torchvision")
    from datacheck.plan.inputs import PlanInputs
    from datacheck.plan.measure import _pixels_and_encoder
    from datacheck.probing.budget import Clock
    from datacheck.probing.weights import default_weights_installed

    if not default_weights_installed():
        pytest.skip("needs the packaged weights")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 96, 96, 3)).astype(np.uint8)
    data = PlanInputs(Manifest.from_columns({"label": ["a", "b"] * 4}), pixels=pixels, weights="lite0")
    small, encoder = _pixels_and_encoder(data, pixels, Clock(budget))
    assert small.shape[1] == side
    assert f"at {side} pixels" in encoder.title


def test_where_nothing_was_tried_the_plan_does_not_say_that_it_was(digits) -> None:
    pytest.importorskip("torchvision")
    pixels, codes = digits
    plan = make_plan(Manifest.from_columns({"label": codes.astype(str)}), pixels=pixels, n_seeds=1, budget=0.001)
    assert plan.notes == ()
    assert {item.verdict for item in plan.by_kind("augment")} == {"not measured"}
