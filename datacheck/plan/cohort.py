"""What measurements are made on: labelled training samples with label-free features, and folds for each seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.components import whiten
from datacheck.models.folds import assign_folds


@dataclass(frozen=True)
class Sample:
    """Samples to measure on.

    Attributes
    ----------
    rows
        Their rows in the manifest; shape [N].
    codes, classes
        Class of each, and the names.
    features
        Principal components of unit variance; float32 [N, D]. Made without looking at the labels, so that what a fold
        holds out is unseen.
    features_from
        In words.
    folds
        For each seed, the fold that holds each sample out; int16 [N].
    groups
        Samples of one number are never separated; shape [N].
    seeds
        The seeds.
    n_folds
        How many folds.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    classes: tuple[str, ...]
    features: NDArray[np.float32]
    features_from: str
    folds: tuple[NDArray[np.int16], ...]
    groups: NDArray[np.int64]
    seeds: tuple[int, ...]
    n_folds: int

    @property
    def seed(self) -> int:
        """The first seed."""
        return self.seeds[0]


def choose_rows(
    codes: NDArray[np.integer[Any]], usable: NDArray[np.bool_], *, limit: int, seed: int
) -> NDArray[np.int64]:
    """Return at most about ``limit`` usable rows, the same share of every class but none of fewer than 20, sorted.

    Examples
    --------
    >>> rows = choose_rows(np.repeat([0, 1], [1000, 30]), np.ones(1030, bool), limit=100, seed=0)
    >>> np.bincount((rows >= 1000).astype(int)).tolist()
    [97, 20]
    """
    rows = np.flatnonzero(usable & (codes >= 0))
    if len(rows) <= limit:
        return rows
    rng = np.random.default_rng([seed, 7])
    share = limit / len(rows)
    kept = []
    for code in np.unique(codes[rows]):
        members = rng.permutation(rows[codes[rows] == code])
        kept.append(members[: max(round(share * len(members)), min(20, len(members)))])
    return np.sort(np.concatenate(kept))


def make_sample(
    rows: NDArray[np.int64],
    codes: NDArray[np.integer[Any]],
    classes: tuple[str, ...],
    features: NDArray[np.floating[Any]],
    features_from: str,
    groups: NDArray[np.int64],
    *,
    seeds: tuple[int, ...],
    n_folds: int = 5,
    n_components: int = 128,
) -> Sample:
    """Bring rows, features and folds together; ``codes``, ``features`` and ``groups`` are of the chosen rows.

    Raises
    ------
    ProbeError
        When there are fewer independent samples than folds.
    """
    white = whiten(features, np.isfinite(features).all(axis=1), n_components).astype(np.float32)
    folds = tuple(assign_folds(codes, groups, n_folds=n_folds, seed=seed).fold for seed in seeds)
    return Sample(rows, codes.astype(np.int64), classes, white, features_from, folds, groups, seeds, n_folds)
