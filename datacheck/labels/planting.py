"""Plant label errors, fit the model again, and see where they rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.noise_matrix import label_odds, noise_matrix
from datacheck.labels.quality import LabelAssessment
from datacheck.labels.rows import Probabilities, RowStatistics, row_statistics

Refit = Callable[[NDArray[np.int64], int], Probabilities]
"""Fits the model again on other labels, with a seed, and returns its out-of-sample probabilities."""

PLANTED_SHARE = 0.06
"""Share of the labels that are changed: enough to see where they rank, few enough to leave the model as it was."""

MIN_PLANTED = 60
"""Labels that are changed in a small dataset, as long as they are at most half of it."""

LEAST_UNCERTAINTY = 1e-3
"""Added to each sample's uncertainty, so that samples the model is certain of can be drawn, too."""

LEAST_CHANCE = 1e-4
"""Chance of all other classes together, so that a row of zeros can be drawn from."""

LEAST_DENSITY = 1e-9
"""Of planted errors at any rank, so that a curve scaled to more errors than were planted can reach every rank."""

N_BINS = 20
"""Parts of the queue that `_density_by_bins` tells apart: about 3 planted errors of each kind in each part."""

UNTOUCHED, UNIFORM, HARD = 0, 1, 2
"""Kinds of rows: as given, changed at random among all samples, changed where the model is uncertain."""


@dataclass(frozen=True)
class Planted:
    """Where planted errors rank in the queue.

    Attributes
    ----------
    uniform, hard
        Density of errors on all samples alike, and of errors on difficult ones, over that of all samples, by rank in
        the queue; they fall with the rank; shape [N].
    uniform_raw
        ``uniform`` in twentieths of the queue, without the assumption that it falls; shape [N].
    recall
        Share of the uniform errors that disagree with the prediction.
    agreeing
        Share of the errors on difficult samples that agree with the prediction: people and models make the same ones.
    """

    uniform: NDArray[np.float64]
    hard: NDArray[np.float64]
    uniform_raw: NDArray[np.float64]
    recall: float
    agreeing: float


def plant(assessment: LabelAssessment, refit: Refit | None, *, seed: int, draw: int) -> Planted:
    """Plant errors in the labels, fit again, and return where they rank among the others.

    Half of the errors fall on all samples alike, drawn from the noise matrix; half fall where the model is uncertain,
    on the classes that it finds likely. Without ``refit`` the given probabilities, which are out of sample, score them,
    and the other rows keep their quality.
    """
    rng = np.random.default_rng([seed, draw])
    rows = assessment.rows
    valid = np.flatnonzero(rows.valid)
    uniform, hard = _places(rows, valid, rng)
    changed = rows.labels.copy()
    errors = noise_matrix(assessment.confident.joint)
    changed[uniform] = _other_class(errors[rows.labels[uniform]], rows.labels[uniform], rng)
    changed[hard] = _other_class(rows.pred_probs[hard], rows.labels[hard], rng)
    planted = np.concatenate([uniform, hard])
    if refit is None:
        after = row_statistics(rows.pred_probs[planted], changed[planted])
        quality = assessment.odds.quality.copy()
        quality[planted] = label_odds(after, assessment.noise).quality
        disagrees = after.self_confidence < after.rival
    else:
        after = row_statistics(refit(changed, seed + 1 + draw), changed)
        quality = label_odds(after, assessment.noise).quality
        disagrees = (after.self_confidence < after.rival)[planted]
    kind = np.zeros(len(rows.labels), dtype=np.int8)
    kind[uniform], kind[hard] = UNIFORM, HARD
    return _summarised(quality[valid], kind[valid], disagrees[np.argsort(planted, kind="stable")])


def _places(
    rows: RowStatistics, valid: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw rows to change: some among all alike, some in proportion to the model's uncertainty."""
    n_planted = min(len(valid) // 2, max(MIN_PLANTED, int(len(valid) * PLANTED_SHARE)))
    uncertainty = 1 - np.maximum(rows.self_confidence, rows.rival)[valid].astype(np.float64)
    uncertainty = np.clip(uncertainty, 0, 1) + LEAST_UNCERTAINTY
    hard = rng.choice(len(valid), n_planted // 2, replace=False, p=uncertainty / uncertainty.sum())
    rest = np.setdiff1d(np.arange(len(valid)), hard)
    uniform = rng.choice(rest, n_planted - len(hard), replace=False)
    return valid[uniform], valid[hard]


def _summarised(quality: NDArray[np.float32], kind: NDArray[np.int8], disagrees: NDArray[np.bool_]) -> Planted:
    """Densities on a common grid; ``disagrees`` is of the planted rows in row order."""
    disagree = np.zeros(len(kind), dtype=bool)
    disagree[kind != UNTOUCHED] = disagrees
    usable = ~np.isnan(quality)
    seen, repeated = usable & (kind == UNIFORM), usable & (kind == HARD)
    densities = [
        _density_by_rank(quality[usable], kind[usable], UNIFORM),
        _density_by_rank(quality[usable], kind[usable], HARD),
        _density_by_bins(quality[usable], kind[usable], UNIFORM),
    ]
    grid = (np.arange(len(kind)) + 0.5) / len(kind)
    untouched = (np.arange(len(densities[0])) + 0.5) / max(1, len(densities[0]))
    uniform, hard, uniform_raw = (np.interp(grid, untouched, density) for density in densities)
    return Planted(
        uniform,
        hard,
        uniform_raw,
        recall=float(disagree[seen].mean()) if seen.any() else 1.0,
        agreeing=float(1 - disagree[repeated].mean()) if repeated.any() else 0.0,
    )


def _other_class(weights: Probabilities, original: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw another class for each row in proportion to the weights; evenly where they leave nothing."""
    chances = np.array(weights, dtype=np.float64) + LEAST_CHANCE / weights.shape[1]
    chances[np.arange(len(original)), original] = 0
    cumulative = np.cumsum(chances, axis=1)
    picked: NDArray[np.intp] = (cumulative > rng.random(len(original))[:, None] * cumulative[:, -1:]).argmax(axis=1)
    return picked.astype(np.int64)


def _density_by_rank(quality: NDArray[np.floating[Any]], kind: NDArray[np.int8], which: int) -> NDArray[np.float64]:
    """Density of one kind of planted errors over that of the untouched samples, falling with their rank."""
    from sklearn.isotonic import IsotonicRegression

    chosen = (kind == UNTOUCHED) | (kind == which)
    order = np.argsort(quality[chosen], kind="stable")
    is_planted = (kind[chosen][order] == which).astype(np.float64)
    n_planted = max(1.0, is_planted.sum())
    smooth = IsotonicRegression(increasing=False, y_min=0, y_max=1).fit_transform(np.arange(len(order)), is_planted)
    smooth = np.clip(smooth, LEAST_DENSITY, 1 - 0.5 / n_planted)
    ratio = smooth / (1 - smooth) * (len(order) - n_planted) / n_planted
    density: NDArray[np.float64] = ratio[is_planted == 0]
    return density


def _density_by_bins(quality: NDArray[np.floating[Any]], kind: NDArray[np.int8], which: int) -> NDArray[np.float64]:
    """As `_density_by_rank`, by twentieths of the queue, free to rise with the rank."""
    chosen = (kind == UNTOUCHED) | (kind == which)
    order = np.argsort(quality[chosen], kind="stable")
    is_planted = kind[chosen][order] == which
    n_left = int((~is_planted).sum())
    # A planted error belongs to the bin of the untouched samples around it.
    position = np.minimum(np.cumsum(~is_planted), n_left - 1) * N_BINS // n_left
    planted = np.bincount(position[is_planted], minlength=N_BINS) / max(1, int(is_planted.sum()))
    density: NDArray[np.float64] = np.maximum(planted * N_BINS, LEAST_DENSITY)[np.arange(n_left) * N_BINS // n_left]
    return density
