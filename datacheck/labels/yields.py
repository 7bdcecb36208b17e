"""Known yield: how pure the relabel queue is at each depth, and how deep to read it.

How many labels are wrong is `error_count`'s to say. Where they lie in the queue is measured: labels known to be wrong
are planted, half of them drawn from the noise channel (errors that fall on every sample alike), half drawn for each
sample in proportion to the probe's out-of-sample probabilities and more often where the probe is unsure (errors that
follow difficulty, as people's do). The probe is fitted again where it can be, and where the planted labels end up in
the queue tells how a wrong label ranks under each reading. Planting as positives among unlabelled samples follows
Blanchard, Lee and Scott, *Semi-supervised novelty detection* (JMLR 2010).

The recommended depth is the one at which the F1 to be expected is highest, under the noise channel's probabilities,
scaled so that they add up to the estimated count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from datacheck.errors import ProbeError
from datacheck.labels.confident_learning import (
    Labels,
    Probabilities,
    check_inputs,
    confident_joint,
    confident_labels,
    find_label_issues,
    noise_transition,
    summarise_rows,
)
from datacheck.labels.error_count import ErrorCount, error_count
from datacheck.labels.label_yield import LabelYield
from datacheck.labels.noise_matrix import Weighed, smoothed_channel, weigh_labels
from datacheck.labels.planting import Refit, plant
from datacheck.labels.quality import mean_probabilities
from datacheck.stats import Interval, wilson

MIN_SAMPLES = 30
N_DEPTHS = 60
DESIGN_EFFECT = 4.0
"""Mistakes of a probe come in clusters: near copies, one odd class. So many of them count as one in the intervals."""
DRAWS_WITHOUT_REFIT = 8


def estimate(
    pred_probs: Probabilities,
    labels: Labels,
    *,
    refit: Refit | None = None,
    n_refits: int = 1,
    weighed: Weighed | None = None,
    seed: int = 0,
) -> LabelYield:
    """Estimate how many labels are wrong and the precision of the queue at each depth.

    Parameters
    ----------
    pred_probs
        Out-of-sample class probabilities, shape [N, K] or [S, N, K].
    labels
        Index of the given label, -1 for none; shape [N].
    refit
        Called ``n_refits`` times with labels that hold planted errors (shape [N]) and a seed; returns the
        probabilities of the probe fitted on them. Without it the planted labels are scored by ``pred_probs``, which are
        out of sample and so have not seen them; what the extra noise does to the probe is then left out.
    n_refits
        How many times to plant and fit again; the results are averaged.
    weighed
        What the noise channel makes of the labels: the queue is ordered by its ``odds``, low first. By default
        `weigh_labels` of the two.
    seed
        Seed of the planting.

    Raises
    ------
    ProbeError
        When fewer than 30 samples have a label and a prediction.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.integers(0, 3, 900)
    >>> probs = np.full((900, 3), 0.02)
    >>> probs[np.arange(900), true] = 0.96
    >>> given = np.where(np.arange(900) < 90, (true + 1) % 3, true)
    >>> result = estimate(probs, given)
    >>> result.estimated_errors.low <= 90 <= result.estimated_errors.high, result.recommended_depth
    (True, 90)
    """
    probs, given = check_inputs(mean_probabilities(pred_probs), labels)
    summary = summarise_rows(probs, given)
    rows = np.flatnonzero(summary.valid)
    if len(rows) < MIN_SAMPLES:
        raise ProbeError(
            f"expected {MIN_SAMPLES} or more samples with a label and a prediction to estimate label errors from, "
            f"found {len(rows)}"
        )
    guess = confident_labels(probs, given, summary=summary)
    joint = confident_joint(probs, given, summary=summary, guess=guess)
    channel, errors = smoothed_channel(joint), noise_transition(joint).given_if_true
    weighed = weigh_labels(probs, given, channel) if weighed is None else weighed
    odds, doubt = weighed.odds[rows], 1 - weighed.right[rows].astype(np.float64)
    planted = [
        plant(
            probs,
            given,
            rows,
            summary,
            weighed.odds,
            channel,
            errors,
            refit,
            np.random.default_rng([seed, draw]),
            seed + 1 + draw,
        )
        for draw in range(DRAWS_WITHOUT_REFIT if refit is None else max(1, n_refits))
    ]
    alike = np.mean([one.alike for one in planted], axis=0)
    by_difficulty = np.mean([one.by_difficulty for one in planted], axis=0)
    unsmoothed = np.mean([one.unsmoothed for one in planted], axis=0)
    count = error_count(
        summary,
        recall=float(np.mean([one.recall for one in planted])),
        echo=float(np.mean([one.echo for one in planted])),
        other_counts=(float(doubt.sum()), float(find_label_issues(probs, given, summary=summary, guess=guess).sum())),
    )
    order = np.argsort(odds, kind="stable")
    ties = _tie_groups(odds[order])
    wrong = _share_wrong((alike + by_difficulty) / 2, count.value, ties)
    curves = [
        _share_wrong(shape, total, ties)
        for shape in (alike, by_difficulty, unsmoothed)
        for total in (count.low, count.high, count.value)
    ]
    depth = recommended_depth(scaled_to(doubt[order], count.value), evidence=count.evidence)
    return _as_yield(count, wrong, curves, depth)


def scaled_to(chances: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """Shift the log-odds of all chances alike so that they add up to ``total``; shape [N].

    Examples
    --------
    >>> scaled_to(np.array([0.9, 0.5, 0.5, 0.1]), 1.0).round(2).tolist()
    [0.64, 0.17, 0.17, 0.02]
    """
    if total < 1e-3:
        return np.zeros_like(chances)
    log_odds = logit(np.clip(chances, 1e-6, 1 - 1e-6))
    wanted = min(total, 0.999 * len(chances))
    shift = brentq(lambda moved: float(expit(log_odds + moved).sum()) - wanted, -60, 60)
    scaled: NDArray[np.float64] = expit(log_odds + shift)
    return scaled


def recommended_depth(wrong: NDArray[np.float64], *, evidence: float = 1.0) -> int:
    """Where to stop in a queue whose samples are wrong with the given probabilities, in queue order; shape [N].

    Where the F1 to be expected is highest, if there is evidence of noise at all. Without any no more samples are taken
    than are more likely wrong than right: classes that overlap look the same as wrong labels. ``evidence``, from 0 to
    1, says how far to go from the second to the first.

    Examples
    --------
    >>> wrong = np.array([0.9, 0.8, 0.45, 0.45, 0.1, 0.0])
    >>> recommended_depth(wrong), recommended_depth(wrong, evidence=0.5), recommended_depth(wrong, evidence=0)
    (4, 3, 2)
    """
    likely = int((wrong >= 0.5).sum())
    total = float(wrong.sum())
    if total < 0.5:
        return likely
    found = np.cumsum(wrong)
    best = int((found / (np.arange(1, len(wrong) + 1) + total)).argmax()) + 1
    return round(likely + evidence * (best - likely))


def _tie_groups(ordered: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    groups: NDArray[np.intp] = np.cumsum(np.r_[False, np.diff(ordered) > 0][: len(ordered)])
    return groups


def _share_wrong(shape: NDArray[np.float64], total: float, ties: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probability that each sample in queue order is wrong: min(1, c shape) with c such that they sum to ``total``."""
    n_rows = len(shape)
    if total <= 0 or not n_rows:
        return np.zeros(n_rows)
    low, high = 0.0, 1e12
    for _ in range(200):
        middle = np.sqrt(max(low, 1e-12) * high)
        if np.minimum(1, middle * shape).sum() > total:
            high = middle
        else:
            low = middle
    wrong = np.minimum(1, low * shape)
    wrong = np.minimum(1, wrong * (total / max(wrong.sum(), 1e-12)))
    sizes = np.bincount(ties)
    averaged: NDArray[np.float64] = (np.bincount(ties, weights=wrong) / sizes)[ties]
    return averaged


def _as_yield(
    count: ErrorCount, wrong: NDArray[np.float64], curves: list[NDArray[np.float64]], recommended: int
) -> LabelYield:
    n_rows = len(wrong)
    depth = np.unique(np.geomspace(min(10, n_rows), n_rows, N_DEPTHS).round().astype(np.int64))
    if recommended:
        depth = np.union1d(depth, [recommended])
    precision = np.cumsum(wrong)[depth - 1] / depth
    means = np.stack([np.cumsum(curve)[depth - 1] / depth for curve in curves])
    low = wilson(means.min(axis=0), depth / DESIGN_EFFECT)[0]
    high = wilson(means.max(axis=0), depth / DESIGN_EFFECT)[1]
    return LabelYield(
        estimated_errors=Interval(
            count.value,
            count.low,
            count.high,
            n=n_rows,
            method="95 % interval from anchors (low) to disagreement over planted recall (high)",
        ),
        depth=depth,
        precision=precision,
        precision_low=np.minimum(low, precision),
        precision_high=np.maximum(high, precision),
        recommended_depth=recommended,
    )
