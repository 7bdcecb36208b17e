"""DC503: samples unlike all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import (
    Finding,
    Found,
    NotApplicable,
    Outcome,
    Passed,
    Severity,
    sample_issues,
    worst_sample_ids,
)
from datacheck.models.components import Components
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.shared import embedded, ids_of
from datacheck.stats.intervals import proportion

MAX_REFERENCE = 20_000


@dataclass(frozen=True)
class Outlier(Rule):
    """Samples far from every other sample in the probe's embedding.

    What
    ----
    Samples whose nearest neighbours are much farther away than those of the other samples: another subject, a broken
    capture, a placeholder, a foreign domain.

    Why it hurts training
    ---------------------
    Few samples with large loss pull on the weights out of proportion, and what does not belong to the task teaches
    nothing about it.

    How it is measured
    ------------------
    Log of the mean distance to the ``n_neighbours`` nearest samples in the leading principal components (Ramaswamy et
    al. 2000), in robust standard deviations above the median, the deviation taken from the upper half of the
    distribution so that a skewed tail is not all outliers. Flagged from ``min_deviations``. Beyond 20,000 samples the
    neighbours are looked for among 20,000 drawn at random, which the evidence says; each sample is judged.

    How to fix
    ----------
    Look at them: remove what does not belong, collect more of what is rare but real.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> deviations = neighbour_deviations(np.r_[rng.normal(size=(300, 5)), [[60.0] * 5]])
    >>> int(deviations.argmax()), int((deviations > 6).sum())
    (300, 1)
    """

    code: ClassVar[str] = "DC503"
    name: ClassVar[str] = "outlier"
    severity: ClassVar[Severity] = Severity.INFO

    n_neighbours: int = 5
    min_deviations: float = 6.0

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = embedded(context)
        if isinstance(found, NotApplicable):
            return found
        deviations = neighbour_deviations(found.embeddings, n_neighbours=self.n_neighbours, seed=context.seed)
        far = np.flatnonzero(deviations >= self.min_deviations)
        if not len(far):
            return Passed(f"the farthest of {len(found.rows):,} samples is {deviations.max():.1f} deviations out")
        suspicion = 1 - self.min_deviations / (self.min_deviations + deviations[far])
        issues = sample_issues(self.code, ids_of(context, found.rows[far]), suspicion, value=deviations[far])
        share = proportion(len(far), len(found.rows))
        finding = Finding(
            code=self.code,
            name=self.name,
            severity=self.severity,
            message=f"{len(far):,} of {len(found.rows):,} samples ({100 * share.value:.2g} %) lie far from all others, "
            f"up to {deviations.max():.0f} robust standard deviations",
            remedy="look at them: remove what does not belong, collect more of what is rare but real",
            evidence={
                "share": share.to_json(),
                "largest_deviation": float(deviations.max()),
                "reference_samples": min(len(found.rows), MAX_REFERENCE),
            },
            sample_ids=worst_sample_ids(issues),
            n_affected=len(far),
        )
        return Found((finding,), issues)


def neighbour_deviations(
    embeddings: NDArray[np.floating[Any]], *, n_neighbours: int = 5, n_components: int = 32, seed: int = 0
) -> NDArray[np.float64]:
    """How far each sample's neighbours are, in robust standard deviations above the median; shape [N] from [N, D]."""
    from sklearn.neighbors import NearestNeighbors

    x = np.asarray(embeddings, dtype=np.float32)
    if x.shape[1] > n_components:
        x = Components.fit(x, n_components).project(x)
    rng = np.random.default_rng(seed)
    reference = np.arange(len(x)) if len(x) <= MAX_REFERENCE else rng.choice(len(x), MAX_REFERENCE, replace=False)
    search = NearestNeighbors(n_neighbors=min(n_neighbours + 1, len(reference)), algorithm="brute").fit(x[reference])
    distance, neighbour = search.kneighbors(x)
    itself = reference[neighbour] == np.arange(len(x))[:, None]
    others = np.where(itself, np.nan, distance)[:, :]
    mean = np.nanmean(np.sort(others, axis=1)[:, :n_neighbours], axis=1)
    logs = np.log(np.maximum(mean, 1e-12))
    middle = float(np.median(logs))
    upper = logs[logs >= middle] - middle
    spread = max(1.4826 * float(np.median(upper)), 0.05)
    deviations: NDArray[np.float64] = (logs - middle) / spread
    return deviations
