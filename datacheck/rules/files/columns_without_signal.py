"""Single labels of multilabel data that the samples do not show, where they show the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.models.ridge import RidgeHead
from datacheck.pairing import ContentCheck, LabelCodes, Samples, check_content
from datacheck.stats import Interval
from datacheck.stats.compare import auc

MIN_OF_EACH = 50
"""Samples with and without a label: fewer leave open whether it is shown."""

CHANCE_AUC = 0.6
"""A label whose AUC is below this, at the high end, is hardly shown at all."""

SHOWN_AUC = 0.7
"""Most other labels must reach this, at the low end: else the features may be at fault, not the label."""

ALPHA = 0.05
"""Level of all intervals together (Bonferroni)."""

MAX_SEARCHED = 5
"""Labels in which a shift is searched for: each costs as much as the search among all labels together."""


@dataclass(frozen=True)
class UnshownColumn:
    """A label that the samples do not show as it stands.

    Attributes
    ----------
    column
        Of the label.
    auc
        How well the samples with the label are ranked above the others, out of sample; 0.5 is chance.
    found
        What a search for shifts and other orders of this column found; None where it was not searched.
    """

    column: int
    auc: Interval
    found: ContentCheck | None


def unshown_columns(
    samples: Samples,
    matrix: NDArray[np.bool_],
    known: NDArray[np.bool_],
    *,
    min_signal: float,
    min_gain: float,
    seed: int = 0,
) -> list[UnshownColumn]:
    """Return the labels that the samples do not show, where they show most of the others.

    Parameters
    ----------
    samples
        Features that were made without the labels.
    matrix, known
        The labels, [N, K], and which rows have labels, [N].
    min_signal, min_gain
        Of `datacheck.pairing.check_content`, for the search within each column.
    seed
        Of folds and shuffles.
    """
    features: NDArray[Any] = samples.features
    rows = known & np.isfinite(features).all(axis=1)
    enough = (matrix[rows].sum(axis=0) >= MIN_OF_EACH) & ((~matrix[rows]).sum(axis=0) >= MIN_OF_EACH)
    columns = np.flatnonzero(enough)
    if len(columns) < 2:
        return []
    scores = RidgeHead(features, seed=seed).predict(matrix[:, columns].astype(np.float64), rows)
    level = 1 - ALPHA / len(columns)
    aucs = [auc(scores[rows, place], matrix[rows, column], level=level) for place, column in enumerate(columns)]
    if sum(one.low >= SHOWN_AUC for one in aucs) <= len(columns) / 2:
        return []
    hidden = [(int(column), one) for column, one in zip(columns, aucs, strict=True) if one.high < CHANCE_AUC]
    hidden.sort(key=lambda one: one[1].high)
    return [
        UnshownColumn(
            column,
            one,
            check_content(
                Samples(features, names=samples.names, hints=samples.hints, fold=samples.fold),
                LabelCodes.of_classes(np.where(known, matrix[:, column], -1).astype(np.int64)),
                min_signal=min_signal,
                min_gain=min_gain,
                seed=seed,
            )
            if place < MAX_SEARCHED
            else None,
        )
        for place, (column, one) in enumerate(hidden)
    ]
