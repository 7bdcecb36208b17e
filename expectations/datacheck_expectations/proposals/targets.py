"""Terms about the target of a regression dataset."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from datacheck.fingerprints import Fingerprint
from datacheck.stats import Moments, Quantiles
from datacheck_expectations import expectations as e
from datacheck_expectations import reasons
from datacheck_expectations.measures.columns import ALL
from datacheck_expectations.proposals.base import Proposal, enough_samples, parts_of
from datacheck_expectations.proposals.numbers import mean_term, range_term

INTERVALS = 10
"""Intervals of the target that are covered at most: enough to see a gap, few enough to read."""

TAIL = 0.01
"""Share of the targets beyond the first and the last interval: a fresh sample need not reach the extremes."""


def target_proposals(accepted: Fingerprint) -> list[Proposal]:
    """Return the terms about the target."""
    if accepted.task != "regression":
        return []
    moments = {part: _moments(accepted, part) for part in parts_of(accepted)}
    sketch = Quantiles.empty()
    for state in accepted.targets.values():
        sketch = sketch.merge(state.quantiles)
    return [
        Proposal(len(moments), partial(mean_term, "target", moments)),
        Proposal(2, partial(range_term, "target", sketch)),
        *(Proposal(INTERVALS, partial(_coverage, part, sketch, float(found.n))) for part, found in moments.items()),
    ]


def _moments(accepted: Fingerprint, part: str) -> Moments:
    found = Moments.empty()
    for name, state in accepted.targets.items():
        if part in (ALL, name):
            found = found.merge(state.moments)
    return found


def _coverage(part: str, sketch: Quantiles, n: float, alpha: float) -> Any:
    intervals = min(INTERVALS, int(n / enough_samples(alpha)))
    ranks = np.linspace(TAIL, 1 - TAIL, intervals + 1).tolist()
    edges = sorted({round(sketch.quantile(rank), 9) for rank in ranks})
    if intervals < 2 or len(edges) < 3:
        return None
    return e.ExpectTargetRangeCovered(
        column="target",
        split=part,
        edges=edges,
        min_count=1,
        notes=f"Quantiles of the accepted targets. {reasons.TARGET_GAP}",
    )
