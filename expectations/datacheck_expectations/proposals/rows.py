"""Terms that need the rows of the accepted dataset: ids, leaks, copies, conflicts, pairs, labels."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from datacheck.manifest import Task
from datacheck.text import percent
from datacheck_expectations import expectations as e
from datacheck_expectations import reasons
from datacheck_expectations.measures import relations, samples
from datacheck_expectations.measures.classes import class_table
from datacheck_expectations.measures.columns import ALL, Affected
from datacheck_expectations.proposals.base import (
    Proposal,
    allowed_share,
    confidence_of,
    lower_share,
    rounded_down,
    rounded_up,
    seen_note,
)

_SUSPECT = 0.05
"""The required label quality is this quantile of the accepted samples: low enough to be rare, frequent enough to
count in a fresh sample of a few hundred."""


def row_proposals(frame: pd.DataFrame, task: Task) -> list[Proposal]:
    """Return the terms that the rows of an accepted dataset allow."""
    found = [Proposal(0, _unique_ids)]
    if task in (Task.CLASSIFICATION, Task.MULTILABEL, Task.DETECTION):
        _, labelled, rows = class_table(frame).of(ALL)
        found.append(Proposal(1, partial(_labelled, rows - labelled, rows)))
    if "readable" in frame.columns:
        found.append(Proposal(1, partial(_readable, samples.unreadable(frame))))
    if task is Task.PAIRED:
        found.append(Proposal(1, partial(_pairs, relations.unmatched_pairs(frame))))
    clusters = [name for name in ("content_cluster", "near_cluster", "row_cluster") if name in frame.columns]
    for column in clusters:
        copies = partial(_duplicates, e.ExpectDuplicatesAtMost, "repeated an earlier one")
        found.append(Proposal(1, partial(copies, column, relations.repeated(frame, column))))
        if task in (Task.CLASSIFICATION, Task.REGRESSION):
            conflicts = partial(_duplicates, e.ExpectConflictingDuplicatesAtMost, "had a duplicate with another label")
            found.append(Proposal(1, partial(conflicts, column, relations.conflicting(frame, column))))
    if "split" in frame.columns and frame["split"].nunique() > 1:
        related = [*clusters, "group"] if "group" in frame.columns else clusters
        found += [
            Proposal(1, partial(_leaks, column, relations.shared_across_splits(frame, column))) for column in related
        ]
    if "label_quality" in frame.columns:
        found += _probed(frame)
    return found


def _unique_ids(alpha: float) -> Any:
    return e.ExpectUniqueIds(column="sample_id", notes=reasons.UNIQUE_IDS)


def _labelled(missing: int, rows: int, alpha: float) -> Any:
    return e.ExpectLabelledShareAtLeast(
        min_share=1 - allowed_share(missing, rows, alpha), notes=seen_note(missing, rows, "had no label")
    )


def _readable(found: Affected, alpha: float) -> Any:
    return e.ExpectReadableShareAtLeast(
        min_share=1 - allowed_share(found.n, found.total, alpha),
        notes=seen_note(found.n, found.total, "could not be read"),
    )


def _pairs(found: Affected, alpha: float) -> Any:
    return e.ExpectPairsToMatch(
        max_share=allowed_share(found.n, found.total, alpha),
        notes=seen_note(found.n, found.total, "had the wrong label file"),
    )


def _duplicates(kind: type[Any], what: str, column: str, found: Affected, alpha: float) -> Any:
    return kind(
        column=column,
        max_share=allowed_share(found.n, found.total, alpha),
        severity=_severity(column),
        notes=seen_note(found.n, found.total, what),
    )


def _leaks(column: str, found: Affected, alpha: float) -> Any:
    return e.ExpectNoLeakageAcrossSplits(
        column=column,
        max_share=allowed_share(found.n, found.total, alpha),
        notes=f"{seen_note(found.n, found.total, 'were in an earlier split too')} {reasons.LEAKAGE}",
    )


def _severity(column: str) -> str:
    """Exact copies are certain; near duplicates may be two photos of one thing."""
    return "warning" if column == "near_cluster" else "critical"


def _probed(frame: pd.DataFrame) -> list[Proposal]:
    quality = samples.label_quality(frame).values
    if not len(quality):
        return []
    floor = rounded_down(float(np.quantile(quality, _SUSPECT)))
    found = [Proposal(1, partial(_quality, floor, int((quality >= floor).sum()), len(quality)))]
    if "label_error_rate" in frame.columns:
        value, _, high = samples.label_error_rate(frame)
        found.append(Proposal(1, partial(_error_rate, value, high)))
    return found


def _quality(floor: float, kept: int, n: int, alpha: float) -> Any:
    return e.ExpectLabelQualityAtLeast(
        min_quality=floor,
        min_share=lower_share(kept, n, alpha),
        confidence=confidence_of(alpha),
        severity="warning",
        notes=f"{percent(kept / n)} of {n:,} accepted samples have it; the interval allows for another probe.",
    )


def _error_rate(value: float, high: float, alpha: float) -> Any:
    return e.ExpectEstimatedLabelErrorRateAtMost(
        max_rate=rounded_up(high),
        severity="warning",
        notes=f"The probe estimates {percent(value)} for the accepted dataset; the limit is the upper end of its "
        "interval.",
    )
