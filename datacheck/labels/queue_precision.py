"""From probabilities that labels are wrong to the precision of the queue, and to the depth at which to stop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from datacheck.labels.quality import CLIP

LIKELY_WRONG = 0.5
"""Probability from which a label is more likely wrong than correct."""

NO_ERRORS = 1e-3
"""Estimated number of wrong labels that counts as none."""

NEARLY_ALL = 0.999
"""Largest share of wrong labels that probabilities can be scaled to: with 1, all log-odds would be infinite."""

LARGEST_SHIFT = 60.0
"""Of log-odds: beyond it every probability is 0 or 1 in double precision."""

SMALLEST_SCALE, LARGEST_SCALE = 1e-12, 1e12
"""Of a density, in the search for the scale at which it adds up to the estimated count."""

SEARCHES = 200
"""Bisections of that scale."""


def scaled_to(chances: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """Shift the log-odds of all chances alike so that they add up to ``total``; shape [N].

    Examples
    --------
    >>> scaled_to(np.array([0.9, 0.5, 0.5, 0.1]), 1.0).round(2).tolist()
    [0.64, 0.17, 0.17, 0.02]
    """
    if total < NO_ERRORS:
        return np.zeros_like(chances)
    log_odds = logit(np.clip(chances, CLIP, 1 - CLIP))
    wanted = min(total, NEARLY_ALL * len(chances))
    shift = brentq(lambda moved: float(expit(log_odds + moved).sum()) - wanted, -LARGEST_SHIFT, LARGEST_SHIFT)
    scaled: NDArray[np.float64] = expit(log_odds + shift)
    return scaled


def recommended_depth(wrong: NDArray[np.float64], *, noise_certainty: float = 1.0) -> int:
    """Return where to stop in a queue whose labels are wrong with the given probabilities, in queue order; shape [N].

    Where label noise is certain: at the highest expected F1. Where there is no sign of it: after the samples that are
    more likely wrong than correct, as classes that overlap look the same as wrong labels. In between in proportion.

    Examples
    --------
    >>> wrong = np.array([0.9, 0.8, 0.45, 0.45, 0.1, 0.0])
    >>> [recommended_depth(wrong, noise_certainty=certainty) for certainty in (1.0, 0.5, 0.0)]
    [4, 3, 2]
    """
    likely = int((wrong >= LIKELY_WRONG).sum())
    total = float(wrong.sum())
    if total < LIKELY_WRONG:
        return likely
    found = np.cumsum(wrong)
    best = int((found / (np.arange(1, len(wrong) + 1) + total)).argmax()) + 1
    return round(likely + noise_certainty * (best - likely))


def share_wrong(shape: NDArray[np.float64], total: float, ties: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probability that each label in queue order is wrong: min(1, c shape) with c such that they sum to ``total``.

    Samples of equal quality, which have no order, share their mean.
    """
    n_rows = len(shape)
    if total <= 0 or not n_rows:
        return np.zeros(n_rows)
    low, high = 0.0, LARGEST_SCALE
    for _ in range(SEARCHES):
        middle = np.sqrt(max(low, SMALLEST_SCALE) * high)
        if np.minimum(1, middle * shape).sum() > total:
            high = middle
        else:
            low = middle
    wrong = np.minimum(1, low * shape)
    wrong = np.minimum(1, wrong * (total / max(wrong.sum(), SMALLEST_SCALE)))
    averaged: NDArray[np.float64] = (np.bincount(ties, weights=wrong) / np.bincount(ties))[ties]
    return averaged
