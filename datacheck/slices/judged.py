"""What is known of each sample out of sample: its error, its loss, whether its label is doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import ProbeError
from datacheck.labels.confident_learning import ConfidentLearning
from datacheck.labels.rows import row_statistics
from datacheck.manifest import Manifest, Task
from datacheck.probing.outputs import ProbeOutputs

MIN_PROBABILITY = 1e-6
"""A probability of 0 counts as this one: float32 holds no smaller step below 1, and the loss stays finite."""

N_LEVELS = 5
"""Targets are compared within fifths of their range: enough to take off that errors grow with the target."""


@dataclass(frozen=True)
class JudgedSamples:
    """The labelled samples that the probe predicted out of sample, n of the manifest's N.

    Attributes
    ----------
    rows
        Row numbers in the manifest, shape [n].
    error
        Classification: 1 where the prediction differs from the label, else 0. Multilabel: share of the labels that
        differ. Regression: absolute error in the target's unit. Shape [n].
    loss
        Negative logarithm of the label's probability; the absolute error for regression. Shape [n].
    doubtful
        Whether the label is likely wrong, by confident learning; shape [n]. None unless each sample has one label.
    strata
        Class of each sample, or fifth of the target; what the labels alone explain is taken off within them. Shape [n].
    units
        Number of the group of each sample; shape [n]. None where there are no groups.
    task
        As in the manifest.
    """

    rows: NDArray[np.intp]
    error: NDArray[np.float64]
    loss: NDArray[np.float64]
    doubtful: NDArray[np.bool_] | None
    strata: NDArray[np.int64]
    units: NDArray[np.int64] | None
    task: Task

    def __len__(self) -> int:
        return len(self.rows)


def judged_samples(manifest: Manifest, probe: ProbeOutputs | None) -> JudgedSamples:
    """Return error, loss and doubt of every sample with a label and an out-of-sample prediction.

    Raises
    ------
    ProbeError
        When there is no probe, it made no predictions for this task or is of other samples, or its predictions have a
        fault.
    """
    if manifest.task in {Task.DETECTION, Task.SEGMENTATION}:
        raise ProbeError(
            f"slices compare the label or target of each sample with a prediction, and this is a {manifest.task.value} "
            "dataset: what the probe says of single boxes and masks is in the report"
        )
    if probe is None:
        raise ProbeError("slices need out-of-sample predictions, and this audit trained none: audit again with --probe")
    if probe.faults:
        raise ProbeError(f"the given predictions cannot be used (see DC507): {probe.faults[0].message}")
    check_aligned(manifest, probe)
    task = manifest.task
    if task is Task.REGRESSION and probe.predictions is not None:
        rows = np.flatnonzero(manifest.labelled & np.isfinite(probe.predictions))
        error = np.abs(manifest.target[rows] - probe.predictions[rows])
        return JudgedSamples(rows, error, error, None, _levels(manifest.target[rows]), _units(manifest, rows), task)
    if task not in {Task.CLASSIFICATION, Task.MULTILABEL} or probe.pred_probs is None:
        raise ProbeError(
            f"slices need predicted class probabilities or targets, and the probe made none for the task {task.value}"
        )
    rows = np.flatnonzero(manifest.labelled & np.isfinite(probe.pred_probs).all(axis=1))
    probs = probe.pred_probs[rows]
    units = _units(manifest, rows)
    if task is Task.MULTILABEL:
        wanted = manifest.label_matrix[rows]
        right = np.clip(np.where(wanted, probs, 1 - probs).astype(np.float64), MIN_PROBABILITY, 1)
        error = ((probs >= 0.5) != wanted).mean(axis=1)
        loss = -np.log(right).mean(axis=1)
        return JudgedSamples(rows, error, loss, None, np.zeros(len(rows), np.int64), units, task)
    labels = manifest.label_codes[rows].astype(np.int64)
    own = probs[np.arange(len(rows)), labels].astype(np.float64)
    error = (probs.argmax(axis=1) != labels).astype(np.float64)
    doubtful = np.zeros(0, dtype=bool)
    if len(rows):
        guess = ConfidentLearning.of(row_statistics(probs, labels)).confident
        doubtful = (guess >= 0) & (guess != labels)
    return JudgedSamples(rows, error, -np.log(np.clip(own, MIN_PROBABILITY, 1)), doubtful, labels, units, task)


def check_aligned(manifest: Manifest, probe: ProbeOutputs) -> None:
    """Raise a `ProbeError` unless row n of both is the same sample."""
    if list(probe.sample_ids) != manifest.sample_ids.to_pylist():
        raise ProbeError(
            f"the predictions are of {len(probe):,} samples that are not the {len(manifest):,} of the manifest, in its "
            "order: audit again with --probe"
        )


def _units(manifest: Manifest, rows: NDArray[np.intp]) -> NDArray[np.int64] | None:
    """Return the group numbers; a sample without a group is one of its own, and groups of one sample are none."""
    if "group" not in manifest:
        return None
    column = manifest.table["group"].combine_chunks()
    codes = np.asarray(column.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)[rows]
    alone = codes < 0
    codes[alone] = codes.max(initial=0) + 1 + np.arange(alone.sum())
    found: NDArray[np.int64] = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    return found if len(found) and found.max() + 1 < len(found) else None


def _levels(target: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    cuts = np.quantile(target, np.arange(1, N_LEVELS) / N_LEVELS) if len(target) else np.zeros(0)
    return np.searchsorted(cuts, target, side="right").astype(np.int64)
