"""The numbers behind the report's tables and figures, as pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest

MIDDLE = (0.5, 99.5)
"""Percentiles that the bins of a histogram span: one very large image does not squeeze all others into one bin."""

FEW_VALUES = 200
"""With fewer values the bins span all of them: one value in 200 would be outside."""

FEWEST_BINS, MOST_BINS = 8, 48
"""Bins of a histogram: fewer show no shape, more are narrower than two pixels."""


def class_counts(manifest: Manifest) -> NDArray[np.int64]:
    """Return how many rows each class has in each split; shape [K, S].

    S is 1, and counts every row, where there are no splits. Rows without a label or a split are not counted.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"label": ["a", "b", "a"], "split": ["train", "train", "test"]})
    >>> class_counts(manifest).tolist()
    [[1, 1], [1, 0]]
    """
    n_classes, n_splits = len(manifest.classes), max(1, len(manifest.splits))
    splits = manifest.split_codes if manifest.splits else np.zeros(len(manifest), dtype=np.int32)
    if manifest.task.lists_classes:
        rows, codes = np.nonzero(manifest.label_matrix)
        splits = splits[rows]
    else:
        codes = manifest.label_codes.astype(np.int64)
    known = (codes >= 0) & (splits >= 0)
    flat = np.bincount(codes[known] * n_splits + splits[known], minlength=n_classes * n_splits)
    return flat.reshape(n_classes, n_splits).astype(np.int64)


@dataclass(frozen=True)
class Histogram:
    """Shares of each split's values in common bins.

    ``edges`` has shape [B + 1]; ``shares`` [S, B] sums to 1 over the values inside the edges; ``counts`` [S] is how
    many values each split has; ``below`` and ``above`` count the values outside the edges.
    """

    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    counts: NDArray[np.int64]
    below: int
    above: int


def histogram(
    values: NDArray[np.float64], splits: NDArray[np.int32], n_splits: int, bins: int | None = None
) -> Histogram | None:
    """Return the histogram of one property by split, or None where it is constant or was not measured.

    Parameters
    ----------
    values
        Shape [N]; NaN is left out.
    splits
        Shape [N], from 0 to ``n_splits`` - 1, -1 where there is none.
    n_splits
        Number of splits.
    bins
        Number of bins; by default Rice's rule for the smallest split, from `FEWEST_BINS` to `MOST_BINS`. They span
        `MIDDLE` of the values.

    Examples
    --------
    >>> h = histogram(np.array([0.0, 1.0, 1.0, 1.0]), np.array([0, 0, 1, 1], np.int32), 2, bins=2)
    >>> h.shares.tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    known = np.isfinite(values) & (splits >= 0)
    values, splits = values[known], splits[known]
    if not len(values) or values.min() == values.max():
        return None
    low, high = np.percentile(values, MIDDLE) if len(values) > FEW_VALUES else (values.min(), values.max())
    if low == high:
        low, high = values.min(), values.max()
    sizes = np.bincount(splits, minlength=n_splits).astype(np.int64)
    if bins is None:
        bins = int(np.clip(2 * sizes[sizes > 0].min() ** (1 / 3), FEWEST_BINS, MOST_BINS))
    edges = np.linspace(low, high, bins + 1)
    counts = np.stack([np.histogram(values[splits == s], edges)[0] for s in range(n_splits)])
    return Histogram(
        edges=edges,
        shares=counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
        counts=sizes,
        below=int((values < low).sum()),
        above=int((values > high).sum()),
    )
