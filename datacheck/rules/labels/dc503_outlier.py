"""DC503: samples unlike all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datacheck.findings import Found, Outcome, Passed, Severity
from datacheck.manifest import Modality
from datacheck.models.components import Components
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.requirements import EMBEDDINGS
from datacheck.rules.shared import MIN_EMBEDDED, Embedded, embedded
from datacheck.stats import proportion
from datacheck.text import percent

MAX_REFERENCE = 20_000
"""Neighbours are searched among at most this many samples: more cost minutes and hardly change the distances."""

N_COMPONENTS = 32
"""Distances are taken in so many leading directions: in more, all samples are about equally far apart."""

MAX_DIRECTIONS = 5_000
"""As `MAX_REFERENCE`, for distances in all directions of wide embeddings, which take longer."""

SHARE_OF_NEIGHBOURS = 20
"""At most a twentieth of the samples count as neighbours, so that a rare class of some size is no group of outliers."""

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
    For images whose embeddings have no negative value, as behind the rectifiers of a frozen network, and were made
    without the labels: by the cosine distance of their square roots (Hellinger) to the ``n_directions``-th nearest
    sample, or to the N/20-th of fewer than 400. An image of another kind has weak activations and so lies near the
    origin, where plain distances see nothing unusual. Listed from ``min_directions`` robust standard deviations above
    the median on; a warning if one lies ``warn_directions`` or more out. Copies of a sample are judged once and are not
    its neighbours.

    Otherwise by the logarithm of the mean distance to the ``n_neighbours`` nearest samples in the leading principal
    components of the embeddings (Ramaswamy et al. 2000), from ``min_deviations`` on.

    Deviations are taken from the upper half of the distribution, so that a skewed tail does not count as outliers. With
    more than 20,000 samples (5,000 by direction), neighbours are searched among so many drawn at random, and the
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
    n_directions: int = 20  # a group of ten alike is found still
    min_directions: float = 3.5  # 6 of 2,458 clean photos, icons and digits lie further out
    warn_directions: float = 8.0  # none does: the furthest is 4.6 out

    def judge(self, context: RuleContext) -> Outcome:
        """Judge the dataset."""
        found = embedded(context)
        measure, deviations, n_reference = self._deviations(context, found)
        by_direction = measure == "direction"
        limit = self.min_directions if by_direction else self.min_deviations
        far = np.flatnonzero(deviations >= limit)
        if not len(far):
            return Passed(f"the furthest of {len(found.rows):,} samples is {deviations.max():.1f} deviations out")
        issues = self.issues(
            context.ids(found.rows[far]), 1 - limit / (limit + deviations[far]), value=deviations[far]
        )  # fmt: skip
        share = proportion(len(far), len(found.rows))
        clear = by_direction and deviations.max() >= self.warn_directions
        finding = self.finding(
            f"{len(far):,} of {len(found.rows):,} samples ({percent(share.value)}) {'is' if len(far) == 1 else 'are'} "
            f"far from all others, up to {deviations.max():.0f} robust standard deviations",
            "look at them: remove what does not belong to the task, collect more of what is rare but real",
            severity=Severity.WARNING if clear else self.severity,
            evidence={
                "share": share.to_json(),
                "largest_deviation": float(deviations.max()),
                "min_deviations": limit,
                "measure": measure,
                "reference_samples": n_reference,
            },
            affected=issues,
        )
        return Found((finding,), issues)

    def _deviations(self, context: RuleContext, found: Embedded) -> tuple[str, NDArray[np.float64], int]:
        """Return by which measure, how far each sample is out, and among how many neighbours were searched."""
        x, seed = found.embeddings, context.seed
        images = context.manifest.modality is Modality.IMAGE
        if images and found.probe.embeddings_label_free and bool((x >= 0).all()):
            _, first, copy_of = np.unique(_pictures(context, found.rows), return_index=True, return_inverse=True)
            if len(first) >= MIN_EMBEDDED:
                far = direction_deviations(x[first], n_neighbours=self.n_directions, seed=seed)
                return "direction", far[copy_of], min(len(first), MAX_DIRECTIONS)
        far = neighbour_deviations(x, n_neighbours=self.n_neighbours, seed=seed)
        return "distance", far, min(len(x), MAX_REFERENCE)


def _pictures(context: RuleContext, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a number a row, equal for exact and near copies of one picture."""
    numbers = np.arange(len(rows))
    if context.duplicates is None:
        return numbers
    cluster = context.duplicates.near[rows]
    return np.where(cluster >= 0, len(rows) + cluster, numbers)


def direction_deviations(
    embeddings: NDArray[np.floating[Any]], *, n_neighbours: int = 20, seed: int = 0
) -> NDArray[np.float64]:
    """Return how far the k-th neighbour lies by direction, in robust standard deviations above the median; [N].

    Parameters
    ----------
    embeddings
        Shape [N, D], without negative values.
    n_neighbours
        Which neighbour; for fewer than 20 times as many samples, the N/20-th.
    seed
        Of the draw of the samples among which neighbours are searched.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> usual, other = np.r_[np.full(20, 9.0), np.ones(20)], np.r_[np.full(20, 0.1), np.ones(20)]
    >>> deviations = direction_deviations(rng.gamma(9, np.r_[np.tile(usual, (390, 1)), np.tile(other, (10, 1))]))
    >>> sorted(deviations.argsort()[-10:]) == list(range(390, 400)), bool((deviations[:390] < 4).all())
    (True, True)
    """
    from sklearn.neighbors import NearestNeighbors

    x = np.sqrt(np.asarray(embeddings, dtype=np.float32))
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    rng = np.random.default_rng(seed)
    reference = np.arange(len(x)) if len(x) <= MAX_DIRECTIONS else rng.choice(len(x), MAX_DIRECTIONS, replace=False)
    k = min(n_neighbours, max(1, len(x) // SHARE_OF_NEIGHBOURS))
    distance, neighbour = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(x[reference]).kneighbors(x)
    itself = (reference[neighbour] == np.arange(len(x))[:, None]).any(axis=1)
    cosine = np.where(itself, distance[:, k], distance[:, k - 1]) ** 2 / 2
    middle = float(np.median(cosine))
    spread = _MAD_TO_SD * float(np.median(cosine[cosine >= middle] - middle))
    deviations: NDArray[np.float64] = (cosine - middle) / max(spread, _MIN_SPREAD * middle, 1e-12)
    return deviations


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
