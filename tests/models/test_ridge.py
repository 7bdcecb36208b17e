import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

from datacheck.models.components import whiten
from datacheck.models.ridge import FoldSums, RidgeHead, fit_ridge


def problem(n=240, k=3, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    return np.eye(k)[labels] @ rng.normal(size=(k, 8)) + rng.normal(size=(n, 8)), labels


def held_out_by_scikit_learn(x, target, fold, alpha, known=None):
    """Scores of each fold by a ridge fitted on the other folds, without intercept."""
    known = np.ones(len(x), dtype=bool) if known is None else known
    out = np.zeros_like(target)
    for one in np.unique(fold):
        train = (fold != one) & known
        model = Ridge(alpha=alpha(int((fold != one).sum())), fit_intercept=False)
        out[fold == one] = model.fit(x[train], target[train]).predict(x[fold == one])
    return out


@pytest.mark.parametrize("n", [60, 1200])
def test_scores_are_those_of_ridge_with_a_penalty_of_1_or_a_hundredth_of_the_rows(n) -> None:
    x, labels = problem(n)
    fold = np.arange(n) % 4
    white = whiten(x, np.ones(n, dtype=bool))
    target = np.eye(3)[labels] - np.eye(3)[labels].mean(axis=0)
    expected = held_out_by_scikit_learn(white, target, fold, lambda rows: max(1.0, 0.01 * rows))
    np.testing.assert_allclose(RidgeHead(x, fold=fold).scores(labels, 3), expected, atol=1e-8)


def test_the_kernel_head_has_a_penalty_of_three_tenths() -> None:
    x, labels = problem(200)
    head = RidgeHead(x, fold=np.arange(200) % 5, kernel=True)
    target = np.eye(3)[labels] - np.eye(3)[labels].mean(axis=0)
    expected = held_out_by_scikit_learn(head.x, target, head.fold, lambda _: 0.3)
    np.testing.assert_allclose(head.scores(labels, 3), expected, atol=1e-5)
    directions = x - x.mean(axis=0)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    distance = 2 - 2 * directions @ directions.T
    kernel = np.exp(-2 * distance / np.median(distance[np.triu_indices(200, 1)]))
    np.testing.assert_allclose(head.x @ head.x.T, kernel, atol=2e-3)


def test_the_kernel_draws_curved_borders_that_the_linear_head_cannot() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 2))
    x -= x.mean(axis=0)
    labels = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(int)
    accuracy = [(RidgeHead(x, kernel=one).scores(labels, 2).argmax(axis=1) == labels).mean() for one in (False, True)]
    assert accuracy[1] > accuracy[0] + 0.2


def test_rows_without_label_are_scored_and_not_fitted_on() -> None:
    x, labels = problem()
    fold = np.arange(240) % 4
    unlabelled = np.where(np.arange(240) < 40, -1, labels)
    scores = RidgeHead(x, fold=fold).scores(unlabelled, 3)
    # The rows without label keep their part in the features' squares: the targets alone leave them out.
    white = whiten(x, np.ones(240, dtype=bool))
    target = np.zeros((240, 3))
    target[40:] = np.eye(3)[labels[40:]] - np.eye(3)[labels[40:]].mean(axis=0)
    expected = held_out_by_scikit_learn(white, target, fold, lambda rows: max(1.0, 0.01 * rows))
    np.testing.assert_allclose(scores, expected, atol=1e-8)
    assert (scores[:40].argmax(axis=1) == labels[:40]).mean() > 0.6


def test_rows_with_nan_take_no_part() -> None:
    x, labels = problem()
    fold = np.arange(245) % 4
    holed = np.r_[x, np.full((5, 8), np.nan)]
    more = np.r_[labels, labels[:5]]
    head = RidgeHead(holed, fold=fold)
    assert head.usable.tolist() == [True] * 240 + [False] * 5
    scores = head.scores(more, 3)
    np.testing.assert_allclose(scores[:240], RidgeHead(x, fold=fold[:240]).scores(labels, 3), atol=1e-10)
    assert (scores[240:] == 0).all()


def test_each_space_has_a_head_of_its_own() -> None:
    x, labels = problem(400)
    space, fold = np.repeat([0, 1], 200), np.arange(400) % 5
    mixed = np.r_[x[:200], x[200:, ::-1] * 3]
    scores = RidgeHead(mixed, fold=fold, space=space).scores(labels, 3)
    for part in (slice(0, 200), slice(200, 400)):
        alone = RidgeHead(mixed[part], fold=fold[part]).scores(labels[part], 3)
        np.testing.assert_allclose(scores[part], alone, atol=1e-10)


def test_any_targets_are_predicted_less_their_mean() -> None:
    x, labels = problem()
    head = RidgeHead(x, fold=np.arange(240) % 4)
    numbers = np.c_[labels * 2.0 + 100, -labels]
    found = head.predict(numbers, np.ones(240, dtype=bool))
    assert np.corrcoef(found[:, 0], labels)[0, 1] > 0.5
    np.testing.assert_allclose(found[:, 0], -2 * found[:, 1], atol=1e-9)


def test_five_random_folds_hold_out_a_fifth_each() -> None:
    x, _ = problem(200)
    head = RidgeHead(x, seed=3)
    assert np.bincount(head.fold).tolist() == [40] * 5
    assert head.fold.tolist() != RidgeHead(x, seed=4).fold.tolist()


def test_fold_sums_add_weights_and_views() -> None:
    x, labels = problem()
    target, weights = np.eye(3)[labels], np.random.default_rng(1).random(240) + 0.5
    folds = [np.arange(240)[part::3] for part in range(3)]
    fitted = list(FoldSums.of(x, target, folds, weights).coefficients(2.0))
    for rows, own in zip(folds, fitted, strict=True):
        train = np.setdiff1d(np.arange(240), rows)
        theirs = Ridge(alpha=2.0, fit_intercept=False).fit(x[train], target[train], sample_weight=weights[train])
        np.testing.assert_allclose(own, theirs.coef_.T, atol=1e-8)
    twice = FoldSums.of(x, target, folds) + FoldSums.of(2 * x, target, folds)
    joined = fit_ridge(np.r_[x[80:], 2 * x[80:]], np.r_[target[80:], target[80:]], 5.0)
    blocks = [np.arange(80), np.arange(80, 240)]
    in_blocks = FoldSums.of(x, target, blocks) + FoldSums.of(2 * x, target, blocks)
    np.testing.assert_allclose(next(in_blocks.coefficients(5.0)), joined, atol=1e-9)
    assert len(twice.gram) == 3


def test_a_relative_penalty_is_a_share_of_the_mean_square_of_the_features() -> None:
    x, labels = problem()
    target, folds = np.eye(3)[labels], [np.arange(60), np.arange(60, 240)]
    found = next(FoldSums.of(x, target, folds).coefficients(0.1, relative=True))
    penalty = 0.1 * np.trace(x[60:].T @ x[60:]) / 8
    np.testing.assert_allclose(found, Ridge(alpha=penalty, fit_intercept=False).fit(x[60:], target[60:]).coef_.T)


def test_one_fit_leaves_its_input_alone() -> None:
    x, labels = problem()
    target, before = np.eye(3)[labels], x.copy()
    theirs = Ridge(alpha=3.0, fit_intercept=False).fit(x, target).coef_.T
    np.testing.assert_allclose(fit_ridge(x, target, 3.0), theirs, atol=1e-9)
    np.testing.assert_array_equal(x, before)


def test_a_space_without_labels_scores_0_and_each_space_has_its_own_width() -> None:
    x, labels = problem(400)
    space, fold = np.repeat([0, 1], [370, 30]), np.arange(400) % 5
    only_first = np.where(space == 0, labels, -1)
    head = RidgeHead(x, fold=fold, space=space)
    scores = head.scores(only_first, 3)
    assert (scores[space == 1] == 0).all()
    np.testing.assert_allclose(scores[:370], RidgeHead(x[:370], fold=fold[:370]).scores(labels[:370], 3), atol=1e-10)
    assert head.x.shape == (400, 8)
    assert (head.x[space == 1, 3:] == 0).all()


def test_folds_without_usable_rows_are_left_alone() -> None:
    x, labels = problem()
    fold = np.where(np.arange(240) < 12, 9, np.arange(240) % 3)
    x[:12] = np.nan
    scores = RidgeHead(x, fold=fold).scores(labels, 3)
    np.testing.assert_allclose(scores[12:], RidgeHead(x[12:], fold=fold[12:]).scores(labels[12:], 3), atol=1e-10)
    assert (scores[:12] == 0).all()


def test_discriminants_are_those_of_scikit_learn_fitted_on_the_other_folds() -> None:
    x, labels = problem(300)
    ones = np.column_stack([x, np.ones(len(x))])
    folds = [np.arange(one, 300, 3) for one in range(3)]
    share = np.array([0.2, 0.3, 0.5])
    found = FoldSums.of(ones, np.eye(3)[labels] - share, folds).discriminants(share, 0.0)
    for rows, weights in zip(folds, found, strict=True):
        rest = np.setdiff1d(np.arange(300), rows)
        model = LinearDiscriminantAnalysis(solver="lsqr").fit(x[rest], labels[rest])
        odds = ones[rows] @ weights
        expected = model.decision_function(x[rows])
        np.testing.assert_allclose(odds - odds[:, :1], expected - expected[:, :1], rtol=0.02, atol=0.02)


def test_a_discriminant_of_a_class_without_samples_in_the_other_folds_is_finite() -> None:
    x, labels = problem(60)
    labels[labels == 2] = 1
    labels[:20:5] = 2
    ones = np.column_stack([x, np.ones(len(x))])
    sums = FoldSums.of(ones, np.eye(3)[labels], [np.arange(20), np.arange(20, 60)])
    for weights in sums.discriminants(np.zeros(3), 1.0):
        assert np.isfinite(weights).all()
