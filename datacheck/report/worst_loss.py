"""The samples of each class on which the probe fails most, for a gallery that opens by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datacheck.errors import ProbeError
from datacheck.manifest import Task
from datacheck.report.record import ReportRecord
from datacheck.report.views import Tile
from datacheck.slices.judged import judged_samples
from datacheck.text import number

PER_CLASS = 8
"""Pictures of a class: one row on a wide screen."""

MAX_CLASSES = 30
"""Classes that are shown, those with the most wrong predictions: more pictures do not fit into the page."""


@dataclass(frozen=True)
class ClassGallery:
    """One class: its name, how many of its samples were predicted wrong, and the worst of them."""

    name: str
    n_wrong: int
    n: int
    tiles: tuple[Tile, ...]


def worst_loss(report: ReportRecord) -> tuple[ClassGallery, ...]:
    """Return the wrong predictions of the largest loss by given class, the classes with the most of them first.

    Nothing without a probe of one class label a sample.
    """
    manifest, probe = report.manifest, report.probe
    if probe is None or probe.pred_probs is None or manifest.task is not Task.CLASSIFICATION:
        return ()
    try:
        judged = judged_samples(manifest, probe)
    except ProbeError:  # given predictions with a fault: no label is judged by them
        return ()
    labels = judged.strata
    wrong = np.bincount(labels[judged.error > 0], minlength=len(manifest.classes))
    galleries = []
    for label in np.argsort(-wrong, kind="stable")[:MAX_CLASSES].tolist():
        members = np.flatnonzero((labels == label) & (judged.error > 0))
        if not len(members):
            break
        worst = members[np.argsort(-judged.loss[members], kind="stable")[:PER_CLASS]]
        rows = judged.rows[worst]
        predicted = probe.pred_probs[rows].argmax(axis=1)
        splits = manifest.split_codes[rows]
        tiles = tuple(
            Tile(
                sample_id=str(probe.sample_ids[row]),
                label=manifest.classes[label],
                split=manifest.splits[splits[index]] if splits[index] >= 0 else "",
                value=f"loss {number(float(judged.loss[worst[index]]))}",
                note=f"predicted {manifest.classes[predicted[index]]}",
                class_index=label,
                split_index=int(splits[index]),
            )
            for index, row in enumerate(rows)
        )
        galleries.append(ClassGallery(manifest.classes[label], len(members), int((labels == label).sum()), tiles))
    return tuple(galleries)
