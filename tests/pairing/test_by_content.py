"""The parts of the pairing by content: spaces, shifts, segments and what names hint at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.models.ridge import RidgeHead
from datacheck.pairing.change_points import as_permutation, place_change_points
from datacheck.pairing.embedding_spaces import embedding_spaces
from datacheck.pairing.listing_hints import change_prior, irregular_rows
from datacheck.pairing.shift_hypotheses import NO_SHIFT, Shift, global_shifts, local_shifts


@given(
    states=st.lists(st.integers(0, 3), min_size=2, max_size=60),
    offset=st.integers(-30, 30),
    mirror=st.integers(0, 100),
)
@settings(deadline=None)
def test_any_states_make_a_permutation(states: list[int], offset: int, mirror: int) -> None:
    shifts = [NO_SHIFT, Shift(1), Shift(offset), Shift(mirror, mirrored=True)]
    source, reassigned = as_permutation(np.array(states), shifts)
    assert sorted(source.tolist()) == list(range(len(states)))
    wanted = np.array([shifts[state].source(len(states))[row] for row, state in enumerate(states)])
    np.testing.assert_array_equal(source[~reassigned], wanted[~reassigned])


def likelihood_of(true: np.ndarray, n_classes: int, strength: float, seed: int) -> np.ndarray:
    """Log-probabilities of a calibrated head: normal evidence for the true class."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(true), n_classes)) * np.sqrt(strength)
    logits[np.arange(len(true)), true] += strength
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("wraps", [True, False])
def test_the_stated_certainty_is_kept(wraps: bool) -> None:
    """Over 200 listings: rows called sure are right, and intervals hold the change point as often as stated."""
    covered, promised, exact, wrong, sure_rows = 0, 0.0, 0, 0, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        true = rng.integers(0, 5, 400)
        start = int(rng.integers(100, 300))
        labels = np.r_[true[:start], np.roll(true[start:], 1)]
        if not wraps:
            labels[start] = rng.integers(0, 5)
        state = (np.arange(400) >= int(np.clip(start + rng.integers(-15, 16), 90, 310))).astype(np.int64)
        segments = place_change_points(state, [NO_SHIFT, Shift(1)], likelihood_of(true, 5, 3.0, seed), labels)
        after = labels[segments.source]
        (found,) = segments.change_points
        right = after[:-1] == true[:-1]
        exact += bool(right.all())
        promised += found.probability
        stated = [
            np.r_[labels[:row], labels[row + 1 :]] for row in range(found.low, found.high + 1)
        ]  # what each of the rows would leave, but for the last row
        covered += any((one == true[:-1]).all() for one in stated)
        sure = segments.certainty >= 0.95
        wrong += int((sure & (after != true)).sum())
        sure_rows += int(sure.sum())
    assert covered >= 186
    assert abs(exact - promised) < 20
    assert wrong / sure_rows < 0.0005
    assert sure_rows > 200 * 390


def test_a_hint_decides_between_rows_that_the_data_cannot_part() -> None:
    true = np.array([0, 1] * 100)
    labels = np.r_[true[:100], np.roll(true[100:], 1)]
    likelihood = likelihood_of(true, 2, 4.0, 0)
    likelihood[95:106] = np.log(0.5)
    state = (np.arange(200) >= 100).astype(np.int64)
    for hint in (97, 103):
        segments = place_change_points(
            state,
            [NO_SHIFT, Shift(1)],
            likelihood,
            labels,
            log_prior=lambda rows, at=hint: change_prior(rows, 200, np.array([at])),
        )
        assert segments.change_points[0].row == hint
        assert 0.85 < segments.change_points[0].probability < 0.99
    undecided = place_change_points(state, [NO_SHIFT, Shift(1)], likelihood, labels)
    assert undecided.change_points[0].low <= 97
    assert undecided.change_points[0].high >= 103


def test_a_block_that_stands_elsewhere_or_backwards_is_offered() -> None:
    true = np.random.default_rng(0).integers(0, 6, 4000)
    likelihood = likelihood_of(true, 6, 2.0, 1)
    swapped = true.copy()
    swapped[500:800], swapped[2000:2300] = true[2000:2300], true[500:800]
    assert set(local_shifts(likelihood, swapped, swapped)) == {Shift(1500), Shift(-1500)}
    backwards = true.copy()
    backwards[3000:3300] = backwards[3000:3300][::-1]
    assert local_shifts(likelihood, backwards, backwards) == [Shift(6299 - 4000, mirrored=True)]
    assert local_shifts(likelihood, true, true) == []


def test_no_move_stands_out_of_shuffled_labels() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        assert global_shifts(rng.normal(size=(1000, 8)), rng.integers(0, 4, 1000), np.eye(4)) == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([f"{n:03d}.png" for n in range(9)], []),
        ([f"{n + (n > 4):03d}.png" for n in range(9)], [5]),
        ([f"{'cat' if n < 5 else 'dog'}/{n:03d}.png" for n in range(9)], [5]),
        (["b7.png", "a1.png", "x3.png", "q2.png"], []),
        ([None, None, None], []),
        ([], []),
    ],
)
def test_names_hint_at_what_does_not_follow(names: list[str | None], expected: list[int]) -> None:
    assert irregular_rows(names).tolist() == expected


@pytest.mark.parametrize("seed", range(10))
def test_one_network_is_one_space(seed: int) -> None:
    rng = np.random.default_rng(seed)
    skewed = np.exp(rng.normal(size=(400, 30)) @ rng.normal(size=(30, 64)) / 5)
    assert not embedding_spaces(skewed, rng.integers(0, 5, 400)).any()


def test_heads_learn_within_each_space() -> None:
    rng = np.random.default_rng(0)
    true, fold = rng.integers(0, 3, 900), np.arange(900) % 3
    features = np.eye(8)[true] * 4 + rng.normal(size=(900, 8))
    for one in range(3):
        features[fold == one] @= np.linalg.qr(rng.normal(size=(8, 8)))[0]
    space = embedding_spaces(features, fold)
    assert len(np.unique(space)) == 3
    pooled = RidgeHead(features).scores(true, 3).argmax(axis=1)
    apart = RidgeHead(features, space=space).scores(true, 3).argmax(axis=1)
    kernel = RidgeHead(features, space=space, kernel=True).scores(true, 3).argmax(axis=1)
    assert (pooled == true).mean() < 0.9
    assert (apart == true).mean() > 0.97
    assert (kernel == true).mean() > 0.97
