"""How many labels are wrong: what the anchors and the disagreement with a probe leave open.

Nobody can tell a wrong label from a wrong probe by the disagreement of the two alone, so the count has a wide interval
and says what each end rests on.

1. *Anchors.* Where the probe is surest it is hardly ever wrong itself, so its disagreement with the given labels there,
   extrapolated to perfect sureness, is the noise of the easiest samples. No sample is easier, so applied to all of them
   it is the low end of the interval; there the extrapolation goes farther, as a weak probe is wrong even where it is
   surest, and its mistakes, unlike the noise, fall steeply towards those samples.
2. *Disagreement.* A label error that the probe can see disagrees with its prediction; the count of all disagreements,
   over the share of planted errors that disagree, is the high end: every mistake of the probe is blamed on the labels.

The point estimate is the median of three counts, none of which is best on every kind of noise: the noise channel's
(`channel.weigh_labels`), the number of labels that confident learning flags, and one that grows from the anchors:
people's errors grow with difficulty, and on real human noise (CIFAR-10N) the growth follows about the fourth root of
the anchors' noise, which is 0 where the easiest samples are clean. The choice is empirical, on human and synthetic
noise; the interval does not rest on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from datacheck.labels.confident_learning import RowSummary
from datacheck.stats import Z95

ANCHOR_PARTS = (20, 5, 2)
NEAR, FAR = 0.5, 1.5


@dataclass(frozen=True)
class ErrorCount:
    """Estimated number of wrong labels with its low and high end.

    ``evidence`` grows from 0 to 1 with how far the disagreement of the surest samples, led on to perfect sureness, lies
    above 0: 1 where that is beyond chance, 0 up to half of so many standard errors.
    """

    value: float
    low: float
    high: float
    evidence: float


def error_count(
    summary: RowSummary, *, recall: float = 1.0, echo: float = 0.0, other_counts: Sequence[float] = ()
) -> ErrorCount:
    """Estimate the number of wrong labels from the row summary of out-of-sample probabilities.

    Parameters
    ----------
    summary
        Of the probabilities and the given labels, `confident_learning.summarise_rows`.
    recall
        Share of the errors planted on all samples alike that disagree with the prediction, from 0 to 1.
    echo
        Share of the errors planted by difficulty that agree with the prediction, from 0 to 1.
    other_counts
        Numbers of wrong labels by other methods: the point estimate is the median of these and its own.

    Examples
    --------
    >>> from datacheck.labels.confident_learning import summarise_rows
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
    rate = max(growing, confident)
    value = float(np.clip(np.median([rate, *(count / n_rows for count in other_counts)]), low, high))
    return ErrorCount(value * n_rows, low * n_rows, high * n_rows, anchors.evidence)


@dataclass(frozen=True)
class _Anchors:
    """Noise of the surest samples led on to perfect sureness, how evident it is, and its floor when led on farther."""

    noise: float
    evidence: float
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
    near, surest, floor = 0.0, 0.0, 0.0
    for parts in ANCHOR_PARTS:
        size = max(10, len(ordered) // parts)
        edge, edge_error = _extrapolate(ordered, size, NEAR)
        far, far_error = _extrapolate(ordered, size, FAR)
        near = edge if parts == ANCHOR_PARTS[0] else near
        surest = max(surest, edge / edge_error)
        floor = max(floor, far - critical * far_error)
    evidence = float(np.clip(2 * surest / critical - 1, 0, 1))
    return _Anchors(near, evidence, floor)


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
