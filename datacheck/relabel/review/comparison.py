"""Samples to compare an item with: the most similar ones of the given and of the suggested class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs

TRUSTED = 0.5
"""Label quality from which a sample may represent its class: its label is then more likely right than wrong."""

SHOWN = 4
"""Samples of each class beside an item: they fit in one row of a phone's screen."""

KEYS = 10
"""Classes to offer first: there are ten digits to choose them by."""

_SMALL = 1e-12
"""Keeps a vector of length 0 from a division by 0."""


@dataclass(frozen=True)
class ComparisonSamples:
    """Samples to compare with, nearest first.

    ``how`` is ``nearest`` (by the probe's embeddings) or ``typical`` (highest label quality, where there are none).
    """

    rows: NDArray[np.int64]
    how: str


def comparison_samples(
    row: int, class_code: int, manifest: Manifest, probe: ProbeOutputs, *, k: int = SHOWN, leave_out: NDArray[np.int64]
) -> ComparisonSamples:
    """Return samples labelled with a class that are nearest to a sample, by the cosine of their embeddings.

    Only samples with a label quality of `TRUSTED` or more represent a class, unless there are fewer than ``k`` of them:
    a mislabelled sample beside the item would confirm the mistake.

    Parameters
    ----------
    row
        The sample to label.
    class_code
        Index into the manifest's classes.
    manifest, probe
        Aligned row by row; classification.
    k
        How many.
    leave_out
        Rows that do not help, such as the copies of the sample.
    """
    carriers = manifest.label_codes == class_code
    carriers[row] = False
    carriers[leave_out] = False
    trusted = carriers & (probe.label_quality >= TRUSTED)
    candidates = np.flatnonzero(trusted if np.count_nonzero(trusted) >= k else carriers)
    if probe.embeddings is None or not np.isfinite(probe.embeddings[row]).all():
        quality = np.nan_to_num(probe.label_quality[candidates], nan=-1.0)
        return ComparisonSamples(candidates[np.argsort(-quality, kind="stable")[:k]].astype(np.int64), "typical")
    near = cosine(probe.embeddings[row], probe.embeddings[candidates])
    return ComparisonSamples(candidates[np.argsort(-near, kind="stable")[:k]].astype(np.int64), "nearest")


def cosine(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine between a vector [D] and each row of [N, D]; -2 for rows that have none; shape [N].

    Examples
    --------
    >>> cosine(np.array([1, 0], np.float32), np.array([[2, 0], [0, 3], [np.nan, 0]], np.float32)).tolist()
    [1.0, 0.0, -2.0]
    """
    lengths = np.linalg.norm(others, axis=1) * max(float(np.linalg.norm(one)), _SMALL)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (others @ one) / np.maximum(lengths, _SMALL)
    return np.where(np.isfinite(found), found, -2.0).astype(np.float32)


def likely_classes(row: int, probe: ProbeOutputs, first: list[int], *, k: int = KEYS) -> list[int]:
    """Return ``k`` classes to offer for a sample: those in ``first``, then the most probable by the probe."""
    order = list(range(len(probe.classes)))
    if probe.pred_probs is not None and np.isfinite(probe.pred_probs[row]).all():
        order = np.argsort(-probe.pred_probs[row], kind="stable").tolist()
    return list(dict.fromkeys([code for code in first if code >= 0] + order))[:k]


def can_compare(manifest: Manifest) -> bool:
    """Whether samples carry one class each, so that there are samples of a class to compare with."""
    return manifest.task is Task.CLASSIFICATION
