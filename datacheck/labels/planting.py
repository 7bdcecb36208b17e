"""Plant label errors, fit the probe again, and see where they rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.confident_learning import Probabilities, RowSummary, summarise_rows
from datacheck.labels.noise_matrix import Channel, weigh_labels
from datacheck.labels.quality import mean_probabilities

Refit = Callable[[NDArray[np.int64], int], Probabilities]
"""Fits the probe again on other labels, with a seed, and returns its out-of-sample probabilities."""

PLANTED_SHARE = 0.06
MIN_PLANTED = 60
N_BINS = 20


@dataclass(frozen=True)
class Planted:
    """Where planted errors rank: density of each kind over the density of all samples, by queue rank; shape [N].

    ``unsmoothed`` is ``alike`` without the assumption that a sample further down the queue is less likely wrong.
    ``recall`` is the share of the errors planted on all samples alike that disagree with the probe's prediction,
    ``echo`` the share of those planted by difficulty that agree with it: a person and a probe mistake alike.
    """

    alike: NDArray[np.float64]
    by_difficulty: NDArray[np.float64]
    unsmoothed: NDArray[np.float64]
    recall: float
    echo: float


def plant(
    probs: Probabilities,
    given: NDArray[np.int64],
    rows: NDArray[np.intp],
    before: RowSummary,
    odds: NDArray[np.float32],
    channel: Channel,
    errors: Channel,
    refit: Refit | None,
    rng: np.random.Generator,
    refit_seed: int,
) -> Planted:
    """Plant errors in the labels of some rows, fit again, and return where they rank among the rest.

    ``before`` summarises the labels as they were given. Half of the errors fall on all rows alike and are drawn from
    ``errors``; half fall where the probe is unsure, on the
    classes that it finds plausible. Without ``refit`` the given probabilities, which are out of sample, score them, and
    the other rows keep their ``odds`` (shape [N]).
    """
    n_planted = min(len(rows) // 2, max(MIN_PLANTED, int(len(rows) * PLANTED_SHARE)))
    unsure = 1 - np.maximum(before.self_confidence, before.other)[rows].astype(np.float64)
    unsure = np.clip(unsure, 0, 1) + 1e-3
    hard = rng.choice(len(rows), n_planted // 2, replace=False, p=unsure / unsure.sum())
    rest = np.setdiff1d(np.arange(len(rows)), hard)
    even = rng.choice(rest, n_planted - len(hard), replace=False)
    changed = given.copy()
    changed[rows[even]] = _draw(errors[given[rows[even]]], given[rows[even]], rng)
    changed[rows[hard]] = _draw(probs[rows[hard]], given[rows[hard]], rng)
    at = np.concatenate([even, hard])
    planted = rows[at]
    if refit is None:
        fitted, score = probs, odds.copy()
        score[planted] = weigh_labels(probs[planted], changed[planted], channel).odds
    else:
        fitted = mean_probabilities(refit(changed, refit_seed))
        score = weigh_labels(fitted, changed, channel).odds
    score = score[rows]
    after = summarise_rows(fitted[planted], changed[planted])
    disagree = np.zeros(len(rows), dtype=bool)
    disagree[at] = after.self_confidence < after.other
    kind = np.zeros(len(rows), dtype=np.int8)
    kind[even], kind[hard] = 1, 2
    usable = ~np.isnan(score)
    seen, echoed = usable & (kind == 1), usable & (kind == 2)
    recall = float(disagree[seen].mean()) if seen.any() else 1.0
    echo = float(1 - disagree[echoed].mean()) if echoed.any() else 0.0
    alike, by_difficulty = (_density_by_rank(score[usable], kind[usable], which) for which in (1, 2))
    grid = (np.arange(len(rows)) + 0.5) / len(rows)
    unplanted = (np.arange(len(alike)) + 0.5) / max(1, len(alike))
    raw = _density_by_bins(score[usable], kind[usable], 1)
    return Planted(
        np.interp(grid, unplanted, alike),
        np.interp(grid, unplanted, by_difficulty),
        np.interp(grid, unplanted, raw),
        recall,
        echo,
    )


def _draw(weights: Probabilities, original: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw another class for each row in proportion to the weights; evenly where they leave nothing."""
    chances = np.array(weights, dtype=np.float64) + 1e-4 / weights.shape[1]
    chances[np.arange(len(original)), original] = 0
    cumulative = np.cumsum(chances, axis=1)
    picked: NDArray[np.intp] = (cumulative > rng.random(len(original))[:, None] * cumulative[:, -1:]).argmax(axis=1)
    return picked.astype(np.int64)


def _density_by_rank(score: NDArray[np.floating[Any]], kind: NDArray[np.int8], which: int) -> NDArray[np.float64]:
    """Density of one kind of planted errors over that of the samples not planted, falling with their rank."""
    from sklearn.isotonic import IsotonicRegression

    chosen = (kind == 0) | (kind == which)
    order = np.argsort(score[chosen], kind="stable")
    is_planted = (kind[chosen][order] == which).astype(np.float64)
    n_planted = max(1.0, is_planted.sum())
    smooth = IsotonicRegression(increasing=False, y_min=0, y_max=1).fit_transform(np.arange(len(order)), is_planted)
    smooth = np.clip(smooth, 1e-9, 1 - 0.5 / n_planted)
    ratio = smooth / (1 - smooth) * (len(order) - n_planted) / n_planted
    density: NDArray[np.float64] = ratio[is_planted == 0]
    return density


def _density_by_bins(score: NDArray[np.floating[Any]], kind: NDArray[np.int8], which: int) -> NDArray[np.float64]:
    """As `_density_by_rank`, by twentieths of the queue, rising where it rises."""
    chosen = (kind == 0) | (kind == which)
    order = np.argsort(score[chosen], kind="stable")
    is_planted = kind[chosen][order] == which
    n_left = int((~is_planted).sum())
    # A planted error belongs to the bin of the unplanted samples around it.
    position = np.minimum(np.cumsum(~is_planted), n_left - 1) * N_BINS // n_left
    planted = np.bincount(position[is_planted], minlength=N_BINS) / max(1, int(is_planted.sum()))
    density: NDArray[np.float64] = np.maximum(planted * N_BINS, 1e-9)[np.arange(n_left) * N_BINS // n_left]
    return density
