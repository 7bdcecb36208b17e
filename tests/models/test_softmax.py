import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from datacheck.models.softmax import fit_softmax, predict_softmax


def problem(n=400, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    return (np.eye(3)[codes] @ rng.normal(size=(3, 4)) + rng.normal(size=(n, 4))).astype(np.float32), codes


def test_a_fit_is_scikit_learns_under_the_same_penalty() -> None:
    x, codes = problem()
    penalty = 0.05
    fitted = fit_softmax(x, codes, np.ones((1, 400)), np.zeros((1, 3)), np.array([penalty]))
    # Mean loss plus penalty / 2 times the squared coefficients is, times N, the sum that scikit-learn weighs by C.
    theirs = LogisticRegression(C=1 / (penalty * 400), max_iter=2000, tol=1e-8).fit(x, codes)
    np.testing.assert_allclose(predict_softmax(fitted, x)[0], theirs.predict_proba(x), atol=5e-3)


def test_weights_count_samples_and_their_scale_does_not_matter() -> None:
    x, codes = problem()
    weights = np.where(codes == 2, 3.0, 1.0)
    repeated = np.r_[np.arange(400), np.repeat(np.flatnonzero(codes == 2), 2)]
    by_weight = fit_softmax(x, codes, np.stack([weights, 10 * weights]), np.zeros((2, 3)), np.full(2, 0.05))
    by_copies = fit_softmax(
        x[repeated], codes[repeated], np.ones((1, len(repeated))), np.zeros((1, 3)), np.full(1, 0.05)
    )
    np.testing.assert_allclose(by_weight[0], by_copies[0], atol=1e-3)
    np.testing.assert_allclose(by_weight[0], by_weight[1], atol=1e-5)


def test_an_adjustment_is_in_the_loss_and_not_in_the_prediction() -> None:
    x, codes = problem()
    prior = np.log(np.bincount(codes) / 400)
    plain, adjusted = fit_softmax(x, codes, np.ones((2, 400)), np.stack([np.zeros(3), prior]), np.full(2, 1e-3))
    odds = np.log(predict_softmax(adjusted[None], x)[0]) - np.log(predict_softmax(plain[None], x)[0])
    shift = (odds - odds[:, :1]).mean(axis=0)
    assert shift.tolist() == pytest.approx((prior[0] - prior).tolist(), abs=0.1)


def test_a_larger_penalty_shrinks_the_slopes_and_leaves_the_intercept() -> None:
    x, codes = problem()
    light, heavy = fit_softmax(x, codes, np.ones((2, 400)), np.zeros((2, 3)), np.array([1e-3, 100.0]))
    assert np.abs(heavy[:-1]).max() < 0.02 < 0.5 < np.abs(light[:-1]).max()
    shares = predict_softmax(heavy[None], np.zeros((1, 4), dtype=np.float32))[0, 0]
    assert shares.tolist() == pytest.approx((np.bincount(codes) / 400).tolist(), abs=0.02)
    assert light.shape == (5, 3)


def test_softmax_fits_several_weightings_as_it_fits_each_alone() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype(np.float32)
    codes = (x[:, 0] + rng.normal(size=120) > 0).astype(int)
    weights = np.stack([np.ones(120), np.where(codes == 1, 3.0, 1.0)])
    both = fit_softmax(x, codes, weights, np.zeros((2, 2)), np.full(2, 0.01))
    for number in range(2):
        alone = fit_softmax(x, codes, weights[number : number + 1], np.zeros((1, 2)), np.array([0.01]))
        np.testing.assert_allclose(both[number], alone[0], atol=1e-4)
