"""Pairing and label yield on real photographs with real human label errors (CIFAR-10N)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from datacheck.labels.confident_learning import find_label_issues
from datacheck.labels.label_yield import estimate_label_yield
from datacheck.labels.quality import LabelAssessment
from datacheck.models.components import whiten
from datacheck.models.ridge import RidgeHead
from datacheck.pairing import LabelCodes, Samples, check_content

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

N_FILTERS = 256
PATCH = 6


def describe(pixels: NDArray[np.uint8], *, seed: int = 0) -> NDArray[np.float64]:
    """Label-free features of [N, 32, 32, 3]: responses to random whitened patches, summed by quadrant (Coates 2011)."""
    rng = np.random.default_rng(seed)
    images = pixels.astype(np.float32) / 255
    windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(1, 2))[:, ::2, ::2]
    side = windows.shape[1]
    drawn = windows[
        rng.integers(0, len(images), 20_000), rng.integers(0, side, 20_000), rng.integers(0, side, 20_000)
    ].reshape(20_000, -1)
    mean, covariance = drawn.mean(axis=0), np.cov(drawn, rowvar=False)
    values, vectors = np.linalg.eigh(covariance)
    whitening = (vectors / np.sqrt(values + 0.005)) @ vectors.T
    filters = (drawn[:N_FILTERS] - mean) @ whitening
    filters /= np.linalg.norm(filters, axis=1, keepdims=True)
    projection = (whitening @ filters.T).astype(np.float32)
    features = []
    for start in range(0, len(images), 250):
        block = windows[start : start + 250].reshape(-1, side, side, projection.shape[0]) - mean.astype(np.float32)
        response = block @ projection
        both = np.concatenate([np.maximum(response - 0.5, 0), np.maximum(-response - 0.5, 0)], axis=-1)
        half = side // 2
        parts = [both[:, rows, columns].mean(axis=(1, 2)) for rows in _halves(half) for columns in _halves(half)]
        features.append(np.concatenate(parts, axis=1))
    found = np.concatenate(features)
    return whiten(found, np.ones(len(found), dtype=bool))


def _halves(half: int) -> tuple[slice, slice]:
    return slice(None, half), slice(half, None)


@pytest.fixture(scope="module")
def photographs(shared_data: Path) -> tuple[NDArray[np.float64], dict[str, NDArray[np.int64]]]:
    """Features of 10,000 photographs, and their clean and human labels."""
    path = shared_data / "cifar10n-train.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the shared data folder")
    table = pq.read_table(path).slice(0, 10_000)
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(one.as_py()))) for one in table["jpeg"]])
    words = {name: np.asarray(table[name].to_pylist()) for name in ("clean", "worse", "aggre")}
    classes = np.unique(words["clean"])
    labels = {name: np.searchsorted(classes, column).astype(np.int64) for name, column in words.items()}
    return describe(pixels), labels


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("which", ["clean", "aggre"])
def test_labels_rolled_by_one_from_a_random_row_are_put_back(photographs, which, seed) -> None:
    features, labels = photographs
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(features), 5000, replace=False)
    true, start = labels[which][rows], int(rng.integers(100, 4900))
    given = np.r_[true[:start], np.roll(true[start:], 1)]
    repair = check_content(Samples(features[rows]), LabelCodes.of_classes(given), seed=seed).repair
    assert repair is not None
    assert [shift.offset for _, shift in repair.segments] == [0, 1]
    # So plain features leave a few photographs that could have either label; they are named, and all others are right.
    wrong, unsettled = given[repair.label_of] != true, repair.certainty < 0.95
    assert not (wrong & ~unsettled).any()
    assert unsettled.sum() <= 20
    assert abs(repair.change_points[0].row - start) <= 6


def test_text_order_against_number_order_is_put_back_exactly(photographs) -> None:
    features, labels = photographs
    true = labels["clean"][:5000]
    uris = [f"photo{number}.jpg" for number in range(5000)]
    text = np.array(sorted(range(5000), key=lambda row: uris[row]))
    images_by_text = np.empty_like(true)
    images_by_text[text] = true
    for given in (true[text], images_by_text):
        repair = check_content(Samples(features[:5000], names=uris), LabelCodes.of_classes(given)).repair
        assert repair is not None
        np.testing.assert_array_equal(given[repair.label_of], true)


def test_nothing_is_claimed_on_shuffled_or_clean_labels(photographs) -> None:
    features, labels = photographs
    uris = [f"photo{number}.jpg" for number in range(2000)]
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(features), 2000, replace=False)
        true = labels["clean"][rows]
        samples = Samples(features[rows], names=uris)
        clean = check_content(samples, LabelCodes.of_classes(true), seed=seed)
        assert clean.repair is None
        assert clean.signal > 6
        shuffled = check_content(samples, LabelCodes.of_classes(rng.permutation(true)), seed=seed)
        assert shuffled.repair is None
        assert shuffled.signal < 6


@pytest.mark.parametrize("which", ["worse", "aggre", "clean"])
def test_the_yield_covers_the_truth_of_human_labels(photographs, which) -> None:
    features, labels = photographs
    given, wrong = labels[which], labels[which] != labels["clean"]

    def fit(taught: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
        scores = RidgeHead(features, seed=seed).scores(taught, 10)
        sharpened = np.exp((scores - scores.max(axis=1, keepdims=True)) * 8)
        return sharpened / sharpened.sum(axis=1, keepdims=True)

    probs = fit(given, 0)
    assessment = LabelAssessment.of(probs, given)
    result = estimate_label_yield(assessment, refit=fit, seed=0)
    order = np.argsort(assessment.odds.quality, kind="stable")
    precision = np.cumsum(wrong[order])[result.depth - 1] / result.depth
    assert result.estimated_errors.low <= wrong.sum() <= result.estimated_errors.high
    assert ((result.precision_low <= precision + 1e-9) & (precision <= result.precision_high + 1e-9)).mean() > 0.95
    if which == "clean":
        assert result.estimated_errors.low == 0
        return
    flags = {
        "cut": np.isin(np.arange(len(given)), order[: result.recommended_depth]),
        "default filter": find_label_issues(assessment.rows, assessment.confident.joint),
        "argmax": probs.argmax(axis=1) != given,
    }
    f1 = {name: 2 * (flag & wrong).sum() / (flag.sum() + wrong.sum()) for name, flag in flags.items()}
    # So weak a probe (55 % right) leaves little to choose; bench_mislabels compares the cuts of probes worth having.
    assert f1["cut"] > 0.97 * max(f1["default filter"], f1["argmax"])
