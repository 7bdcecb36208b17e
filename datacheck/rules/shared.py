"""What the rules that read the probe share: the rows that it predicted, if it is good enough to judge them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.skill import MIN_SKILL, why_not_judged
from datacheck.rules.base import CannotJudge, RuleContext
from datacheck.rules.requirements import NO_PROBE

MIN_PREDICTED = 30
"""From fewer predictions no share has a useful interval."""

MIN_EMBEDDED = 50
"""From fewer embeddings no neighbourhood and no direction can be measured."""


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


def classified(context: RuleContext, *, least: int = MIN_PREDICTED) -> Classified:
    """Return the predicted and labelled rows, for a rule that requires `CLASS_LABELS` and `PROBE`."""
    probe = context.probe
    if probe is None or probe.pred_probs is None:
        raise CannotJudge(NO_PROBE)
    if probe.faults:
        raise CannotJudge(str(why_not_judged(context.manifest, probe)))
    labels = context.manifest.label_codes.astype(np.int64)
    rows = np.flatnonzero((labels >= 0) & np.isfinite(probe.pred_probs[:, 0]))
    if len(rows) < least or len(probe.classes) < 2:
        raise CannotJudge(
            f"needs {least} or more labelled samples of two or more classes that the probe predicted, found {len(rows)}"
        )
    return Classified(probe, rows, probe.pred_probs[rows], labels[rows], probe.classes)


def trusted(context: RuleContext, *, least: int = MIN_PREDICTED, min_skill: float = MIN_SKILL) -> Classified:
    """Return what `classified` does, unless the probe is too weak to judge labels."""
    found = classified(context, least=least)
    check_skill(context, min_skill=min_skill)
    return found


def check_skill(context: RuleContext, *, min_skill: float = MIN_SKILL) -> None:
    """Raise `CannotJudge` where a probe of any task is too weak to judge labels."""
    reason = NO_PROBE
    if context.probe is not None:
        reason = why_not_judged(context.manifest, context.probe, min_skill=min_skill) or ""
    if reason:
        raise CannotJudge(reason)


@dataclass(frozen=True)
class Embedded:
    """The rows that have an embedding: row numbers [n], and the embeddings [n, D]."""

    probe: ProbeOutputs
    rows: NDArray[np.intp]
    embeddings: NDArray[np.float32]


def embedded(context: RuleContext, *, least: int = MIN_EMBEDDED, label_free: bool = False) -> Embedded:
    """Return the rows with an embedding, for a rule that requires `EMBEDDINGS`; maybe one made without labels."""
    probe = context.probe
    if probe is None or probe.embeddings is None:
        raise CannotJudge(NO_PROBE)
    if label_free and not probe.embeddings_label_free:
        raise CannotJudge(
            f"needs embeddings that were made without the labels; those of the backend {probe.backend!r} come from a "
            "network that was trained on them: probe with --weights, or with backend='descriptors'"
        )
    rows = np.flatnonzero(np.isfinite(probe.embeddings).all(axis=1))
    if len(rows) < least:
        raise CannotJudge(f"needs {least} or more samples with an embedding, found {len(rows)}")
    return Embedded(probe, rows, probe.embeddings[rows])
