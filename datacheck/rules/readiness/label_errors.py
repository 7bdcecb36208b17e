"""The error of multilabel predictions: of the labels that are given or predicted, the share that is only one of them.

This is 1 - the Jaccard index. Samples without a label on either side, most of them where labels are rare, do not count.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datacheck.stats import Z95, Interval

Flags = NDArray[np.bool_]

PRIOR_LABELS = 2
"""The interval is as wide as if this many labels more had been wrong by half: no error is known exactly."""


def label_error(given: Flags, predicted: Flags) -> Interval:
    """Return the share of wrong labels among those given or predicted, with an interval over samples; both [N, K].

    The labels of a sample are wrong together, so the interval is that of a ratio of sums over samples (Cochran 1977,
    chapter 6).

    Examples
    --------
    >>> given = np.array([[True, True], [True, False]])
    >>> label_error(given, np.array([[True, False], [True, False]])).value
    0.3333333333333333
    """
    wrong = (given != predicted).sum(axis=1).astype(np.float64)
    either = (given | predicted).sum(axis=1).astype(np.float64)
    total = float(either.sum())
    if total == 0:
        return Interval(float("nan"), 0.0, 1.0, method="no label is given or predicted")
    share = float(wrong.sum()) / total
    squares = float(((wrong - share * either) ** 2).sum()) + PRIOR_LABELS / 4
    half = Z95 * float(np.sqrt(squares)) / total
    return Interval(share, max(0.0, share - half), min(1.0, share + half), method="ratio over samples", n=int(total))


def mean_label_error(given: Flags, predicted: Flags) -> Interval:
    """Return the mean over labels of what `label_error` is for each, without those that do not occur; both [N, K].

    Examples
    --------
    >>> given = np.array([[True, True], [True, False]])
    >>> mean_label_error(given, np.array([[True, False], [True, False]])).value
    0.5
    """
    either = (given | predicted).astype(np.float64)
    present = either.sum(axis=0) > 0
    if not present.any():
        return Interval(float("nan"), 0.0, 1.0, method="no label is given or predicted")
    wrong, sizes = (given != predicted)[:, present].astype(np.float64), either[:, present].sum(axis=0)
    shares = wrong.sum(axis=0) / sizes
    by_sample = ((wrong - shares * either[:, present]) / sizes).mean(axis=1)
    half = Z95 * float(np.sqrt((by_sample**2).sum()))
    mean = float(shares.mean())
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half), method="mean of ratios", n=int(present.sum()))
