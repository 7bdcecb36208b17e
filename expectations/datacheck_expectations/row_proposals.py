"""What the rows of an accepted dataset let a contract promise: ids, leaks, copies, conflicts, pairs, labels."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from datacheck.manifest import Task
from datacheck.stats import proportion
from datacheck_expectations import expectations as e
from datacheck_expectations import measures, relations
from datacheck_expectations.proposals import Proposal

_SUSPECT = 0.05
"""The label quality that this share of the accepted samples lies below is held."""


def row_proposals(frame: pd.DataFrame, task: Task) -> list[Proposal]:
    """Return what the rows of an accepted dataset let a contract promise."""
    found = [
        Proposal(0, lambda _: e.ExpectUniqueIds(column="sample_id", notes="An id that names two rows names neither."))
    ]
    if task in (Task.CLASSIFICATION, Task.MULTILABEL):
        found.append(_labelled(frame))
    if "readable" in frame.columns:
        found.append(_readable(frame))
    if task is Task.PAIRED:
        found.append(_pairs(frame))
    clusters = [name for name in ("content_cluster", "near_cluster") if name in frame.columns]
    for column in clusters:
        found.append(_copies(frame, column))
        if task in (Task.CLASSIFICATION, Task.REGRESSION):
            found.append(_conflicts(frame, column))
    if "split" in frame.columns and frame["split"].nunique() > 1:
        groups = ["group"] if "group" in frame.columns else []
        found += [_leaks(frame, column) for column in (*clusters, *groups)]
    if "label_quality" in frame.columns:
        found += _probed(frame)
    return found


def _allowed(n: int, total: int, alpha: float) -> float:
    """Return the share that may be affected: none where none was, else the upper end of the share's interval."""
    return math.ceil(proportion(n, total, level=1 - 2 * alpha).high * 1e4) / 1e4 if n else 0.0


def _seen(n: int, total: int, what: str) -> str:
    if not n:
        return f"Of {total:,} accepted samples none {what}: what never happened may not begin."
    return f"Of {total:,} accepted samples {n:,} {what}; this is the upper end of the share's interval."


def _labelled(frame: pd.DataFrame) -> Proposal:
    _, labelled, rows = measures.class_table(frame).of(measures.ALL)
    missing = rows - labelled
    return Proposal(1, lambda alpha: e.ExpectLabelledShareAtLeast(
        min_share=1 - _allowed(missing, rows, alpha), notes=_seen(missing, rows, "came without a label"),
    ))  # fmt: skip


def _readable(frame: pd.DataFrame) -> Proposal:
    found = measures.unreadable(frame)
    return Proposal(1, lambda alpha: e.ExpectReadableShareAtLeast(
        min_share=1 - _allowed(found.n, found.total, alpha), notes=_seen(found.n, found.total, "could not be read"),
    ))  # fmt: skip


def _pairs(frame: pd.DataFrame) -> Proposal:
    found = relations.unmatched_pairs(frame)
    return Proposal(1, lambda alpha: e.ExpectPairsToMatch(
        max_share=_allowed(found.n, found.total, alpha), notes=_seen(found.n, found.total, "was wrongly paired"),
    ))  # fmt: skip


def _copies(frame: pd.DataFrame, column: str) -> Proposal:
    found = relations.repeated(frame, column)
    return Proposal(1, lambda alpha: e.ExpectDuplicatesAtMost(
        column=column,
        max_share=_allowed(found.n, found.total, alpha),
        severity="critical" if column == "content_cluster" else "warning",
        notes=_seen(found.n, found.total, "repeated an earlier one"),
    ))  # fmt: skip


def _conflicts(frame: pd.DataFrame, column: str) -> Proposal:
    found = relations.conflicting(frame, column)
    return Proposal(1, lambda alpha: e.ExpectConflictingDuplicatesAtMost(
        column=column,
        max_share=_allowed(found.n, found.total, alpha),
        severity="critical" if column == "content_cluster" else "warning",
        notes=_seen(found.n, found.total, "had a duplicate with another label"),
    ))  # fmt: skip


def _leaks(frame: pd.DataFrame, column: str) -> Proposal:
    found = relations.shared_across_splits(frame, column)
    return Proposal(1, lambda alpha: e.ExpectNoLeakageAcrossSplits(
        column=column,
        max_share=_allowed(found.n, found.total, alpha),
        notes=_seen(found.n, found.total, "was in an earlier split too")
        + " What was trained on is answered from memory in an evaluation.",
    ))  # fmt: skip


def _probed(frame: pd.DataFrame) -> list[Proposal]:
    quality = measures.label_quality(frame).values
    if not len(quality):
        return []
    floor = math.floor(float(np.quantile(quality, _SUSPECT)) * 1e4) / 1e4
    kept, n = int((quality >= floor).sum()), len(quality)
    found = [Proposal(1, lambda alpha: e.ExpectLabelQualityAtLeast(
        min_quality=floor,
        min_share=math.floor(proportion(kept, n, level=1 - 2 * alpha).low * 1e4) / 1e4,
        confidence=min(1 - alpha, 1 - 1e-9),
        severity="warning",
        notes=f"{kept / n:.1%} of {n:,} accepted samples have it; another probe of the same data differs a little.",
    ))]  # fmt: skip
    if "label_error_rate" in frame.columns:
        value, _, high = measures.label_error_rate(frame)
        found.append(Proposal(1, lambda alpha: e.ExpectEstimatedLabelErrorRateAtMost(
            max_rate=math.ceil(high * 1e4) / 1e4,
            severity="warning",
            notes=f"The probe estimates {value:.1%} for the accepted dataset; this is the upper end of its interval.",
        )))  # fmt: skip
    return found
