"""What is measured on, labelled training samples and folds for each seed; and scores of held-out predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import whiten
from datacheck.models.folds import assign_folds
from datacheck.plan.inputs import PlanInputs
from datacheck.stats import class_weights_of

N_FOLDS = 5
"""Each measurement holds out a fifth of the samples at a time: a common choice between cost and bias."""

N_COMPONENTS = 128
"""Features are reduced to this many components, so that the many fits of a plan stay cheap."""

KEPT = 20
"""A class keeps at least this many samples when a part is drawn, so that rare classes can be judged."""

N_BINS = 15
"""Bins of confidence, as in Guo et al. (2017)."""

MIN_ROWS = 40
"""Below this many labelled training samples nothing is measured: each fold would hold out fewer than 8."""


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cohort:
    """Samples to measure on.

    Attributes
    ----------
    rows
        Their rows in the manifest; shape [N].
    codes, classes
        Class of each, and the names.
    features
        Principal components of unit variance; float32 [N, D]. Made without the labels, so that what a fold holds out
        is unseen.
    features_from
        What the features are, in words.
    folds
        For each seed, the fold that holds each sample out; int16 [N].
    seeds
        The seeds.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    classes: tuple[str, ...]
    features: NDArray[np.float32]
    features_from: str
    folds: tuple[NDArray[np.int16], ...]
    seeds: tuple[int, ...]

    @property
    def seed(self) -> int:
        """The first seed."""
        return self.seeds[0]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Samples of each class; shape [K]."""
        return np.bincount(self.codes, minlength=len(self.classes)).astype(np.int64)


def choose_rows(
    codes: NDArray[np.integer[Any]], training: NDArray[np.int64], *, limit: int, seed: int
) -> NDArray[np.int64]:
    """Return about ``limit`` labelled rows of the training rows: the same share of every class, at least `KEPT`.

    Examples
    --------
    >>> rows = choose_rows(np.repeat([0, 1], [1000, 30]), np.arange(1030), limit=100, seed=0)
    >>> np.bincount((rows >= 1000).astype(int)).tolist()
    [97, 20]
    """
    rows = training[codes[training] >= 0]
    if len(rows) <= limit:
        return rows
    rng = np.random.default_rng([seed, 7])
    share = limit / len(rows)
    kept = []
    for code in np.unique(codes[rows]):
        members = rng.permutation(rows[codes[rows] == code])
        kept.append(members[: max(round(share * len(members)), min(KEPT, len(members)))])
    return np.sort(np.concatenate(kept))


def why_too_few(codes: NDArray[np.integer[Any]], groups: NDArray[np.int64]) -> str:
    """Return why nothing can be measured on some samples; empty where it can.

    Examples
    --------
    >>> why_too_few(np.arange(30) % 2, np.arange(30))
    'needs 40 labelled training samples of two classes or more, found 30'
    """
    if len(codes) < MIN_ROWS or len(np.unique(codes)) < 2:
        classes = "" if len(codes) < MIN_ROWS else " of one class"
        return f"needs {MIN_ROWS} labelled training samples of two classes or more, found {len(codes)}{classes}"
    if len(np.unique(groups)) < N_FOLDS:
        return f"needs {N_FOLDS} independent training samples or more (duplicates and groups count once)"
    return ""


def make_cohort(
    data: PlanInputs, rows: NDArray[np.int64], features: NDArray[np.floating[Any]], features_from: str
) -> Cohort:
    """Bring rows, features and folds together; ``features`` are of the chosen rows.

    Raises
    ------
    ProbeError
        When there are fewer independent samples than folds.
    """
    codes, groups = data.codes[rows], data.groups[rows]
    white = whiten(features, np.isfinite(features).all(axis=1), N_COMPONENTS).astype(np.float32)
    folds = tuple(assign_folds(codes, groups, n_folds=N_FOLDS, seed=seed).fold for seed in data.seeds)
    return Cohort(rows, codes, data.manifest.classes, white, features_from, folds, data.seeds)


def balanced_accuracy(correct: NDArray[np.floating[Any]], codes: NDArray[np.integer[Any]], shares: Floats) -> float:
    """Return the mean of the class recalls, weighted by ``shares``; rows of NaN do not count."""
    held = np.isfinite(correct)
    return float(correct[held] @ class_weights_of(codes[held], shares)) if held.any() else float("nan")


def recalls(correct: NDArray[np.floating[Any]], codes: NDArray[np.integer[Any]], n_classes: int) -> Floats:
    """Return the recall of each class, NaN for one without samples; shape [K]."""
    held = np.isfinite(correct)
    counts = np.bincount(codes[held], minlength=n_classes)
    right = np.bincount(codes[held], correct[held], n_classes)
    return np.where(counts > 0, right / np.maximum(counts, 1), np.nan)


def calibration_error(
    probabilities: NDArray[np.floating[Any]],
    codes: NDArray[np.integer[Any]],
    shares: Floats,
    *,
    n_bins: int = N_BINS,
) -> float:
    """Return the expected calibration error of the top class (Guo et al. 2017), samples weighted to the class shares.

    Parameters
    ----------
    probabilities
        Shape [N, K]; rows of NaN do not count.
    codes, shares
        Class of each sample, weight of each class.
    n_bins
        Bins of equal width.

    Examples
    --------
    >>> calibration_error(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1]), np.array([0.75, 0.25]))
    0.0
    """
    held = np.isfinite(probabilities).all(axis=1)
    top = probabilities[held].max(axis=1)
    right = probabilities[held].argmax(axis=1) == codes[held]
    weight = class_weights_of(codes[held], shares)
    bins = np.minimum((top * n_bins).astype(np.int64), n_bins - 1)
    gaps = np.bincount(bins, weight * (right - top), n_bins)
    return float(np.abs(gaps).sum())


def mean_range(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of a number over seeds, and its smallest and largest."""
    known = np.asarray([value for value in values if np.isfinite(value)])
    return (float(known.mean()), float(known.min()), float(known.max())) if known.size else (float("nan"),) * 3
