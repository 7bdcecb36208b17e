"""Challenge sets: the samples that are most worth a look, or a test of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError, check_choice
from datacheck.manifest import Manifest, Task
from datacheck.models.components import Components
from datacheck.models.ridge import RidgeHead
from datacheck.probing.outputs import ProbeOutputs
from datacheck.slices.judged import check_aligned, judged_samples

N_NEIGHBOURS = 5
"""Small groups of up to five alike samples still count as rare."""

MAX_REFERENCE = 20_000
"""Neighbours are searched for among at most this many samples: brute force stays below a minute on one core."""

N_COMPONENTS = 64
"""Directions in which distances are taken: the rest is noise."""

MIN_TRAIN = 10
"""Drift is measured from at least this many training samples, and of as many others: two for each fold."""


@dataclass(frozen=True)
class ChallengeSet:
    """Some samples of a dataset, the most challenging first.

    Attributes
    ----------
    kind
        One of `CHALLENGES`.
    rows
        Row numbers in the manifest, shape [n].
    value
        What they are ordered by, high is first, shape [n]; ``meaning`` says what it is.
    meaning
        In words.
    """

    kind: str
    rows: NDArray[np.intp]
    value: NDArray[np.float64]
    meaning: str

    def __len__(self) -> int:
        return len(self.rows)


def challenge_set(
    manifest: Manifest, probe: ProbeOutputs | None, kind: str, *, count: int = 200, seed: int = 0
) -> ChallengeSet:
    """Choose the samples for a challenge set.

    Parameters
    ----------
    manifest
        The dataset.
    probe
        Out-of-sample predictions, and embeddings for ``rarest`` and ``drifted``.
    kind
        ``worst``: the largest loss out of sample, wrong labels among them. ``hardest``: the largest loss among the
        samples whose label is not doubtful. ``rarest``: the farthest from their nearest neighbours. ``drifted``: of the
        splits beside train, those least like it by a linear classifier of the embeddings, out of sample.
        ``ambiguous``: the two most likely classes are closest.
    count
        At most so many.
    seed
        Of the folds and the samples that distances are taken to.

    Raises
    ------
    ConfigError
        When the kind is none of these.
    ProbeError
        When the probe lacks what the kind needs.

    Examples
    --------
    >>> from datacheck.probing import probe
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog"] * 20})
    >>> probs = np.where(np.eye(2)[[0, 1] * 20] > 0, 0.9, 0.1)
    >>> probs[7] = 0.51, 0.49
    >>> challenge_set(manifest, probe(manifest, pred_probs=probs), "ambiguous", count=1).rows.tolist()
    [7]
    """
    check_choice("the kind of challenge set", kind, tuple(CHALLENGES))
    if probe is None:
        raise ProbeError("challenge sets need the probe, and this audit trained none: audit again with --probe")
    check_aligned(manifest, probe)
    meaning, choose = CHALLENGES[kind]
    rows, value = choose(manifest, probe, seed)
    if not len(rows):
        raise ProbeError(f"no sample can be judged for the challenge set {kind!r}: {meaning} is known of none")
    order = np.argsort(-value, kind="stable")[:count]
    return ChallengeSet(kind, rows[order], value[order], meaning)


Chosen = tuple[NDArray[np.intp], NDArray[np.float64]]


def _worst(manifest: Manifest, probe: ProbeOutputs, seed: int) -> Chosen:
    judged = judged_samples(manifest, probe)
    return judged.rows, judged.loss


def _hardest(manifest: Manifest, probe: ProbeOutputs, seed: int) -> Chosen:
    judged = judged_samples(manifest, probe)
    if judged.doubtful is None:
        raise ProbeError("'hardest' leaves out doubtful labels, which needs one class label a sample: take 'worst'")
    return judged.rows[~judged.doubtful], judged.loss[~judged.doubtful]


def _ambiguous(manifest: Manifest, probe: ProbeOutputs, seed: int) -> Chosen:
    if manifest.task is not Task.CLASSIFICATION or probe.pred_probs is None:
        raise ProbeError("'ambiguous' compares the two most likely classes, which needs one class label a sample")
    rows = np.flatnonzero(np.isfinite(probe.pred_probs).all(axis=1))
    top = -np.partition(-probe.pred_probs[rows].astype(np.float64), 1, axis=1)[:, :2]
    return rows, 1 - (top[:, 0] - top[:, 1])


def _rarest(manifest: Manifest, probe: ProbeOutputs, seed: int) -> Chosen:
    from sklearn.neighbors import NearestNeighbors

    rows, x = _embedded(probe, "rarest")
    if len(rows) <= N_NEIGHBOURS + 1:
        return rows[:0], np.zeros(0)
    if x.shape[1] > N_COMPONENTS:
        x = Components.fit(x, N_COMPONENTS).project(x)
    rng = np.random.default_rng(seed)
    reference = np.arange(len(x)) if len(x) <= MAX_REFERENCE else rng.choice(len(x), MAX_REFERENCE, replace=False)
    search = NearestNeighbors(n_neighbors=N_NEIGHBOURS + 1, algorithm="brute").fit(x[reference])
    distance, neighbour = search.kneighbors(x)
    itself = reference[neighbour] == np.arange(len(x))[:, None]
    others = np.sort(np.where(itself, np.inf, distance), axis=1)[:, :N_NEIGHBOURS]
    return rows, others.mean(axis=1).astype(np.float64)


def _drifted(manifest: Manifest, probe: ProbeOutputs, seed: int) -> Chosen:
    rows, x = _embedded(probe, "drifted")
    if "train" not in manifest.splits or len(manifest.splits) < 2:
        raise ProbeError("'drifted' compares other splits with 'train', and this dataset has no two such splits")
    codes = manifest.split_codes[rows]
    train = codes == manifest.splits.index("train")
    others = (codes >= 0) & ~train
    if min(train.sum(), others.sum()) < MIN_TRAIN:
        return rows[:0], np.zeros(0)
    kept = np.flatnonzero(train | others)
    scores = RidgeHead(x[kept], seed=seed).scores(others[kept].astype(np.int64), 2)
    drift = (scores[:, 1] - scores[:, 0]).astype(np.float64)
    return rows[kept][others[kept]], drift[others[kept]]


def _embedded(probe: ProbeOutputs, kind: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    if probe.embeddings is None or not probe.embeddings_label_free:
        raise ProbeError(
            f"{kind!r} needs embeddings that were made without the labels, and the probe's backend {probe.backend!r} "
            "makes none: probe with --weights, or with backend='descriptors'"
        )
    rows = np.flatnonzero(np.isfinite(probe.embeddings).all(axis=1))
    return rows, probe.embeddings[rows]


CHALLENGES: dict[str, tuple[str, Callable[[Manifest, ProbeOutputs, int], Chosen]]] = {
    "worst": ("loss out of sample", _worst),
    "hardest": ("loss out of sample, where the label is not doubtful", _hardest),
    "rarest": (f"mean distance to the {N_NEIGHBOURS} nearest neighbours", _rarest),
    "drifted": ("score of a linear classifier that tells the split from train", _drifted),
    "ambiguous": ("1 minus the difference of the two largest probabilities", _ambiguous),
}
"""The kinds of challenge sets: what they are ordered by, and how that is computed."""
