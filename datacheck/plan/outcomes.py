"""What held-out samples were taken for, untouched and altered, and how that differs class by class; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from datacheck.plan.candidates import Candidate
from datacheck.plan.evidence import balanced_accuracy

FEW = 10
"""Classes of fewer samples are not judged by themselves."""


@dataclass(frozen=True)
class Outcome:
    """What the held-out samples were taken for; class codes [S, N].

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
    """What all outcomes share.

    Attributes
    ----------
    codes, classes
        Class of each sample; names.
    clean
        What the untouched held-out samples were taken for by a model without the augmentation; [S, N].
    model, n_folds, seeds
        How it was made.
    """

    codes: NDArray[np.int64]
    classes: tuple[str, ...]
    clean: NDArray[np.int64]
    model: str
    n_folds: int
    seeds: tuple[int, ...]

    @property
    def shares(self) -> NDArray[np.float64]:
        """Every class weighs the same."""
        return np.full(len(self.classes), 1 / len(self.classes))

    def accuracy(self, predicted: NDArray[np.int64]) -> float:
        """Balanced accuracy over all seeds."""
        return balanced_accuracy((predicted == self.codes).mean(axis=0), self.codes, self.shares)


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
    # Two more samples that disagree, one each way: no class of agreeing samples is ever certain.
    variance = (squares + 1.0) / (safe + 2)
    reach = stats.norm.isf(0.025 / max(1, n_comparisons))
    half = np.where(counts >= FEW, reach * np.sqrt(variance / safe), np.inf)
    return Classwise(mean, mean - half, mean + half)
