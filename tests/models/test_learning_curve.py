import numpy as np
import pytest

from datacheck.models.learning_curve import by_ridge, by_softmax, fit_power_law, learning_curve

FRACTIONS = (0.1, 0.5, 1.0)


def problem(n=600, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.repeat([0, 1, 2], [n // 2, n // 3, n - n // 2 - n // 3])
    x = np.eye(3)[codes] @ rng.normal(size=(3, 12)) * 0.8 + rng.normal(size=(n, 12))
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32), codes


def test_parts_are_nested_and_hold_the_same_share_of_every_class() -> None:
    codes = np.repeat([0, 1], [80, 20])
    seen = []

    def predict(train, parts, test):
        seen.append((train, parts))
        assert not np.isin(test, train).any()
        return np.zeros((len(parts), len(test)), dtype=int)

    fold = np.tile(np.arange(5), 20)
    curve = learning_curve(codes, 2, [fold], predict, fractions=FRACTIONS, seeds=[0])
    assert curve.sizes.tolist() == [8, 40, 80]
    assert curve.errors.tolist() == [[pytest.approx(0.2)] * 3]
    assert curve.recall[0].tolist() == [[1, 0]] * 3
    assert len(seen) == 5
    for _, parts in seen:
        assert (parts[0] <= parts[1]).all()
        assert parts[2].all()
    taken = np.unique(np.concatenate([train[parts[1]] for train, parts in seen]))
    assert np.bincount(codes[taken]).tolist() == [40, 10]


def test_rows_without_fold_take_no_part_and_absent_classes_have_no_recall() -> None:
    codes = np.repeat([0, 1], 30)
    fold = np.where(np.arange(60) % 6 == 5, -1, np.arange(60) % 5)

    def predict(train, parts, test):
        assert (fold[train] >= 0).all()
        return np.tile(codes[test], (len(parts), 1))

    curve = learning_curve(codes, 3, [fold], predict, fractions=(1.0,), seeds=[0])
    assert curve.sizes.tolist() == [40]
    assert curve.errors.tolist() == [[0]]
    assert np.isnan(curve.recall[0, 0]).tolist() == [False, False, True]


@pytest.mark.parametrize("kind", ["ridge", "softmax"])
def test_both_heads_learn_more_from_more(kind) -> None:
    x, codes = problem()
    head = by_ridge(x, codes, 3) if kind == "ridge" else by_softmax(x, codes, 3, 0.01)
    folds = [np.random.default_rng(seed).permutation(600) % 5 for seed in range(2)]
    curve = learning_curve(codes, 3, folds, head, fractions=(0.02, 0.2, 1.0), seeds=[0, 1])
    errors = curve.errors.mean(axis=0)
    assert curve.errors.shape == (2, 3)
    assert errors[0] > errors[1] + 0.02 > errors[2] + 0.02
    assert errors[2] < 0.2
    shares = np.bincount(codes) / 600
    np.testing.assert_allclose(1 - curve.recall @ shares, curve.errors, atol=1e-9)


def test_the_ridge_penalty_grows_with_the_width() -> None:
    x, codes = problem(60)
    train, test = np.arange(0, 60, 2), np.arange(1, 60, 2)
    parts = np.ones((1, 30), dtype=bool)
    target = np.eye(3)[codes[train]]
    prior = target.mean(axis=0)
    penalty = 1.0 + 12 / 4
    weights = np.linalg.solve(x[train].T @ x[train] + penalty * np.eye(12), x[train].T @ (target - prior))
    expected = (x[test] @ weights + prior).argmax(axis=1)
    assert by_ridge(x, codes, 3)(train, parts, test).tolist() == [expected.tolist()]


def test_a_part_without_rows_predicts_the_first_class() -> None:
    x, codes = problem(60)
    predicted = by_ridge(x, codes, 3)(np.arange(30), np.zeros((1, 30), dtype=bool), np.arange(30, 60))
    assert predicted.tolist() == [[0] * 30]


def test_a_power_law_never_has_a_negative_floor_or_scale() -> None:
    sizes = np.array([100.0, 200, 400, 800])
    assert fit_power_law(sizes, np.full(4, 0.3))[:2] == (pytest.approx(0.3), pytest.approx(0.0))
    rising = fit_power_law(sizes, np.array([0.1, 0.2, 0.3, 0.4]))
    assert rising[:2] == (pytest.approx(0.25), 0.0)
    floor, scale, rate = fit_power_law(sizes, 3 * sizes**-0.8)
    assert (floor, scale, rate) == (
        pytest.approx(0, abs=1e-3),
        pytest.approx(3, rel=0.05),
        pytest.approx(0.8, abs=0.02),
    )


def test_a_floor_below_0_is_held_at_0_with_the_scale_that_then_fits_best() -> None:
    sizes = np.array([100.0, 200, 400, 800])
    errors = np.maximum(3 * sizes**-0.8 - 0.005, 0)
    floor, scale, rate = fit_power_law(sizes, errors)
    assert floor == 0
    basis = sizes**-rate
    assert scale == pytest.approx((basis * errors).sum() / (basis * basis).sum())
    assert rate > 0.8
