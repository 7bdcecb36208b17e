"""What out-of-sample probabilities say of multilabel data, label by label: each label is a column of yes and no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.confident_learning import ConfidentLearning
from datacheck.labels.rows import row_statistics
from datacheck.stats import Interval, mean_difference, proportion

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PRESENT = 0.5
"""A label is predicted from this probability on: it is then more likely there than not."""

ALPHA = 0.05
"""Level of all intervals of a family together: each gets an equal part of it (Bonferroni)."""

MAX_PAIRS = 1000
"""Intervals are computed for at most this many pairs of labels, those that are confused most."""

MOST_CERTAIN = (10, 5)
"""The most certain predictions of yes (or of no) are a tenth or a fifth of them. Where a label is hard to see, their
disagreement with the labels falls with their certainty; where labels are wrong, it stays."""

MIN_CERTAIN = 10
"""Fewer most certain predictions do not show whether they disagree with the labels."""


def column_gains(probs: Floats, other: Floats, matrix: Flags, *, level: float = 0.95) -> list[Interval]:
    """Return the squared error saved per column, as a share of that of the other predictions; all [N, K].

    With the share of each label as the other prediction this is the Brier skill score of each column.

    Parameters
    ----------
    probs, other
        Two predictions of the same labels.
    matrix
        The labels.
    level
        Confidence of each interval.

    Examples
    --------
    >>> matrix = np.eye(2, dtype=bool)[np.repeat([0, 1], 50)]
    >>> column_gains(matrix * 1.0, np.full((100, 2), 0.5), matrix)[0].value
    1.0
    """
    wanted = matrix.astype(np.float64)
    worse, own = (wanted - other) ** 2, (wanted - probs) ** 2
    gains = []
    for column in range(matrix.shape[1]):
        room = float(worse[:, column].mean())
        gained = worse[:, column] - own[:, column]
        gains.append(
            mean_difference(gained, unit=room, prior=room, level=level)
            if room > 0
            else Interval(0.0, 0.0, 0.0, level, "every sample or no sample has the label", len(gained))
        )
    return gains


@dataclass(frozen=True)
class ExchangedPair:
    """Two labels, and the samples of one that look like those of the other.

    Attributes
    ----------
    first, second
        Columns of the two labels.
    share
        Of the samples with one of the two labels alone: those for which the other one alone is predicted.
    expected
        The share that would be seen if missing one label had nothing to do with predicting the other.
    first_as_second, second_as_first
        Samples labelled with one alone and predicted as the other alone.
    """

    first: int
    second: int
    share: Interval
    expected: float
    first_as_second: int
    second_as_first: int


def exchanged_pairs(probs: Floats, matrix: Flags) -> list[ExchangedPair]:
    """Return the pairs of labels of which one is predicted in the place of the other, the largest share first.

    The intervals hold for all pairs together. Shapes [N, K].

    Examples
    --------
    >>> matrix = np.eye(3, dtype=bool)[np.repeat([0, 1, 2], 100)]
    >>> probs = np.eye(3)[np.r_[np.repeat(1, 40), np.repeat(0, 60), np.repeat([1, 2], 100)]]
    >>> pair = exchanged_pairs(probs, matrix)[0]
    >>> pair.first, pair.second, pair.first_as_second, pair.share.value
    (0, 1, 40, 0.2)
    """
    given, seen = matrix.astype(np.float64), (probs >= PRESENT).astype(np.float64)
    missed, extra = given * (1 - seen), seen * (1 - given)
    alone = given.T @ (1 - given)
    crossing = missed.T @ extra
    neither = (1 - given).T @ (1 - given)
    by_chance = ((1 - given).T @ extra) / np.maximum(neither, 1)  # [a, b]: b is predicted where there is neither
    expected = alone * (missed.sum(axis=0) / np.maximum(given.sum(axis=0), 1))[:, None] * by_chance
    both_ways, together, chance = (np.triu(one + one.T, 1) for one in (crossing, alone, expected))
    firsts, seconds = np.nonzero(both_ways)
    shares = both_ways[firsts, seconds] / np.maximum(together[firsts, seconds], 1)
    level = 1 - ALPHA / max(1, matrix.shape[1] * (matrix.shape[1] - 1) // 2)
    pairs = []
    for index in np.argsort(-shares, kind="stable")[:MAX_PAIRS].tolist():
        a, b = int(firsts[index]), int(seconds[index])
        size = float(together[a, b])
        pairs.append(
            ExchangedPair(
                a, b, proportion(float(both_ways[a, b]), size, level=level), float(chance[a, b] / max(size, 1)),
                int(crossing[a, b]), int(crossing[b, a]),
            )
        )  # fmt: skip
    return pairs


@dataclass(frozen=True)
class ColumnDoubt:
    """One label, and the samples where it is doubtful in one direction.

    Attributes
    ----------
    column
        Of the label.
    missing
        True: of the samples that confidently show the label, those without it. False: of the samples with the label,
        those that confidently do not show it.
    share
        The share of doubtful ones, with an interval that holds for all columns and both directions together.
    elsewhere
        The same share over all other columns.
    doubted
        How many samples.
    among_certain
        The same share if all predictions disagreed as often as the most certain ones at least do; 0 where these expect
        as much themselves.
    """

    column: int
    missing: bool
    share: Interval
    elsewhere: float
    doubted: int
    among_certain: float


def doubt_by_column(probs: Floats, matrix: Flags) -> list[ColumnDoubt]:
    """Return the doubtful labels of each column and direction by confident learning; shapes [N, K].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.random((900, 2)) < 0.3
    >>> probs = np.where(true, 0.97, 0.03)
    >>> given = true.copy()
    >>> given[np.flatnonzero(true[:, 0])[:60], 0] = False
    >>> [one.doubted for one in doubt_by_column(probs, given) if one.missing]
    [60, 0]
    """
    n_columns = matrix.shape[1]
    counts = np.zeros((2, n_columns))
    sizes = np.zeros((2, n_columns))
    certain = np.zeros((2, n_columns))
    for column in range(n_columns):
        given, chance = matrix[:, column], probs[:, column]
        sure = ConfidentLearning.of(
            row_statistics(np.column_stack([1 - chance, chance]), given.astype(np.int64))
        ).confident
        counts[:, column] = ((sure == 0) & given).sum(), ((sure == 1) & ~given).sum()
        sizes[:, column] = ((sure >= 0) & given).sum(), (sure == 1).sum()
        yes = chance >= PRESENT
        too_many = _among_certain(1 - chance[~yes], given[~yes]) * (~yes).sum() / max(1, given.sum())
        certain[:, column] = min(1.0, too_many), _among_certain(chance[yes], ~given[yes])
    level = 1 - ALPHA / (2 * n_columns)
    others = (counts.sum(axis=1, keepdims=True) - counts) / np.maximum(sizes.sum(axis=1, keepdims=True) - sizes, 1)
    return [
        ColumnDoubt(
            column, bool(kind), proportion(counts[kind, column], sizes[kind, column], level=level),
            float(others[kind, column]), int(counts[kind, column]), float(certain[kind, column]),
        )
        for kind in range(2)
        for column in range(n_columns)
    ]  # fmt: skip


def _among_certain(confidence: Floats, disagrees: Flags) -> float:
    """Return the low end of the disagreement of the most certain predictions; 0 where they expect it themselves."""
    order = np.argsort(-confidence, kind="stable")
    found = 0.0
    for part in MOST_CERTAIN:
        first = order[: len(order) // part]
        if len(first) >= MIN_CERTAIN:
            low = proportion(int(disagrees[first].sum()), len(first), level=1 - ALPHA / len(MOST_CERTAIN)).low
            found = max(found, low if low > float((1 - confidence[first]).mean()) else 0.0)
    return found


def undecided(probs: NDArray[np.floating[Any]], *, max_gap: float) -> Flags:
    """Return whether a label is about as likely there as not: yes and no differ by at most ``max_gap``; as given.

    Examples
    --------
    >>> undecided(np.array([[0.5, 0.9]]), max_gap=0.1).tolist()
    [[True, False]]
    """
    flags: Flags = np.abs(2 * np.asarray(probs) - 1) <= max_gap
    return flags
