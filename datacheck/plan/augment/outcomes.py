"""What held-out samples were predicted as, untouched and altered, and how that differs class by class; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.plan.augment.candidates import Candidate
from datacheck.plan.cohort import N_FOLDS, balanced_accuracy
from datacheck.plan.items import Measured
from datacheck.stats import Gains, Interval, simultaneous_gains

FEW = 10
"""Classes of fewer samples are not judged by themselves: the normal approximation of the interval does not hold."""

PSEUDO = 2
"""Two more samples that disagree, one each way, count towards the variance of a class: no class whose samples all agree
is ever certain."""


@dataclass(frozen=True)
class Outcome:
    """What the held-out samples were predicted as; class codes [S, N].

    Attributes
    ----------
    candidate
        The augmentation.
    altered
        Altered samples, by a model that was trained without the augmentation.
    trained
        Untouched samples, by a model that was trained with it.
    both
        Altered samples, by a model that was trained with it.
    seconds
        Wall time of both.
    """

    candidate: Candidate
    altered: NDArray[np.int64]
    trained: NDArray[np.int64]
    both: NDArray[np.int64]
    seconds: float = 0.0


@dataclass(frozen=True)
class Classwise:
    """A change of each class's recall with an interval that holds for all classes and candidates; each [K]."""

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What all outcomes have in common.

    Attributes
    ----------
    codes, classes
        Class of each sample; names.
    clean
        What the untouched held-out samples were predicted as by a model without the augmentation; [S, N].
    model, seeds
        How it was made.
    """

    codes: NDArray[np.int64]
    classes: tuple[str, ...]
    clean: NDArray[np.int64]
    model: str
    seeds: tuple[int, ...]

    @property
    def before(self) -> NDArray[np.float64]:
        """1 where an untouched sample was predicted right without the augmentation, else 0; shape [S, N]."""
        return self.right(self.clean)

    def right(self, predicted: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return 1 where a prediction is right, else 0."""
        right: NDArray[np.float64] = (predicted == self.codes).astype(np.float64)
        return right

    def gains(self, predicted: Sequence[NDArray[np.int64]], *, seed: int = 0) -> Gains:
        """Return how much each of several predictions gains in balanced accuracy over the untouched ones."""
        after = np.stack([self.right(one) for one in predicted])
        return simultaneous_gains(after - self.before, self.codes, self.shares, seed=seed)

    def changes(self, predicted: NDArray[np.int64], n_comparisons: int) -> Classwise:
        """Return how much the recall of each class changes; the intervals hold for ``n_comparisons`` at once."""
        difference = (self.right(predicted) - self.before).mean(axis=0)
        return class_changes(difference, self.codes, len(self.classes), n_comparisons)

    def measured(self, metric: str, estimate: Interval, how: str, seconds: float, baseline: float) -> Measured:
        """Return a number with all that it was measured with; the estimate is of all samples unless it says its own."""
        method = "; ".join(part for part in (f"{self.model}, {how}", estimate.method) if part)
        return Measured(
            metric=metric,
            estimate=replace(estimate, n=estimate.n or len(self.codes), method=method),
            baseline=baseline,
            folds=N_FOLDS,
            seeds=self.seeds,
            seconds=seconds,
        )

    @property
    def shares(self) -> NDArray[np.float64]:
        """Every class weighs the same."""
        return np.full(len(self.classes), 1 / len(self.classes))

    def accuracy(self, predicted: NDArray[np.int64]) -> float:
        """Balanced accuracy over all seeds."""
        return balanced_accuracy(self.right(predicted).mean(axis=0), self.codes, self.shares)


def class_changes(
    differences: NDArray[np.floating[Any]], codes: NDArray[np.integer[Any]], n_classes: int, n_comparisons: int
) -> Classwise:
    """Return the mean change of each class with Bonferroni's interval over ``n_comparisons``.

    Parameters
    ----------
    differences
        Of each sample, in [-1, 1]; shape [N].
    codes
        Class of each sample.
    n_classes, n_comparisons
        How many classes there are, and how many intervals shall hold at once.

    Examples
    --------
    >>> found = class_changes(np.r_[np.full(50, -1.0), np.zeros(50)], np.repeat([0, 1], 50), 2, 2)
    >>> found.value.tolist(), bool(found.high[0] < -0.5)
    ([-1.0, 0.0], True)
    """
    counts = np.bincount(codes, minlength=n_classes)
    safe = np.maximum(counts, 1)
    mean = np.bincount(codes, differences, n_classes) / safe
    squares = np.bincount(codes, (differences - mean[codes]) ** 2, n_classes)
    variance = (squares + PSEUDO / 2) / (safe + PSEUDO)
    reach = stats.norm.isf(0.025 / max(1, n_comparisons))
    half = np.where(counts >= FEW, reach * np.sqrt(variance / safe), np.inf)
    return Classwise(mean, mean - half, mean + half)
