"""How many samples each class and each split has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datacheck_expectations.measures.columns import ALL, codes_of, label_entries, need


@dataclass(frozen=True)
class ClassTable:
    """How many labels each class has in each split.

    Attributes
    ----------
    splits, classes
        Names that occur or are declared.
    counts
        Int64, shape [S, K].
    labelled, rows
        Labelled rows and all rows of each split, int64, shape [S].
    unsplit
        Counts [K], labelled rows and rows outside every split.
    """

    splits: tuple[str, ...]
    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    labelled: NDArray[np.int64]
    rows: NDArray[np.int64]
    unsplit: tuple[NDArray[np.int64], int, int]

    def of(self, split: str) -> tuple[dict[str, int], int, int]:
        """Return labels by class, labelled rows and rows, of one split or of `ALL`; zeros for a split not there."""
        if split == ALL:
            counts = self.counts.sum(axis=0) + self.unsplit[0]
            labelled, rows = int(self.labelled.sum()) + self.unsplit[1], int(self.rows.sum()) + self.unsplit[2]
        elif split in self.splits:
            at = self.splits.index(split)
            counts, labelled, rows = self.counts[at], int(self.labelled[at]), int(self.rows[at])
        else:
            counts, labelled, rows = np.zeros(len(self.classes), np.int64), 0, 0
        return dict(zip(self.classes, counts.tolist(), strict=True)), labelled, rows


def split_table(frame: pd.DataFrame) -> ClassTable:
    """Count the rows of each split, whatever their labels are."""
    need(frame, "split")
    unlabelled = pd.Categorical([None] * len(frame), categories=["any"])
    return class_table(frame[["split"]].assign(label=unlabelled))


def class_table(frame: pd.DataFrame) -> ClassTable:
    """Count the classes of the columns ``label`` or ``labels`` by ``split``.

    Examples
    --------
    >>> frame = pd.DataFrame({"label": ["a", "b", "a"], "split": ["train", "train", "test"]})
    >>> class_table(frame).of("train")
    ({'a': 1, 'b': 1}, 2, 2)
    """
    n_rows = len(frame)
    split, splits = codes_of(frame["split"]) if "split" in frame.columns else (np.full(n_rows, -1, np.int64), [])
    if "label" in frame.columns:
        label, classes = codes_of(frame["label"])
        row = np.arange(n_rows)
        labelled = label >= 0
    else:
        need(frame, "labels")
        row, label, classes, labelled = label_entries(frame["labels"])
    s, k = len(splits) + 1, len(classes) + 1
    cells = np.where(split[row] >= 0, split[row], s - 1) * k + np.where(label >= 0, label, k - 1)
    counts = np.bincount(cells, minlength=s * k).reshape(s, k)[:, :-1]
    place = np.where(split >= 0, split, s - 1)
    rows, known = np.bincount(place, minlength=s), np.bincount(place[labelled], minlength=s)
    return ClassTable(
        tuple(splits),
        tuple(classes),
        counts[:-1],
        known[:-1],
        rows[:-1],
        (counts[-1], int(known[-1]), int(rows[-1])),
    )
