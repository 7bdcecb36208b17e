"""The counts that the coverage rules share: every row, by split and class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.rules.base import CannotJudge, RuleContext
from datacheck.rules.mask_classes import class_shares_of


@dataclass(frozen=True)
class ClassCounts:
    """How many labelled samples each class has in each split that has labels.

    Attributes
    ----------
    splits, classes
        Names; a dataset without splits is one split called ``all``.
    counts
        Int64, shape [S, K].
    rows
        Labelled samples in each split, int64, shape [S].
    train
        Index of the split that is trained on.
    """

    splits: tuple[str, ...]
    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    rows: NDArray[np.int64]
    train: int


def class_counts(context: RuleContext) -> ClassCounts:
    """Count the samples of each class, of masks the images that show it, for a rule that requires `CLASSES`."""
    manifest = context.manifest
    splits, codes = split_rows(manifest)
    classes = manifest.classes
    n_classes = len(classes)
    if manifest.task is Task.CLASSIFICATION:
        labels = manifest.label_codes
        known = (labels >= 0) & (codes >= 0)
        cells = codes[known].astype(np.int64) * n_classes + labels[known]
        counts = np.bincount(cells, minlength=len(splits) * n_classes).reshape(len(splits), n_classes)
        rows = counts.sum(axis=1)
    else:
        if manifest.task is Task.SEGMENTATION:
            classes, shares = class_shares_of(context)
            matrix, labelled, n_classes = shares > 0, ~np.isnan(shares).any(axis=1), len(classes)
        else:
            matrix, labelled = manifest.label_matrix, manifest.labelled
        counts = np.stack([matrix[codes == split].sum(axis=0, dtype=np.int64) for split in range(len(splits))])
        rows = np.bincount(codes[labelled & (codes >= 0)], minlength=len(splits))
    kept = np.flatnonzero(rows > 0)
    if n_classes == 0 or len(kept) == 0:
        raise CannotJudge("no sample of any split has a class label (see DC106)")
    names = tuple(splits[split] for split in kept)
    train = names.index("train") if "train" in names else 0
    return ClassCounts(names, classes, counts[kept].astype(np.int64), rows[kept].astype(np.int64), train)


def split_rows(manifest: Manifest) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return the splits and each row's split; without splits, one called ``all``; shape [N]."""
    if not manifest.splits:
        return ("all",), np.zeros(len(manifest), dtype=np.int32)
    return manifest.splits, manifest.split_codes
