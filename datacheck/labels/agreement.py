"""Whether new labels agree with a model of the old ones as often as held-out old labels do, class by class.

The model was trained on old labels alone. It predicts old samples that were held out, and new samples. Where a class of
the new labels is confidently contradicted more often than the same class of the old ones, its labels seem to follow
another guideline. Samples that only look different make a model uncertain; such predictions contradict nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.labels.confident_learning import ABSENT, confident_classes
from datacheck.labels.rows import RowStatistics, row_statistics
from datacheck.stats import Interval, proportion

ALPHA = 0.05
"""Level of all intervals together: each class gets an equal part of it (Bonferroni)."""

MIN_CLASS = 20
"""Samples of a class, old and new: fewer leave a difference of a third open."""

CONFIDENT, LEAST_CONFIDENCE = 0.25, 0.5
"""A class is seen confidently from the probability that three of four held-out old samples of it reach, and from a half
in any case: what looks different from all old samples stays below."""

MIN_DROP = 0.02
"""A difference below two points is not worth a new instruction, however sure it is."""

UNDECIDED_DROP = 0.1
"""Where a difference of one label in ten is within the interval, a class that did not change is not yet shown."""


@dataclass(frozen=True)
class ClassAgreement:
    """One class, in the held-out old labels and in the new ones.

    Attributes
    ----------
    label
        Index of the class.
    n_old, n_new
        Samples with this label.
    old, new
        Share of them on which the model agrees.
    contradicted
        New less old share of the labels that are confidently contradicted, with an interval that holds for all classes
        together.
    instead
        The class that the model most often sees in the contradicted new samples; -1 where there is none.
    rows
        The contradicted new samples, row numbers.
    """

    label: int
    n_old: int
    n_new: int
    old: Interval
    new: Interval
    contradicted: Interval
    instead: int
    rows: NDArray[np.intp]

    @property
    def judged(self) -> bool:
        """Whether there are enough old and new samples."""
        return min(self.n_old, self.n_new) >= MIN_CLASS

    @property
    def changed(self) -> bool:
        """Whether the labels of this class seem to follow another guideline."""
        return self.judged and self.contradicted.low >= MIN_DROP

    @property
    def undecided(self) -> bool:
        """Whether a change of one label in ten can neither be shown nor ruled out."""
        return not self.changed and (not self.judged or self.contradicted.high >= UNDECIDED_DROP)


def class_agreement(
    old_probs: NDArray[np.floating[Any]],
    old_labels: NDArray[np.integer[Any]],
    new_probs: NDArray[np.floating[Any]],
    new_labels: NDArray[np.integer[Any]],
) -> tuple[ClassAgreement, ...]:
    """Compare how often a model of the old labels contradicts old and new labels, for each class with new samples.

    Parameters
    ----------
    old_probs, new_probs
        Class probabilities by models that were trained on old labels, each without the sample itself; [N, K], [M, K].
    old_labels, new_labels
        Index of the label, -1 for none; [N], [M].

    Examples
    --------
    >>> old = np.repeat([0, 1], 100)
    >>> new = np.r_[np.repeat([0, 1], 100), np.repeat(0, 40)]
    >>> seen = np.r_[np.repeat([0, 1], 100), np.repeat(1, 40)]
    >>> found = class_agreement(np.eye(2)[old], old, np.eye(2)[seen], new)
    >>> [one.changed for one in found], found[0].instead
    ([True, False], 1)
    """
    rows_old, rows_new = row_statistics(old_probs, old_labels), row_statistics(new_probs, new_labels)
    thresholds = _thresholds(rows_old)
    against_old, against_new = (
        (confident >= 0) & (confident != rows.labels) & rows.valid
        for rows, confident in ((one, confident_classes(one, thresholds)) for one in (rows_old, rows_new))
    )
    instead = confident_classes(rows_new, thresholds)
    classes = np.unique(rows_new.labels[rows_new.valid])
    level = 1 - ALPHA / max(1, len(classes))
    found = []
    for label in classes.tolist():
        old, new = (rows.valid & (rows.labels == label) for rows in (rows_old, rows_new))
        contradicted = np.flatnonzero(new & against_new)
        seen = np.bincount(instead[contradicted], minlength=1)
        found.append(
            ClassAgreement(
                label,
                int(old.sum()),
                int(new.sum()),
                proportion(int((rows_old.predicted[old] == label).sum()), int(old.sum())),
                proportion(int((rows_new.predicted[new] == label).sum()), int(new.sum())),
                _difference(against_new[new], against_old[old], level),
                int(seen.argmax()) if len(contradicted) else -1,
                contradicted,
            )
        )
    return tuple(found)


def _thresholds(rows: RowStatistics) -> NDArray[np.float64]:
    """Return the probability from which a class is seen confidently, [K]; none for a class without old samples."""
    limits = np.full(rows.n_classes, ABSENT)
    for label in np.unique(rows.labels[rows.valid]).tolist():
        own = rows.self_confidence[rows.valid & (rows.labels == label)]
        limits[label] = max(LEAST_CONFIDENCE, float(np.quantile(own, CONFIDENT)))
    return limits


def _difference(new: NDArray[np.bool_], old: NDArray[np.bool_], level: float) -> Interval:
    """Return the difference of two shares, new less old, with Newcombe's (1998) interval from Wilson's ends."""
    if not len(new) or not len(old):
        return Interval(float("nan"), -1.0, 1.0, level, "Newcombe")
    first, second = (proportion(int(one.sum()), len(one), level=level) for one in (new, old))
    value = first.value - second.value
    low = value - float(np.hypot(first.value - first.low, second.high - second.value))
    high = value + float(np.hypot(first.high - first.value, second.value - second.low))
    return Interval(value, low, high, level, "Newcombe", len(new))
