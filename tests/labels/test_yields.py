import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datacheck.errors import ProbeError
from datacheck.labels.confident_learning import find_label_issues
from datacheck.labels.quality import label_quality
from datacheck.labels.yields import estimate, recommended_depth


def world(n, k, rate, *, kind="uniform", skill=4.0, imbalance=1.0, seed=0):
    """Probabilities of a probe that sees the truth through noise, labels with errors, and which are wrong."""
    rng = np.random.default_rng([seed, n, k])
    shares = imbalance ** -np.linspace(0, 1, k)
    true = rng.choice(k, n, p=shares / shares.sum())
    wrong = rng.random(n) < rate
    step = rng.integers(1, k, n) if kind == "uniform" else 1
    labels = np.where(wrong, (true + step) % k, true)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += skill
    clean = np.exp(logits)
    clean /= clean.sum(axis=1, keepdims=True)
    # A probe that was fitted on noisy labels believes in the noise to the same degree.
    if kind == "uniform":
        probs = (1 - rate) * clean + rate * (1 - clean) / (k - 1)
    else:
        probs = (1 - rate) * clean + rate * np.roll(clean, 1, axis=1)
    return probs.astype(np.float32), labels, wrong


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

    result = estimate(probs, labels, refit=refit, n_refits=2, seed=5)
    assert [seed for _, seed in seen] == [6, 7]
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
    assert recommended_depth(np.zeros(5)) == recommended_depth(np.zeros(5), evidence=0) == 0
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
    assert f1(cut) > f1(find_label_issues(probs, labels)) - 0.005
