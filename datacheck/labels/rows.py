"""What every computation about labels needs to know of each row, read in one pass over the probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.labels.chunks import map_chunks

Probabilities = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class RowStatistics:
    """Out-of-sample probabilities, labels, and what follows from each row; see `row_statistics`.

    Attributes
    ----------
    pred_probs, labels
        As given: [N, K], possibly memory-mapped, and the index of the given label, -1 for none, int64 [N].
    self_confidence
        Probability of the given label, [N].
    rival
        Largest probability of any other class, [N].
    predicted
        The most likely class, int32 [N]; -1 where the row holds NaN.
    suggested
        The most likely class other than the given one, int32 [N]; -1 where the row holds NaN.
    valid
        Whether the row has a label and no NaN, [N]. ``self_confidence`` and ``rival`` are NaN elsewhere.
    """

    pred_probs: Probabilities
    labels: NDArray[np.int64]
    self_confidence: Probabilities
    rival: Probabilities
    predicted: NDArray[np.int32]
    suggested: NDArray[np.int32]
    valid: NDArray[np.bool_]

    @property
    def n_classes(self) -> int:
        """K."""
        return int(self.pred_probs.shape[1])

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of ``pred_probs``."""
        return int(self.pred_probs.shape[1] * self.pred_probs.itemsize)


def row_statistics(pred_probs: Probabilities, labels: Labels) -> RowStatistics:
    """Check the inputs and read each row once.

    Parameters
    ----------
    pred_probs
        Out-of-sample class probabilities, shape [N, K].
    labels
        Index of the given label, -1 for none; shape [N].

    Raises
    ------
    ProbeError
        Unless ``pred_probs`` is [N, K] with K ≥ 2 and ``labels`` are N whole numbers from -1 to K - 1.

    Examples
    --------
    >>> rows = row_statistics(np.array([[0.7, 0.2, 0.1]]), np.array([1]))
    >>> float(rows.self_confidence[0]), float(rows.rival[0]), int(rows.predicted[0]), int(rows.suggested[0])
    (0.2, 0.7, 0, 0)
    """
    probs, given = _checked(pred_probs, labels)
    n_rows = len(probs)
    self_confidence, rival = (np.full(n_rows, np.nan, dtype=probs.dtype) for _ in range(2))
    predicted, suggested = (np.full(n_rows, -1, dtype=np.int32) for _ in range(2))
    valid = np.zeros(n_rows, dtype=bool)

    def read(rows: slice) -> None:
        block, label = np.array(probs[rows]), given[rows]
        index, labelled = np.arange(len(block)), np.flatnonzero(label >= 0)
        first = block.argmax(axis=1)
        known = ~np.isnan(block[index, first])  # argmax stops at a NaN, so one value shows whether the row holds any
        own = block[index, np.maximum(label, 0)]
        block[labelled, label[labelled]] = -np.inf
        second = block.argmax(axis=1)
        usable = known & (label >= 0)
        self_confidence[rows] = np.where(usable, own, np.nan)
        rival[rows] = np.where(usable, block[index, second], np.nan)
        predicted[rows] = np.where(known, first, -1)
        suggested[rows] = np.where(known, second, -1)
        valid[rows] = usable

    map_chunks(read, n_rows, probs.shape[1] * probs.itemsize)
    return RowStatistics(probs, given, self_confidence, rival, predicted, suggested, valid)


def _checked(pred_probs: Probabilities, labels: Labels) -> tuple[Probabilities, NDArray[np.int64]]:
    probs, given = np.asanyarray(pred_probs), np.asarray(labels)
    if probs.ndim != 2 or probs.shape[1] < 2:
        raise ProbeError(f"expected pred_probs of shape [N, K] with K of 2 or more, found {list(probs.shape)}")
    if given.shape != (len(probs),):
        raise ProbeError(f"expected {len(probs)} labels, one a row of pred_probs, found shape {list(given.shape)}")
    if not np.issubdtype(given.dtype, np.integer):
        raise ProbeError(f"expected labels as indices of columns (integers), found {given.dtype}")
    if len(given) and (given.min() < -1 or given.max() >= probs.shape[1]):
        raise ProbeError(
            f"expected labels from -1 (none) to {probs.shape[1] - 1}, found {given.min()} to {given.max()}; "
            "label k names column k of pred_probs"
        )
    return probs, given.astype(np.int64, copy=False)
