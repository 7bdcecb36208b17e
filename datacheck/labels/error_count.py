"""How many labels are wrong: an interval of what the predictions leave open, and an estimate within it.

From disagreement alone, a wrong label cannot be distinguished from a wrong prediction. So the interval is wide, and
each end rests on an assumption that can be named.

1. *Low end: anchor points.* Where a model is most confident it is hardly ever wrong itself, so its disagreement there
   with the given labels, extrapolated to full confidence, is the noise of the easiest samples. No sample is easier, so
   that rate applied to all samples is the low end. A weak model is wrong even where it is most confident; its mistakes,
   unlike label noise, fall steeply towards those samples, so for the low end the fall is extrapolated the further, the
   more mistakes it makes.
2. *High end: disagreement.* All disagreements, over the share of planted errors that disagree: every mistake of the
   model is counted as a wrong label.

The estimate is the median of three counts, none of which is best on every kind of noise: the one by the noise matrix,
the number of labels that confident learning flags, and one that grows from the anchor points. People's errors grow with
difficulty; on human noise (CIFAR-10N) the growth follows about the fourth root of the anchor points' noise, which is 0
where the easiest samples are clean. This choice is empirical, on human and synthetic noise; the interval does not
depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.anchors import CRITICAL, anchor_sets, certainty_of_noise
from datacheck.labels.rows import RowStatistics
from datacheck.stats import Z95, Interval

LEAST_RECALL = 0.5
"""Planted errors count as seen at this rate or more, so that an unlucky planting does not double the high end."""

MOST_UNSEEN = 0.2
"""Share of planted errors: a model that does not see more of them is weak, however often it agrees with the labels."""

FULL_CONFIDENCE = 0.9
"""Quantile of the confidence margin at which a disagreement counts as certain."""

GROWTH_EXPONENT = 0.25
"""Power of the anchor points' noise in the growth of errors with difficulty; read off CIFAR-10N's human labels."""

BISECTIONS = 60
"""Halvings of [0, 1]: exact to the last bit."""


@dataclass(frozen=True)
class ErrorCount:
    """Estimated number of wrong labels.

    Attributes
    ----------
    count
        The estimate with its 95 % interval.
    noise_certainty
        From 0 to 1: how clearly the disagreement at the anchor points lies above 0. 1 from a significant difference
        up, 0 up to half as many standard errors.
    """

    count: Interval
    noise_certainty: float


def error_count(
    rows: RowStatistics, *, recall: float = 1.0, agreeing: float = 0.0, other_counts: Sequence[float] = ()
) -> ErrorCount:
    """Estimate the number of wrong labels.

    Parameters
    ----------
    rows
        Statistics of the rows.
    recall
        Share of the errors planted on all samples alike that disagree with the prediction, from 0 to 1.
    agreeing
        Share of the errors planted on difficult samples that agree with the prediction, from 0 to 1.
    other_counts
        Numbers of wrong labels by other methods: the estimate is the median of these and its own.

    Examples
    --------
    >>> from datacheck.labels.rows import row_statistics
    >>> probs = np.tile([[0.99, 0.01]], (400, 1))
    >>> error_count(row_statistics(probs, np.zeros(400, int))).count.high < 8
    True
    """
    own, rival = (values[rows.valid].astype(np.float64) for values in (rows.self_confidence, rows.rival))
    n_rows = len(own)
    disagrees = own < rival
    anchors = _anchor_noise(np.maximum(own, rival), disagrees, mistakes=float(1 - recall > MOST_UNSEEN))
    share = float(disagrees.mean())
    error = np.sqrt(share * (1 - share) / n_rows)
    high = (share + Z95 * error + Z95**2 / (2 * n_rows)) / np.clip(recall, LEAST_RECALL, 1)
    growing = _noise_growing_with_difficulty(anchors.noise, 1 - share, agreeing)
    margin = np.quantile(np.abs(own - rival), FULL_CONFIDENCE)
    confident = float((np.where(disagrees, (rival - own) / max(margin, 1e-9), 0).clip(0, 1) ** 2).mean())
    high = min(1.0, float(high))
    if anchors.floor > high:  # the model is wrong where it is most confident: what it is sure of says nothing
        anchors = _Anchors(0.0, 0.0, 0.0)
    counts = [max(growing, confident), *(count / n_rows for count in other_counts)]
    value = float(np.clip(np.median(counts), anchors.floor, high))
    method = "95 % interval from anchor points (low) to disagreement over planted recall (high)"
    count = Interval(value * n_rows, anchors.floor * n_rows, high * n_rows, n=n_rows, method=method)
    return ErrorCount(count, anchors.certainty)


@dataclass(frozen=True)
class _Anchors:
    """Noise of the anchor points at full confidence, how certain it is, and its low end."""

    noise: float
    certainty: float
    floor: float


def _anchor_noise(confidence: NDArray[np.float64], disagrees: NDArray[np.bool_], *, mistakes: float = 0.0) -> _Anchors:
    """Read the noise off the narrowest anchor set, and certainty and floor off the best of all (Bonferroni)."""
    found = anchor_sets(confidence, disagrees, mistakes=mistakes)
    if not found:
        return _Anchors(0.0, 0.0, 0.0)
    return _Anchors(
        max(0.0, found[0].edge),
        certainty_of_noise(max(one.edge / one.edge_error for one in found)),
        max(0.0, *(one.far - CRITICAL * one.far_error for one in found)),
    )


def _noise_growing_with_difficulty(anchor: float, agreement: float, agreeing: float) -> float:
    """Return the noise rate under which a model that is wrong on a share x of the samples agrees as often as observed.

    Solves (1 - noise) (1 - x) + agreeing noise = agreement with noise = 1 - (1 - anchor) (1 - growth x).
    """
    growth = anchor**GROWTH_EXPONENT
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        x = (low + high) / 2
        noise = 1 - (1 - anchor) * (1 - growth * x)
        if (1 - noise) * (1 - x) + agreeing * noise > agreement:
            low = x
        else:
            high = x
    return float(1 - (1 - anchor) * (1 - growth * low))
