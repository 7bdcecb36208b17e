"""What the probe says of clean labels, real and synthetic, and of the same labels with planted errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from datacheck.labels.label_yield import LabelYield, estimate_label_yield
from datacheck.labels.quality import LabelAssessment
from datacheck.probing.skill import MIN_SKILL, classification_skill

MAX_QUEUE = 0.02
SHARES = (0.05, 0.1, 0.2)

Dataset = tuple[NDArray[Any], NDArray[np.int64]]

PROBES: dict[str, Callable[[], Any]] = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
    "neighbours": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(15)),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, random_state=0),
}


def made(n_classes: int, separation: float, n_rows: int = 1000, weights: list[float] | None = None) -> Dataset:
    """Synthetic classes without label errors."""
    x, y = make_classification(
        n_rows,
        20,
        n_informative=14 if n_classes > 5 else 8,
        n_redundant=2,
        n_classes=n_classes,
        n_clusters_per_class=1,
        class_sep=separation,
        flip_y=0,
        weights=weights,
        random_state=n_classes,
    )
    return x, y.astype(np.int64)


@cache
def dataset(name: str) -> Dataset:
    """One of the clean datasets."""
    real = {"digits": load_digits, "wine": load_wine, "tumours": load_breast_cancer}
    if name in real:
        x, y = real[name](return_X_y=True)
        return x, y.astype(np.int64)
    if name == "digits with a tail":
        x, y = load_digits(return_X_y=True)
        kept = np.random.default_rng(0).random(len(y)) < np.geomspace(1, 0.08, 10)[y]
        return x[kept], y[kept].astype(np.int64)
    if name == "synthetic with a tail":
        return made(5, 2.0, 3000, [0.6, 0.2, 0.1, 0.06, 0.04])
    words = name.split()
    return made(int(words[1]), float(words[-1]), 1000 if int(words[1]) == 2 else 3000)


def look(name: str, probe: str, share: float, seed: int = 0) -> tuple[LabelYield, int, int]:
    """The yield, the number of planted errors, and the length of the queue (none where the probe is not trusted)."""
    x, clean = dataset(name)
    n_classes = int(clean.max()) + 1
    rng = np.random.default_rng([seed, 7])
    given = clean.copy()
    rows = rng.choice(len(clean), round(share * len(clean)), replace=False)
    given[rows] = (clean[rows] + rng.integers(1, n_classes, len(rows))) % n_classes

    def fit(labels: NDArray[np.int64], fold_seed: int) -> NDArray[np.float32]:
        folds = StratifiedKFold(5, shuffle=True, random_state=fold_seed)
        probs = np.zeros((len(labels), n_classes), dtype=np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = cross_val_predict(PROBES[probe](), x, labels, cv=folds, method="predict_proba")
        probs[:, np.unique(labels)] = found
        return probs

    probs = fit(given, seed)
    refit = fit if probe != "boosting" else None
    found = estimate_label_yield(LabelAssessment.of(probs, given), refit=refit, seed=seed)
    trusted = classification_skill(probs, given).low >= MIN_SKILL
    return found, len(rows), found.recommended_depth if trusted else 0


QUICK = [("wine", "logistic"), ("wine", "neighbours"), ("tumours", "neighbours"), ("digits", "neighbours")]
THOROUGH = [
    *((name, probe) for name in ("wine", "tumours", "digits", "digits with a tail") for probe in PROBES),
    ("synthetic 2 classes at 1.0", "logistic"),
    *((f"synthetic {n_classes} classes at 1.0", "neighbours") for n_classes in (2, 5, 10)),
    ("synthetic with a tail", "logistic"),
    ("synthetic with a tail", "neighbours"),
]


def slow_but(quick: list[tuple[str, str]], every: list[tuple[str, str]]) -> list[Any]:
    """All cases, slow ones marked."""
    rest = [
        pytest.param(*case, marks=[pytest.mark.slow, pytest.mark.timeout(600)]) for case in every if case not in quick
    ]
    return [*quick, *rest]


@pytest.mark.parametrize(("name", "probe"), slow_but(QUICK, THOROUGH))
def test_clean_labels_raise_no_alarm(name: str, probe: str) -> None:
    found, _, queue = look(name, probe, 0.0)
    assert found.estimated_errors.low == 0
    assert queue <= max(2, MAX_QUEUE * len(dataset(name)[1]))


@pytest.mark.parametrize(("name", "probe"), slow_but(QUICK, THOROUGH))
def test_the_interval_covers_planted_errors(name: str, probe: str) -> None:
    for share in SHARES:
        found, n_wrong, _ = look(name, probe, share)
        assert found.estimated_errors.low <= n_wrong <= found.estimated_errors.high, share
