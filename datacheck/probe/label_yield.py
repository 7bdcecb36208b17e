"""Known yield: how many labels are wrong, and how pure the relabel queue is at each depth.

Nobody can tell a wrong label from a wrong probe by the disagreement of the two alone, so the estimate is made from
three things that are measured, and its interval spans what they leave open.

1. *Planted flips.* Labels known to be wrong are planted, half of them drawn from the estimated noise transition (errors
   that fall on every sample alike), half drawn for each sample in proportion to the probe's out-of-sample probabilities
   and more often where the probe is unsure (errors that follow difficulty, as people's do). The probe is fitted again,
   and where the planted labels end up in the queue tells how a wrong label ranks under each reading.
2. *Anchors.* Where the probe is surest it is hardly ever wrong itself, so its disagreement with the given labels there,
   extrapolated to perfect sureness, is the noise of the easiest samples. No sample is easier, so applied to all of them
   it is the low end of the interval; there the extrapolation goes farther, as a weak probe is wrong even where it is
   surest, and its mistakes, unlike the noise, fall steeply towards those samples.
3. *Disagreement.* A label error that the probe can see disagrees with its prediction; the count of all disagreements,
   over the share of planted errors that disagree, is the high end: every mistake of the probe is blamed on the labels.

The point estimate lies between: people's errors grow with difficulty, and on real human noise (CIFAR-10N) the growth
follows about the fourth root of the anchors' noise, which is 0 where the easiest samples are clean. That rule is
empirical; the interval does not rest on it. The recommended depth of the queue does not either: it is the number of
labels that confident learning flags (Northcutt, Jiang and Chuang, JAIR 2021). Planting as positives among unlabelled
samples follows Blanchard, Lee and Scott, *Semi-supervised novelty detection* (JMLR 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from datacheck.errors import ProbeError
from datacheck.probe.confident_learning import (
    Labels,
    Probabilities,
    RowSummary,
    check_inputs,
    confident_joint,
    find_label_issues,
    noise_transition,
    summarise_rows,
)
from datacheck.probe.label_quality import Method, label_quality, mean_probabilities
from datacheck.probe.outputs import Estimate, LabelYield
from datacheck.probe.planting import Refit, plant

Z95 = 1.959964
MIN_SAMPLES = 30
ANCHOR_PARTS = (20, 5, 2)
NEAR, FAR = 0.5, 1.5
N_DEPTHS = 60
DESIGN_EFFECT = 4.0
"""Mistakes of a probe come in clusters: near copies, one odd class. So many of them count as one in the intervals."""
DRAWS_WITHOUT_REFIT = 8


@dataclass(frozen=True)
class ErrorCount:
    """Estimated number of wrong labels with its low and high end, and the measurements behind it.

    ``anchor_noise`` is the disagreement of the surest samples extrapolated to perfect sureness, ``evident`` whether it
    is above 0 beyond chance, ``disagreement`` the
    share of samples whose label is not the likeliest class, ``recall`` the share of planted errors that disagree.
    """

    value: float
    low: float
    high: float
    anchor_noise: float
    evident: bool
    disagreement: float
    recall: float


def estimate(
    pred_probs: Probabilities,
    labels: Labels,
    *,
    refit: Refit | None = None,
    n_refits: int = 1,
    quality: NDArray[np.floating[Any]] | None = None,
    method: Method = "relative_margin",
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
    quality
        Label quality that the queue is ordered by, low first, shape [N]; by default `label_quality` under ``method``.
    method
        Label quality method that planted errors are ranked by.
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
    channel = noise_transition(confident_joint(probs, given, summary=summary))
    planted = [
        plant(probs, given, rows, channel, refit, method, np.random.default_rng([seed, draw]), seed + 1 + draw)
        for draw in range(DRAWS_WITHOUT_REFIT if refit is None else max(1, n_refits))
    ]
    alike = np.mean([one.alike for one in planted], axis=0)
    by_difficulty = np.mean([one.by_difficulty for one in planted], axis=0)
    unsmoothed = np.mean([one.unsmoothed for one in planted], axis=0)
    count = error_count(
        summary,
        recall=float(np.mean([one.recall for one in planted])),
        echo=float(np.mean([one.echo for one in planted])),
    )
    score = label_quality(probs, given, method=method) if quality is None else np.asarray(quality)
    ties = _tie_groups(np.sort(score[rows]))
    wrong = _share_wrong((alike + by_difficulty) / 2, count.value, ties)
    curves = [
        _share_wrong(shape, total, ties)
        for shape in (alike, by_difficulty, unsmoothed)
        for total in (count.low, count.high, count.value)
    ]
    flagged = int(find_label_issues(probs, given, summary=summary).sum())
    depth = recommended_depth(wrong, flagged=flagged, cautious=not count.evident)
    return _as_yield(count, wrong, curves, depth)


def error_count(summary: RowSummary, *, recall: float = 1.0, echo: float = 0.0) -> ErrorCount:
    """Estimate the number of wrong labels from the row summary of out-of-sample probabilities.

    Parameters
    ----------
    summary
        Of the probabilities and the given labels, `confident_learning.summarise_rows`.
    recall
        Share of the errors planted on all samples alike that disagree with the prediction, from 0 to 1.
    echo
        Share of the errors planted by difficulty that agree with the prediction, from 0 to 1.

    Examples
    --------
    >>> probs = np.tile([[0.99, 0.01]], (400, 1))
    >>> error_count(summarise_rows(probs, np.zeros(400, int))).high < 8
    True
    """
    valid = summary.valid
    own, other = (values[valid].astype(np.float64) for values in (summary.self_confidence, summary.other))
    n_rows = len(own)
    disagrees = own < other
    anchors = _anchor_noise(np.maximum(own, other), disagrees)
    anchor, low = anchors.noise, anchors.floor
    share = float(disagrees.mean())
    error = np.sqrt(share * (1 - share) / n_rows)
    high = (share + Z95 * error + Z95**2 / (2 * n_rows)) / np.clip(recall, 0.5, 1)
    growing = _noise_growing_with_difficulty(anchor, 1 - share, echo)
    surest = np.quantile(np.abs(own - other), 0.9)
    confident = float((np.where(disagrees, (other - own) / max(surest, 1e-9), 0).clip(0, 1) ** 2).mean())
    high = min(1.0, float(high))
    value = float(np.clip(max(growing, confident), low, high))
    return ErrorCount(value * n_rows, low * n_rows, high * n_rows, anchor, anchors.noise_low > 0, share, recall)


@dataclass(frozen=True)
class _Anchors:
    """Noise of the surest samples: led on to perfect sureness, its low end, and that of a cautious reading."""

    noise: float
    noise_low: float
    floor: float


def _anchor_noise(sureness: NDArray[np.float64], disagrees: NDArray[np.bool_]) -> _Anchors:
    """Disagreement where the probe is surest, the best of three widths of "surest".

    A weak probe is beyond doubt in few samples only, a strong one in most of them. What falls steeply towards the
    surest samples is the probe's own mistakes, so the floor leads the fall on by one and a half
    widths; label noise stays level.
    """
    among_equals = np.random.default_rng(0).random(len(sureness))
    ordered = disagrees[np.lexsort((among_equals, -sureness))]
    critical = float(norm.isf(0.025 / len(ANCHOR_PARTS)))
    near, near_low, floor = 0.0, 0.0, 0.0
    for parts in ANCHOR_PARTS:
        size = max(10, len(ordered) // parts)
        edge, edge_error = _extrapolate(ordered, size, NEAR)
        far, far_error = _extrapolate(ordered, size, FAR)
        near = edge if parts == ANCHOR_PARTS[0] else near
        near_low = max(near_low, edge - critical * edge_error)
        floor = max(floor, far - critical * far_error)
    return _Anchors(near, near_low, floor)


def _extrapolate(ordered: NDArray[np.bool_], size: int, steps: float) -> tuple[float, float]:
    """Disagreement of the first ``size`` samples, led on by ``steps`` of its fall from the next; and its error."""
    first, second = ordered[:size], ordered[size : 2 * size]
    rate, following = float(first.mean()), float(second.mean())

    def variance(share: float) -> float:
        smoothed = (share * size + 2) / (size + 4)
        return smoothed * (1 - smoothed) / size

    error = np.sqrt((1 + steps) ** 2 * variance(rate) + steps**2 * variance(following))
    return max(0.0, rate - max(0.0, following - rate) * steps), float(error)


def _noise_growing_with_difficulty(anchor: float, agreement: float, echo: float) -> float:
    """Noise rate under which a probe that is wrong on a share ``x`` of the samples agrees with the labels as observed.

    Solves (1 - noise) (1 - x) + echo noise = agreement with noise = 1 - (1 - anchor) (1 - growth x).
    """
    growth = anchor**0.25
    low, high = 0.0, 1.0
    for _ in range(60):
        x = (low + high) / 2
        noise = 1 - (1 - anchor) * (1 - growth * x)
        if (1 - noise) * (1 - x) + echo * noise > agreement:
            low = x
        else:
            high = x
    return float(1 - (1 - anchor) * (1 - growth * low))


def recommended_depth(wrong: NDArray[np.float64], *, flagged: int, cautious: bool = False) -> int:
    """Where to stop in a queue whose samples are wrong with the given probabilities, in queue order; shape [N].

    As deep as confident learning flags labels (``flagged``, of cleanlab's default filter): its count, which class
    thresholds calibrate, is sounder than its choice of samples, which the queue makes better. ``cautious`` stops where
    a sample is less likely wrong than right, for a dataset whose surest samples show no noise at all.

    Examples
    --------
    >>> wrong = np.array([0.9, 0.8, 0.45, 0.45, 0.1, 0.0])
    >>> recommended_depth(wrong, flagged=4), recommended_depth(wrong, flagged=4, cautious=True)
    (4, 2)
    """
    return int((wrong >= 0.5).sum()) if cautious else min(flagged, len(wrong))


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
    low, high = (
        _wilson(means.min(axis=0), depth, -1),
        _wilson(means.max(axis=0), depth, +1),
    )
    return LabelYield(
        estimated_errors=Estimate(
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


def _wilson(share: NDArray[np.float64], n: NDArray[Any], side: int) -> NDArray[np.float64]:
    """One end of the Wilson 95 % interval of a share of n samples that come in clusters."""
    n = n / DESIGN_EFFECT
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    return np.clip(centre + side * half, 0, 1)
