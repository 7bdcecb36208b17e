"""What the rules that read the probe share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import NotApplicable
from datacheck.manifest import Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import MIN_SKILL, why_not_judged
from datacheck.rules.base import RuleContext

NO_PROBE = "needs the probe's out-of-sample predictions: run with --probe"


@dataclass(frozen=True)
class Classified:
    """The rows with a label and an out-of-sample prediction.

    ``rows`` are their row numbers in the manifest, [n]; ``probs`` [n, K] and ``labels`` [n] are theirs.
    """

    probe: ProbeOutputs
    rows: NDArray[np.intp]
    probs: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]


def classified(context: RuleContext, *, least: int = 30) -> Classified | NotApplicable:
    """Return the probed and labelled rows of a classification dataset, or say what is missing."""
    probe = context.probe
    if context.manifest.task is not Task.CLASSIFICATION:
        return NotApplicable(f"needs class labels; the task of this dataset is {context.manifest.task.value}")
    if probe is None or probe.pred_probs is None:
        return NotApplicable(NO_PROBE)
    labels = context.manifest.label_codes.astype(np.int64)
    rows = np.flatnonzero((labels >= 0) & np.isfinite(probe.pred_probs[:, 0]))
    if len(rows) < least or len(probe.classes) < 2:
        return NotApplicable(
            f"needs {least} or more labelled and probed samples of two or more classes, found {len(rows)}"
        )
    return Classified(probe, rows, probe.pred_probs[rows], labels[rows], probe.classes)


def trusted(context: RuleContext, *, least: int = 30, min_skill: float = MIN_SKILL) -> Classified | NotApplicable:
    """Return what `classified` does, or say why the probe does not judge labels."""
    found = classified(context, least=least)
    if isinstance(found, NotApplicable):
        return found
    assert context.probe is not None
    reason = why_not_judged(context.manifest, context.probe, min_skill=min_skill)
    return found if reason is None else NotApplicable(reason)


def distrust(context: RuleContext, *, min_skill: float = MIN_SKILL) -> NotApplicable | None:
    """Say why a probe of any task does not judge labels; None where it does."""
    if context.probe is None:
        return NotApplicable(NO_PROBE)
    reason = why_not_judged(context.manifest, context.probe, min_skill=min_skill)
    return None if reason is None else NotApplicable(reason)


@dataclass(frozen=True)
class Embedded:
    """The rows that have an embedding: row numbers [n], and the embeddings [n, D]."""

    probe: ProbeOutputs
    rows: NDArray[np.intp]
    embeddings: NDArray[np.float32]


def embedded(context: RuleContext, *, least: int = 50, label_free: bool = False) -> Embedded | NotApplicable:
    """Return the rows with an embedding, or say what is missing; ``label_free`` asks for one made without labels."""
    probe = context.probe
    if probe is None:
        return NotApplicable(NO_PROBE)
    if probe.embeddings is None:
        return NotApplicable(f"needs embeddings; the probe's backend {probe.backend!r} has none")
    if label_free and not probe.embeddings_label_free:
        return NotApplicable(
            f"needs embeddings that were made without the labels; those of the backend {probe.backend!r} come from a "
            "network that was trained on them: probe with --weights, or with backend='descriptors'"
        )
    rows = np.flatnonzero(np.isfinite(probe.embeddings).all(axis=1))
    if len(rows) < least:
        return NotApplicable(f"needs {least} or more samples with an embedding, found {len(rows)}")
    return Embedded(probe, rows, probe.embeddings[rows])


def ids_of(context: RuleContext, rows: NDArray[np.integer[Any]]) -> pa.Array:
    """Sample ids of some rows."""
    taken = context.manifest.sample_ids.take(pa.array(np.asarray(rows, dtype=np.int64)))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken
