"""DC503: samples unlike all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.models.components import Components
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import EMBEDDINGS
from datacheck.rules.shared import embedded
from datacheck.stats import proportion
from datacheck.text import percent

MAX_REFERENCE = 20_000
"""Neighbours are searched among at most this many samples: more cost minutes and hardly change the distances."""

N_COMPONENTS = 32
"""Distances are taken in so many leading directions: in more, all samples are about equally far apart."""

_MAD_TO_SD = 1.4826
"""The standard deviation of a normal distribution is this many times its median absolute deviation."""

_MIN_SPREAD = 0.05
"""Distances differ by at least 5 %, so that a dataset of copies does not make everything else an outlier."""


@dataclass(frozen=True)
class Outlier(Rule):
    """Samples are far from every other sample.

    What
    ----
    Finds samples whose nearest neighbours are much further away than those of the other samples: another subject, a
    broken photo, a placeholder, images from another source.

    Why it hurts training
    ---------------------
    A few samples with a large loss have too much weight in the gradient, and what does not belong to the task teaches
    nothing about it.

    How it is measured
    ------------------
    By the logarithm of the mean distance to the ``n_neighbours`` nearest samples in the leading principal components of
    the embeddings (Ramaswamy et al. 2000), in robust standard deviations above the median. The deviation is taken from
    the upper half of the distribution, so that a skewed tail does not count as outliers. Flagged from
    ``min_deviations`` on. With more than 20,000 samples, neighbours are searched among 20,000 drawn at random, and the
    evidence says so; every sample is judged.

    How to fix
    ----------
    Look at them. Remove what does not belong to the task, and collect more of what is rare but real.

    Example
    -------
    Two screenshots lie among 800 photos::

        DC503 2 of 800 samples (0.25 %) are far from all others, up to 28 robust standard deviations
    """

    code: ClassVar[str] = "DC503"
    name: ClassVar[str] = "outlier"
    severity: ClassVar[Severity] = Severity.INFO
    requires = (EMBEDDINGS,)

    n_neighbours: int = 5  # small groups of up to five outliers are still found
    min_deviations: float = 6.0  # clean embeddings stay below 5

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = embedded(context)
        deviations = neighbour_deviations(found.embeddings, n_neighbours=self.n_neighbours, seed=context.seed)
        far = np.flatnonzero(deviations >= self.min_deviations)
        if not len(far):
            return Passed(f"the furthest of {len(found.rows):,} samples is {deviations.max():.1f} deviations out")
        suspicion = 1 - self.min_deviations / (self.min_deviations + deviations[far])
        issues = self.issues(context.ids(found.rows[far]), suspicion, value=deviations[far])
        share = proportion(len(far), len(found.rows))
        finding = self.finding(
            f"{len(far):,} of {len(found.rows):,} samples ({percent(share.value)}) are far from all others, up to "
            f"{deviations.max():.0f} robust standard deviations",
            "look at them: remove what does not belong to the task, collect more of what is rare but real",
            evidence={
                "share": share.to_json(),
                "largest_deviation": float(deviations.max()),
                "reference_samples": min(len(found.rows), MAX_REFERENCE),
            },
            affected=issues,
        )
        return Found((finding,), issues)


def neighbour_deviations(
    embeddings: NDArray[np.floating[Any]], *, n_neighbours: int = 5, n_components: int = N_COMPONENTS, seed: int = 0
) -> NDArray[np.float64]:
    """Return how far each sample's neighbours are, in robust standard deviations above the median; [N] from [N, D].

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> deviations = neighbour_deviations(np.r_[rng.normal(size=(300, 5)), [[60.0] * 5]])
    >>> int(deviations.argmax()), int((deviations > 6).sum())
    (300, 1)
    """
    from sklearn.neighbors import NearestNeighbors

    x = np.asarray(embeddings, dtype=np.float32)
    if x.shape[1] > n_components:
        x = Components.fit(x, n_components).project(x)
    rng = np.random.default_rng(seed)
    reference = np.arange(len(x)) if len(x) <= MAX_REFERENCE else rng.choice(len(x), MAX_REFERENCE, replace=False)
    search = NearestNeighbors(n_neighbors=min(n_neighbours + 1, len(reference)), algorithm="brute").fit(x[reference])
    distance, neighbour = search.kneighbors(x)
    itself = reference[neighbour] == np.arange(len(x))[:, None]
    others = np.where(itself, np.nan, distance)
    mean = np.nanmean(np.sort(others, axis=1)[:, :n_neighbours], axis=1)
    logs = np.log(np.maximum(mean, 1e-12))
    middle = float(np.median(logs))
    upper = logs[logs >= middle] - middle
    spread = max(_MAD_TO_SD * float(np.median(upper)), _MIN_SPREAD)
    deviations: NDArray[np.float64] = (logs - middle) / spread
    return deviations
