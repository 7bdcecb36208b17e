"""The parts of a plan that are measured: rebalancing, collecting, augmenting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import install_command
from datacheck.manifest import Task
from datacheck.plan.inputs import Inputs
from datacheck.plan.items import PlanItem

if TYPE_CHECKING:
    from datacheck.plan.cohort import Sample
    from datacheck.probing.budget import Clock

ROWS_FOR_HEADS = 8000
"""Heads on features are measured on at most about this many samples."""

ROWS_FOR_AUGMENTATIONS = 3000
ROWS_FOR_BACKBONE = 2000
"""Augmentations are tried on at most about this many samples: on patch features, and on a pretrained network's."""

MIN_ROWS = 40
"""Below this many labelled training samples nothing is measured."""

AUGMENT_SHARE = 0.75
"""Share of the budget that the augmentations may use."""


def measured_items(
    data: Inputs,
    training: NDArray[np.int64],
    groups: NDArray[np.int64],
    shares: NDArray[np.float64] | None,
    notes: list[str],
) -> list[PlanItem]:
    """Rebalance and collect, on features."""
    from datacheck.plan.collect import collect_items
    from datacheck.plan.rebalance import best_penalty, rebalance_items

    sample, reason = _sample(data, training, groups)
    if sample is None:
        counts = np.bincount(data.codes[training][data.codes[training] >= 0], minlength=len(data.manifest.classes))
        if data.manifest.task is Task.CLASSIFICATION and shares is None and _even(counts):
            return [_balanced(counts)]
        return [
            PlanItem(kind=kind, name=kind, verdict="not measured", summary=reason) for kind in ("rebalance", "collect")
        ]
    n_all = int((data.codes[training] >= 0).sum())
    if len(sample.rows) < n_all:
        notes.append(
            f"heads were measured on {len(sample.rows):,} of {n_all:,} labelled training samples, the same "
            "share of every class (at least 20)"
        )
    return [*rebalance_items(sample, shares), *collect_items(sample, best_penalty(sample))]


def _even(counts: NDArray[np.int64]) -> bool:
    from datacheck.plan.rebalance import BALANCED_RATIO

    present = counts[counts > 0]
    return len(present) > 0 and bool(present.max() < BALANCED_RATIO * present.min())


def _balanced(counts: NDArray[np.int64]) -> PlanItem:
    present = counts[counts > 0]
    return PlanItem(
        kind="rebalance",
        name="none",
        verdict="nothing to do",
        summary=f"classes are balanced: the largest has {present.max() / present.min():.2f} times the samples "
        "of the smallest",
    )


def _sample(data: Inputs, training: NDArray[np.int64], groups: NDArray[np.int64]) -> tuple[Sample | None, str]:
    """Return what heads are measured on, or why there is nothing."""
    from datacheck.plan.cohort import choose_rows, make_sample
    from datacheck.plan.evidence import seeds_from

    manifest = data.manifest
    if manifest.task is not Task.CLASSIFICATION:
        return None, f"only classes are rebalanced and collected, this is a {manifest.task.value} manifest"
    usable = np.zeros(len(manifest), dtype=bool)
    usable[training] = True
    if data.measurements is not None:
        usable &= data.measurements.readable | (data.features is not None)
    rows = choose_rows(data.codes, usable, limit=ROWS_FOR_HEADS, seed=data.seed)
    if len(rows) < MIN_ROWS or len(np.unique(data.codes[rows])) < 2:
        return None, f"needs {MIN_ROWS} labelled training samples of two classes or more, found {len(rows)}"
    if len(np.unique(groups[rows])) < 5:
        return None, "needs 5 independent training samples or more: duplicates and groups count once"
    found = data.label_free_features(rows)
    if found is None:
        return None, "nothing to predict from: give pixels=, features= or a probe with embeddings"
    features, origin = found
    return make_sample(
        rows,
        data.codes[rows],
        manifest.classes,
        features,
        origin,
        groups[rows],
        seeds=seeds_from(data.seed, data.n_seeds),
    ), ""


def augment_part(
    data: Inputs,
    training: NDArray[np.int64],
    groups: NDArray[np.int64],
    clock: Clock,
    tell: Callable[[str, int, int], None],
) -> list[PlanItem]:
    """Try augmentations on the pixels, where there are labels, pixels and torchvision."""
    from datacheck.plan.cohort import choose_rows
    from datacheck.plan.evidence import seeds_from

    reason = _why_no_augmentation(data)
    rows = np.empty(0, dtype=np.int64)
    if not reason:
        usable = np.zeros(len(data.manifest), dtype=bool)
        usable[training] = True
        if data.measurements is not None:
            usable &= data.measurements.readable
        limit = ROWS_FOR_AUGMENTATIONS if data.weights is None else ROWS_FOR_BACKBONE
        rows = choose_rows(data.codes, usable, limit=limit, seed=data.seed)
        if len(rows) < MIN_ROWS or len(np.unique(groups[rows])) < 5 or len(np.unique(data.codes[rows])) < 2:
            reason = f"needs {MIN_ROWS} labelled training samples of two classes or more, found {len(rows)}"
    if reason:
        return [PlanItem(kind="augment", name="augment", verdict="not measured", summary=reason)]
    from datacheck.plan.patches import LARGEST_SIDE
    from datacheck.plan.trials import small, try_augmentations

    assert data.pixels is not None
    chosen = np.ascontiguousarray(data.pixels[rows])
    if data.weights is None:
        chosen = small(chosen, LARGEST_SIDE)
    encoder = data.encoder(chosen)
    deadline = clock.used + AUGMENT_SHARE * clock.left
    found = try_augmentations(
        chosen,
        data.codes[rows],
        groups[rows],
        data.manifest.classes,
        encoder,
        seeds=seeds_from(data.seed, data.n_seeds),
        out_of_time=lambda: clock.used > deadline,
        progress=lambda done, total: tell("augment", done, total),
    )
    return list(found)


def _why_no_augmentation(data: Inputs) -> str:
    from importlib.util import find_spec

    if data.manifest.task is not Task.CLASSIFICATION:
        return (
            f"augmentations are judged by the class that the probe sees, this is a {data.manifest.task.value} manifest"
        )
    if data.pixels is None:
        return "no pixels to try augmentations on: give pixels= (the scan makes them)"
    if find_spec("torchvision") is None:
        return f"needs torchvision: {install_command('probe')}"
    return ""
