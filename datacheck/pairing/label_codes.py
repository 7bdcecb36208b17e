"""Labels of any task as codes: an integer per row, and what each integer stands for as a vector.

The search for shifts needs one thing of a label: how well it fits each sample. With codes, classes, numeric targets and
label sets share one search.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from datacheck.manifest import Manifest, Task

N_BINS = 32
"""Numeric targets are cut into so many bins of equal size: finer than most predictions, and few enough to be fast."""

MAX_LABEL_SETS = 256
"""Only the most frequent label sets get a code, so that a table of samples by codes stays small."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class LabelCodes:
    """Labels as codes.

    Attributes
    ----------
    codes
        Code of each row, -1 for none; int64 [N].
    vectors
        What each code stands for, [K, T]: a unit vector for a class, one number for a bin of a numeric target, an
        indicator vector for a label set.
    bias
        Added to the score of each code, [K]: with it, the score of a code is the negative squared distance between its
        vector and a prediction, up to a constant. Zero for classes.
    """

    codes: Indices
    vectors: Floats
    bias: Floats

    @property
    def n_codes(self) -> int:
        """Number of codes."""
        return len(self.vectors)

    @classmethod
    def of_classes(cls, labels: NDArray[np.integer[Any]]) -> LabelCodes:
        """Take class indices, -1 for none; shape [N].

        Examples
        --------
        >>> LabelCodes.of_classes(np.array([0, 1, -1])).vectors.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        codes = np.asarray(labels, dtype=np.int64)
        n_classes = int(codes.max(initial=0)) + 1
        return cls(codes, np.eye(n_classes), np.zeros(n_classes))

    @classmethod
    def of_targets(cls, targets: NDArray[np.floating[Any]]) -> LabelCodes:
        """Cut numeric targets into bins, each standing for the normal score of its rank; not finite: none; shape [N].

        Ranks make the search independent of the target's scale and of single extreme values.

        Examples
        --------
        >>> LabelCodes.of_targets(np.array([3.0, 1.0, np.nan, 3.0])).codes.tolist()
        [1, 0, -1, 1]
        """
        known = np.flatnonzero(np.isfinite(targets))
        values, codes_of_known = np.unique(targets[known], return_inverse=True)
        if len(values) > N_BINS:
            edges = np.quantile(targets[known], np.arange(1, N_BINS) / N_BINS)
            _, codes_of_known = np.unique(np.searchsorted(edges, targets[known], side="right"), return_inverse=True)
        codes = np.full(len(targets), -1, dtype=np.int64)
        codes[known] = codes_of_known
        counts = np.bincount(codes_of_known)
        rank = (np.cumsum(counts) - counts / 2) / max(1, counts.sum())
        return cls._of_vectors(codes, np.asarray(ndtri(rank))[:, None])

    @classmethod
    def of_label_sets(cls, matrix: NDArray[np.bool_]) -> LabelCodes:
        """Give each of the most frequent label sets a code; rows with other sets get none; bool, shape [N, L].

        Examples
        --------
        >>> LabelCodes.of_label_sets(np.array([[True, False], [True, True], [True, False]])).codes.tolist()
        [0, 1, 0]
        """
        sets, codes, counts = np.unique(matrix, axis=0, return_inverse=True, return_counts=True)
        by_count = np.argsort(-counts, kind="stable")[:MAX_LABEL_SETS]
        code_of = np.full(len(sets), -1, dtype=np.int64)
        code_of[by_count] = np.arange(len(by_count))
        return cls._of_vectors(code_of[codes.ravel()], sets[by_count].astype(np.float64))

    @classmethod
    def _of_vectors(cls, codes: Indices, vectors: Floats) -> LabelCodes:
        known = codes[codes >= 0]
        centred = vectors - (vectors[known].mean(axis=0) if len(known) else 0)
        return cls(codes, centred, -(centred**2).sum(axis=1) / 2)


def manifest_codes(manifest: Manifest) -> LabelCodes | None:
    """Return the labels of a manifest as codes; None where its task has no labels of one of the three kinds."""
    if manifest.task is Task.CLASSIFICATION:
        return LabelCodes.of_classes(manifest.label_codes)
    if manifest.task is Task.REGRESSION:
        return LabelCodes.of_targets(manifest.target)
    if manifest.task.lists_classes:
        labels = LabelCodes.of_label_sets(manifest.label_matrix)
        known = np.asarray(manifest.table["labels"].is_valid().to_numpy())
        return replace(labels, codes=np.where(known, labels.codes, -1))
    return None
