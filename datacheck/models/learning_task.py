"""The supervised task that a model is fitted on, and what a fit returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Task

Refit = Callable[[NDArray[np.int64], int], NDArray[np.float32]]
"""Fits again on other class codes (shape [N], -1 for none) with a seed; returns out-of-sample pred_probs [N, K]."""


USUAL_DEVIATIONS = 20.0
"""Robust standard deviations from the median up to which targets are fitted as they are. Log-normal prices stay within;
a target in another unit, 100 times as large, does not, and would otherwise be most of what a squared error sees."""

NORMAL_QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution, in standard deviations."""


def usual_range(targets: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """Return the ends of the range in which targets are taken as they are; infinite where half of them are equal.

    Examples
    --------
    >>> low, high = usual_range(np.r_[np.arange(100.0), 99_999.0])
    >>> low < 0, 99 < high < 1_000
    (True, True)
    """
    if not len(targets):
        return -np.inf, np.inf
    low, middle, high = np.quantile(targets, [0.25, 0.5, 0.75])
    reach = USUAL_DEVIATIONS * float(high - low) / NORMAL_QUARTILES
    return (float(middle) - reach, float(middle) + reach) if reach > 0 else (-np.inf, np.inf)


@dataclass(frozen=True)
class LearningTask:
    """Labels, folds and, for images, pixels.

    Attributes
    ----------
    task, classes
        Classification, multilabel or regression; ``classes`` is empty for regression.
    y
        Class codes int64 [N] (-1 for none), 0/1 float32 [N, K] for multilabel, or float64 [N] (NaN for none).
    labelled
        Rows that have a label or target; shape [N].
    fold, n_folds
        The fold that holds each row out, int16 [N]; -1 for rows that take no part.
    pixels
        uint8 [N, S, S, 3], or None where the model needs none.
    seed
        Seed of all random numbers.
    """

    task: Task
    classes: tuple[str, ...]
    y: NDArray[Any]
    labelled: NDArray[np.bool_]
    fold: NDArray[np.int16]
    n_folds: int
    pixels: NDArray[np.uint8] | None = None
    seed: int = 0

    @property
    def width(self) -> int:
        """Number of outputs of a model: one a class, or one for regression."""
        return 1 if self.task is Task.REGRESSION else len(self.classes)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which rows have a label and take part; shape [N]."""
        return np.asarray(self.labelled & (self.fold >= 0))

    def training_rows(self, fold: int) -> NDArray[np.intp]:
        """Labelled rows outside a fold."""
        return np.flatnonzero((self.fold != fold) & self.used)

    def held_out(self, fold: int) -> NDArray[np.intp]:
        """Rows of a fold, labelled or not."""
        return np.flatnonzero(self.fold == fold)

    def scale(self) -> tuple[float, float]:
        """Mean and standard deviation of a regression target; 0 and 1 for the other tasks.

        Targets far from all others count as at the end of `usual_range`, as they do in `targets`.
        """
        if self.task is not Task.REGRESSION:
            return 0.0, 1.0
        known = self.y[self.used]
        known = np.clip(known, *usual_range(known))
        return float(known.mean()), float(known.std()) or 1.0

    def targets(self, rows: NDArray[np.intp] | None = None) -> NDArray[np.float32]:
        """Return what a model is fitted to: one-hot, 0/1, or the standardised number; shape [N, width], or of ``rows``.

        Examples
        --------
        >>> labels = np.array([0, 1, -1])
        >>> task = LearningTask(Task.CLASSIFICATION, ("a", "b"), labels, labels >= 0, np.zeros(3, np.int16), 1)
        >>> task.targets(np.array([1, 2])).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
        """
        rows = np.arange(len(self.fold)) if rows is None else rows
        if self.task is Task.CLASSIFICATION:
            one_hot = np.zeros((len(rows), self.width), dtype=np.float32)
            known = np.flatnonzero(self.labelled[rows])
            one_hot[known, self.y[rows[known]]] = 1
            return one_hot
        if self.task is Task.MULTILABEL:
            return np.asarray(self.y[rows], dtype=np.float32)
        mean, deviation = self.scale()
        filled = np.where(self.labelled[rows], self.y[rows], mean)
        filled = np.clip(filled, *usual_range(self.y[self.used]))
        return ((filled - mean) / deviation).astype(np.float32)[:, None]

    def with_labels(self, codes: NDArray[Any], seed: int) -> LearningTask:
        """Return the same samples and folds with other class codes; shape [N], -1 for none."""
        codes = np.asarray(codes, dtype=np.int64)
        return replace(self, y=codes, labelled=codes >= 0, seed=seed)


@dataclass(frozen=True)
class Fault:
    """Something wrong with predictions, so that they say nothing about the labels.

    Attributes
    ----------
    kind
        ``columns``, ``dead column``, ``rows``, ``unrelated`` or ``in-sample``.
    message, remedy
        What is wrong and how sure that is; what to do about it.
    evidence
        JSON-safe numbers behind the message.
    certain
        False where correct predictions may, though rarely, look the same.
    """

    kind: str
    message: str
    remedy: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    certain: bool = True


@dataclass(frozen=True)
class Fitted:
    """What a fit returns.

    Attributes
    ----------
    members
        Out-of-sample outputs of each seed, head or model: class probabilities [M, N, K], or predictions [M, N] for
        regression; float32, NaN where a row takes no part.
    embeddings
        float32 [N, D] or None.
    embeddings_label_free
        Whether the embeddings were made without the labels; only such can show whether labels fit their samples. False
        unless the backend knows.
    dynamics
        Training dynamics by name, each float32 [N].
    refit
        Fits the model again on other labels, cheaply; None where it cannot.
    backend, device
        What ran, and where.
    choices
        What was chosen and why, one sentence each.
    faults
        What is wrong with the outputs, where the user gave them.
    in_sample
        Outputs for rows that the models were trained on, as in `datacheck.models.in_sample.InSample.outputs`; None
        where they were not measured.
    """

    members: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None
    backend: str
    embeddings_label_free: bool = False
    device: str = "cpu"
    dynamics: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    refit: Refit | None = None
    choices: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    in_sample: NDArray[np.float32] | None = None
