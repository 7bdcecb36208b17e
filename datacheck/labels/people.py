"""How often one person labels a sample wrongly, by how often two of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.stats import Interval, proportion

MIN_SHARED = 30
"""Samples with two labels: fewer leave the error of a person open."""


def person_error(labels: Sequence[NDArray[np.integer[Any]]], n_classes: int) -> Interval | None:
    """Return the error of one person, from the share of samples on which two labels differ; None for too few samples.

    Two people who err independently and evenly over the other classes with chance e agree on (1 - e)² + e² / (K - 1) of
    the samples; the equation is solved for e, as in Dawid and Skene's model (1979) with one error rate. People who make
    the same mistakes agree too often, so the true error may be higher.

    Parameters
    ----------
    labels
        Class codes by each person, -1 for none; the given label counts as a person's. Each [N].
    n_classes
        K.

    Examples
    --------
    >>> first = np.repeat([0, 1], 100)
    >>> second = np.where(np.arange(200) % 10 == 0, 1 - first, first)
    >>> f"{person_error([first, second], 2):.3f}"
    '0.053 [0.034, 0.081]'
    """
    pairs = [(one, other, (one >= 0) & (other >= 0)) for one, other in combinations(labels, 2)]
    differ = np.zeros(len(labels[0]))
    compared = np.zeros(len(labels[0]))
    for one, other, both in pairs:
        differ += both & (one != other)
        compared += both
    shared = compared > 0
    if shared.sum() < MIN_SHARED or n_classes < 2:
        return None
    found = proportion(float((differ[shared] / compared[shared]).sum()), int(shared.sum()))
    value, low, high = (_error_of(one, n_classes) for one in (found.value, found.low, found.high))
    return Interval(value, low, high, method="error of one person, by agreement", n=found.n)


def _error_of(disagreement: float, n_classes: int) -> float:
    """Return e with 1 - (1 - e)² - e² / (K - 1) = the disagreement; that of guessing where people agree less."""
    part = n_classes / (n_classes - 1)
    return float((1 - np.sqrt(max(0.0, 1 - part * disagreement))) / part)
