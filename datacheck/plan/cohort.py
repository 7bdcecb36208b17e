"""What is measured on: labelled training samples, and folds for each seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import whiten
from datacheck.models.folds import assign_folds
from datacheck.plan.inputs import PlanInputs

N_FOLDS = 5
"""Each measurement holds out a fifth of the samples at a time: a common choice between cost and bias."""

N_COMPONENTS = 128
"""Features are reduced to this many components, so that the many fits of a plan stay cheap."""

KEPT = 20
"""A class keeps at least this many samples when a part is drawn, so that rare classes can be judged."""

MIN_ROWS = 40
"""Below this many labelled training samples nothing is measured: each fold would hold out fewer than 8."""


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
