import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.errors import ProbeError
from datacheck.labels.confident_learning import find_label_issues
from datacheck.labels.label_yield import LabelYield, estimate_label_yield
from datacheck.labels.quality import LabelAssessment, label_quality
from datacheck.labels.queue_precision import recommended_depth, scaled_to
from datacheck.stats import Interval

from .worlds import world


def estimate(probs, labels, **options):
    return estimate_label_yield(LabelAssessment.of(probs, labels), **options)


def covered(result, probs, labels, wrong):
    """Whether the count lies in its interval, and the share of depths whose precision does."""
    order = np.argsort(label_quality(probs, labels), kind="stable")
    precision = np.cumsum(wrong[order])[result.depth - 1] / result.depth
    errors = result.estimated_errors
    inside = (precision >= result.precision_low - 1e-9) & (precision <= result.precision_high + 1e-9)
    return errors.low <= wrong.sum() <= errors.high, float(inside.mean())


@pytest.mark.parametrize("k", [2, 10, 100])
@pytest.mark.parametrize("rate", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("kind", ["uniform", "pair"])
@pytest.mark.parametrize("imbalance", [1.0, 10.0])
def test_the_intervals_cover_the_truth(k, rate, kind, imbalance) -> None:
    probs, labels, wrong = world(3000, k, rate, kind=kind, imbalance=imbalance, skill=6.0 if k == 100 else 4.0)
    result = estimate(probs, labels)
    count, depths = covered(result, probs, labels, wrong)
    assert count, (wrong.sum(), result.estimated_errors)
    assert depths > 0.95


@pytest.mark.parametrize("rate", [0.4, 0.45])
def test_heavy_uniform_noise_is_covered(rate) -> None:
    probs, labels, wrong = world(3000, 10, rate)
    count, depths = covered(estimate(probs, labels), probs, labels, wrong)
    assert count
    assert depths > 0.95


@given(seed=st.integers(0, 1000), rate=st.floats(0, 0.3), k=st.integers(3, 20), skill=st.floats(3, 6))
@settings(max_examples=12, deadline=None)
def test_the_shape_of_a_yield(seed, rate, k, skill) -> None:
    probs, labels, _ = world(600, k, rate, skill=skill, seed=seed)
    result = estimate(probs, labels, seed=seed)
    assert (np.diff(result.depth) > 0).all()
    assert (result.precision_low <= result.precision + 1e-12).all()
    assert (result.precision <= result.precision_high + 1e-12).all()
    assert result.estimated_errors.low <= result.estimated_errors.value <= result.estimated_errors.high
    assert 0 <= result.recommended_depth <= 600
    assert (np.diff(result.precision) <= 1e-9).all()


def test_the_same_seed_gives_the_same_yield() -> None:
    probs, labels, _ = world(800, 5, 0.1)
    first, again = estimate(probs, labels, seed=3), estimate(probs, labels, seed=3)
    assert first.estimated_errors == again.estimated_errors
    np.testing.assert_array_equal(first.precision, again.precision)


def test_the_recommended_cut_is_near_the_errors() -> None:
    probs, labels, wrong = world(3000, 10, 0.1, skill=6.0)
    result = estimate(probs, labels)
    order = np.argsort(label_quality(probs, labels), kind="stable")
    cut = order[: result.recommended_depth]
    f1 = 2 * wrong[cut].sum() / (len(cut) + wrong.sum())
    assert f1 > 0.9


def test_planted_labels_are_handed_to_the_refit_with_a_seed_of_its_own() -> None:
    probs, labels, _ = world(900, 4, 0.1)
    seen = []

    def refit(changed, seed):
        seen.append((int((changed != labels).sum()), seed))
        return probs

    result = estimate(probs, labels, refit=refit, seed=5)
    assert [seed for _, seed in seen] == [6]
    assert all(50 <= n_changed <= 70 for n_changed, _ in seen)
    assert result.recommended_depth > 0


@pytest.mark.parametrize("name", ["digits", "wine", "breast_cancer", "iris"])
def test_clean_data_counts_no_errors_and_queues_few(name) -> None:
    from sklearn import datasets
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200, tol=1e-2))
    probs = cross_val_predict(model, x, y, method="predict_proba", cv=5)
    result = estimate(probs, y)
    assert result.estimated_errors.low == 0
    assert result.recommended_depth <= 0.015 * len(y)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ProbeError, match="30 or more samples"):
        estimate(np.full((10, 2), 0.5), np.zeros(10, int))


def test_nothing_is_recommended_where_nothing_is_wrong() -> None:
    assert recommended_depth(np.zeros(5)) == recommended_depth(np.zeros(5), noise_certainty=0) == 0
    assert recommended_depth(np.empty(0)) == 0


@pytest.mark.parametrize("rate", [0.1, 0.3])
@pytest.mark.parametrize("kind", ["uniform", "pair"])
def test_the_recommended_cut_is_as_good_as_the_filter_of_confident_learning_and_near_disagreement(rate, kind) -> None:
    probs, labels, wrong = world(3000, 10, rate, kind=kind)
    result = estimate(probs, labels)
    cut = np.argsort(label_quality(probs, labels), kind="stable")[: result.recommended_depth]
    disagrees = probs.argmax(axis=1) != labels

    def f1(flags):
        return 2 * wrong[flags].sum() / (len(wrong[flags]) + wrong.sum())

    # These probabilities are exactly right, and then disagreement is the best cut there is.
    assert f1(cut) > f1(disagrees) - 0.03
    assessment = LabelAssessment.of(probs, labels)
    assert f1(cut) > f1(find_label_issues(assessment.rows, assessment.confident.joint)) - 0.005


def test_the_depth_goes_from_more_likely_wrong_than_correct_to_the_best_f1() -> None:
    wrong = np.array([0.9, 0.7, 0.55, 0.5, 0.45, 0.42, 0.4, 0.3, 0.05])
    found = np.cumsum(wrong)
    best = int((found / (np.arange(1, 10) + wrong.sum())).argmax()) + 1
    assert best == 7
    assert [recommended_depth(wrong, noise_certainty=one) for one in (0.0, 0.34, 0.67, 1.0)] == [4, 5, 6, 7]


def test_less_than_half_a_wrong_label_is_expected_to_be_none() -> None:
    assert recommended_depth(np.full(4, 0.12)) == 0
    assert recommended_depth(np.full(5, 0.12)) == 5


def test_chances_are_shifted_alike_until_they_add_up() -> None:
    chances = np.array([0.9, 0.6, 0.3, 0.01])
    scaled = scaled_to(chances, 2.5)
    assert scaled.sum() == pytest.approx(2.5)
    shift = np.log(scaled / (1 - scaled)) - np.log(chances / (1 - chances))
    assert np.ptp(shift) < 1e-6
    assert scaled_to(chances, 0.0).tolist() == [0, 0, 0, 0]
    assert scaled_to(chances, 40.0).sum() == pytest.approx(0.999 * 4)


def yield_of(low, high, *, n=1000, certainty=1.0, depth=40):
    empty = np.empty(0)
    errors = Interval((low + high) / 2, low, high, n=n)
    return LabelYield(errors, empty.astype(np.int64), empty, empty, empty, depth, certainty)


@pytest.mark.parametrize(
    ("low", "high", "conclusive"),
    [
        (0, 300, True),
        (0, 301, False),
        (0.9, 301, False),
        (1, 301, True),
        (1, 500, True),
        (1, 501, False),
        (400, 501, False),
    ],
)
def test_a_count_is_conclusive_up_to_half_of_the_labels_or_30_percent_where_there_may_be_none(
    low, high, conclusive
) -> None:
    found = yield_of(low, high)
    assert found.conclusive is conclusive
    assert found.n_to_review == (40 if conclusive else 60)
    assert ("not known" in found.count_in_words()) is not conclusive


def test_a_small_dataset_is_reviewed_as_a_whole() -> None:
    assert yield_of(0, 40, n=50).n_to_review == 50


@pytest.mark.parametrize(
    ("certainty", "low", "high", "evident"),
    [(0.5, 1, 100, True), (0.49, 1, 100, False), (1.0, 0.9, 100, False), (1.0, 1, 501, False), (0.0, 1, 100, False)],
)
def test_noise_is_evident_where_no_end_of_the_interval_is_0_and_the_anchor_points_disagree(
    certainty, low, high, evident
) -> None:
    assert yield_of(low, high, certainty=certainty).noise_is_evident is evident


def test_a_weak_model_is_inconclusive_on_clean_and_on_noisy_labels() -> None:
    for rate in (0.0, 0.05, 0.2):
        probs, labels, _ = world(1500, 6, rate, skill=1.2)
        assert not estimate(probs, labels).conclusive


def test_a_strong_model_is_conclusive_and_sure_of_noise_only_where_there_is_some() -> None:
    for rate, certainty in ((0.0, 0.0), (0.1, 1.0)):
        probs, labels, _ = world(2000, 6, rate, skill=5.0)
        found = estimate(probs, labels)
        assert found.conclusive
        assert found.noise_certainty == certainty
