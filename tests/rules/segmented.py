"""Datasets whose regions have known scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from datacheck.probing.segments import MaskProbe
from datacheck.probing.segments.suspicion import KindOfSuspects
from datacheck.rules import RuleContext


def judged(
    context: RuleContext, name: str, *, worst: float = 0.95, n_planted: int = 100, accuracy: float = 0.95
) -> RuleContext:
    """Return the dataset with a probe: a region of image 5 has a score of one kind, and planted faults are near 0.8."""
    n = len(context.manifest)
    scores = np.random.default_rng(0).uniform(0, 0.1, 2 * n)
    ordinary = KindOfSuspects(
        row=np.repeat(np.arange(n), 2),
        label=np.ones(2 * n, dtype=np.int64),
        suggested=np.full(2 * n, 2),
        size=np.full(2 * n, 60),
        box=np.tile([20, 36, 32, 46], (2 * n, 1)),
        suspicion=scores,
        planted=np.linspace(0.6, 1.0, n_planted),
    )
    kind = replace(ordinary, suspicion=np.where(np.arange(2 * n) == 10, worst, scores))
    quality = np.ones(n)
    probe = MaskProbe(
        ("ground", "disc", "box"), np.arange(n), quality, quality, accuracy, 0.8, {"class": ordinary, name: kind}
    )
    return replace(context, mask_probe=probe)
