"""Quality of regression targets: properties, and the ranking against cleanlab's on real data."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import RidgeCV
from sklearn.metrics import average_precision_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from datacheck.labels.target_quality import target_deviations, target_quality

Floats = NDArray[np.float64]


@given(
    n=st.integers(2, 300),
    seed=st.integers(0, 1000),
    unit=st.sampled_from([1e-6, 0.3, 1.0, 1e5]),
    origin=st.sampled_from([0.0, -7.0, 1000.0]),
)
@settings(max_examples=60, deadline=None)
def test_unit_origin_and_order_do_not_matter(n: int, seed: int, unit: float, origin: float) -> None:
    rng = np.random.default_rng(seed)
    predicted = rng.normal(size=n)
    target = predicted + rng.standard_t(3, size=n)
    found = target_deviations(target, predicted)
    assert found.min() >= 0
    again = target_deviations(unit * (target + origin), unit * (predicted + origin))
    np.testing.assert_allclose(again, found, rtol=1e-4, atol=1e-6)
    turned = rng.permutation(n)
    np.testing.assert_allclose(target_deviations(target[turned], predicted[turned]), found[turned], rtol=1e-9)


@given(seed=st.integers(0, 1000), row=st.integers(0, 199), push=st.floats(0.5, 50))
@settings(max_examples=60, deadline=None)
def test_a_target_moved_away_from_its_prediction_is_more_suspect(seed: int, row: int, push: float) -> None:
    rng = np.random.default_rng(seed)
    predicted = np.sort(rng.normal(size=200))
    target = predicted + rng.normal(size=200) * 0.3
    moved = target.copy()
    moved[row] += push * np.sign(target[row] - predicted[row])
    assert target_deviations(moved, predicted)[row] > 0.95 * target_deviations(target, predicted)[row]


def test_missing_numbers_are_not_judged() -> None:
    quality = target_quality(np.array([1.0, np.nan, 3.0, 9.0]), np.array([1.1, 2.0, np.nan, 3.0]))
    assert np.isnan(quality).tolist() == [False, True, True, False]
    assert np.isnan(target_quality(np.full(3, np.nan), np.zeros(3))).all()
    assert target_quality(np.ones(5), np.ones(5)).tolist() == [1.0] * 5


def test_homogeneous_residuals_are_judged_plainly() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=3000)
    residual = rng.normal(size=3000)
    found = target_deviations(predicted + residual, predicted)
    assert np.corrcoef(found, np.abs(residual))[0, 1] > 0.995


def test_what_is_usual_where_the_task_is_harder_is_less_suspect() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.uniform(0, 1, 3000)
    target = predicted + rng.normal(size=3000) * np.where(predicted > 0.5, 1.0, 0.1)
    easy = np.flatnonzero(predicted < 0.3)[0]
    hard = np.flatnonzero(predicted > 0.7)[0]
    target[easy], target[hard] = predicted[easy] + 1, predicted[hard] + 1
    quality = target_quality(target, predicted)
    # Half way between the plain residual, which does not part them, and the local scale, which is ten times apart.
    assert 0.05 < quality[hard] < 0.5
    assert quality[easy] < 0.01


def test_a_model_that_shrinks_marks_no_target_for_it() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=3000)
    predicted = 0.5 * true + rng.normal(size=3000) * 0.05
    found, plain = target_deviations(true, predicted), np.abs(true - predicted)
    tails, middle = np.abs(predicted) > 0.5, np.abs(predicted) < 0.2
    assert np.median(plain[tails]) > 5 * np.median(plain[middle])
    assert np.median(found[tails]) < 2.5 * np.median(found[middle])


def test_skewed_residuals_are_judged_from_nearer_the_middle_of_their_ends_than_the_median() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.uniform(-1, 1, 3000)
    residual = rng.exponential(size=3000)
    found = target_deviations(predicted + residual, predicted)
    by_median = np.abs(residual - np.median(residual))
    short, long = residual < 0.05, np.abs(residual - 3) < 0.1
    unevenness = np.median(found[long]) / np.median(found[short])
    assert 1 < unevenness < 0.9 * np.median(by_median[long]) / np.median(by_median[short])


@pytest.mark.parametrize("share", [0.15, 0.3])
def test_many_targets_wrong_on_one_side_do_not_move_the_measure(share: float) -> None:
    rng = np.random.default_rng(0)
    predicted = rng.uniform(1, 2, 2000)
    target = predicted + 0.1 * rng.normal(size=2000)
    wrong = rng.random(2000) < share
    target[wrong] *= 10
    deviations = target_deviations(target, predicted)
    assert deviations[wrong].min() > deviations[~wrong].max()


REAL: dict[str, Callable[[], tuple[Floats, Floats]]] = {
    "diabetes": lambda: load_diabetes(return_X_y=True),
    "alcohol of wine": lambda: (load_wine().data[:, 1:], load_wine().data[:, 0]),
    "petal length": lambda: (load_iris().data[:, [0, 1, 3]], load_iris().data[:, 2]),
    "texture of tumours": lambda: (
        np.delete(load_breast_cancer().data, [1, 11, 21], axis=1),
        load_breast_cancer().data[:, 1],
    ),
}


def of_digits(target: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """Noisy pixels of digits, and a target read off the clean ones."""
    images = load_digits().images
    noise = 2 * np.random.default_rng(0).normal(size=(len(images), 64))
    return images.reshape(-1, 64) + noise, target(images)


DIGITS: dict[str, Callable[[], tuple[Floats, Floats]]] = {
    "ink": lambda: of_digits(lambda images: images.mean(axis=(1, 2))),
    "number": lambda: of_digits(lambda images: load_digits().target.astype(float)),
    "centre": lambda: of_digits(lambda images: (images.sum(axis=1) @ np.arange(8)) / images.sum(axis=(1, 2))),
}


@pytest.mark.parametrize("loaders", [REAL, pytest.param(DIGITS, marks=pytest.mark.slow)], ids=["tables", "digits"])
def test_wrong_targets_rank_at_least_as_well_as_by_cleanlab_on_real_data(
    loaders: dict[str, Callable[[], tuple[Floats, Floats]]],
) -> None:
    """5 % of real targets replaced, moved or scaled; mean over all (the benchmark has the whole table)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rank = pytest.importorskip("cleanlab.regression.rank")
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 13)))
    found: dict[str, list[float]] = {"datacheck": [], "residual": [], "outre": [], "in sample": []}
    for load in loaders.values():
        features, clean = load()
        for seed in range(3):
            rng = np.random.default_rng(seed)
            rows = rng.choice(len(clean), round(0.05 * len(clean)), replace=False)
            for wrong_values in (
                rng.permutation(clean)[: len(rows)],
                clean[rows] + 2 * clean.std() * rng.choice([-1, 1], len(rows)),
                1.8 * clean[rows] + 32,
            ):
                target = clean.copy()
                target[rows] = wrong_values
                wrong = target != clean
                folds = KFold(5, shuffle=True, random_state=seed)
                predicted = cross_val_predict(model, features, target, cv=folds)
                fitted = model.fit(features, target).predict(features)
                found["datacheck"].append(average_precision_score(wrong, -target_quality(target, predicted)))
                found["in sample"].append(average_precision_score(wrong, np.abs(target - fitted)))
                for method in ("residual", "outre"):
                    theirs = rank.get_label_quality_scores(target, predicted, method=method)
                    found[method].append(average_precision_score(wrong, -theirs))
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    assert mean["datacheck"] >= max(mean["residual"], mean["outre"])
    assert mean["datacheck"] > mean["in sample"]
