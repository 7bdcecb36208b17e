"""The parts of a plan that are measured: rebalancing, collecting, augmenting."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datacheck.errors import install_command
from datacheck.plan.cohort import Cohort, choose_rows, make_cohort, why_too_few
from datacheck.plan.collect import collect_items, few_items
from datacheck.plan.encoders import LARGEST_SIDE, Encoder
from datacheck.plan.inputs import BACKBONE_SIDE, SMALL_BACKBONE_SIDE, PlanInputs
from datacheck.plan.items import PlanItem
from datacheck.plan.rebalance.strategies import balance
from datacheck.plan.rebalance.trials import best_penalty, rebalance_items
from datacheck.text import plural

if TYPE_CHECKING:
    from datacheck.probing.budget import Clock

ROWS_FOR_HEADS = 8000
"""Linear models on features are measured on at most about this many samples, so that a plan without augmentations takes
seconds."""

ROWS_FOR_AUGMENTATIONS = 3000
"""Augmentations are tried on at most about this many samples, ..."""

ROWS_FOR_BACKBONE = 2000
"""... and on fewer with a pretrained network, whose features cost more: minutes are then enough for all candidates."""

LEAST_ROWS = 400
"""A pretrained network is given smaller images where it would not reach so many samples with every candidate: with
fewer hardly any gain is significant."""

BY_BOXES = "draws of images and weights of classes by their boxes are under Boxes"
"""Why a dataset with boxes has no item that rebalances samples."""

PILOT_ROWS = 64
"""Samples that the time of a pretrained network is measured on."""


def measured_items(
    data: PlanInputs, training: NDArray[np.int64], shares: NDArray[np.float64] | None, notes: list[str]
) -> list[PlanItem]:
    """Return what to rebalance and what to collect, measured on features, or counted where there are none."""
    cohort, reason = _heads_cohort(data, training)
    if data.manifest.objects is not None:
        return [_not_measured("rebalance", BY_BOXES), _not_measured("collect", reason)]
    if not data.is_classification:
        return [_not_measured(kind, reason) for kind in ("rebalance", "collect")]
    labelled = data.codes[training][data.codes[training] >= 0]
    counts = np.bincount(labelled, minlength=len(data.manifest.classes))
    if cohort is None:
        even = balance(counts, data.manifest.classes) if shares is None else None
        few = few_items(counts, data.manifest.classes)
        return [even or _not_measured("rebalance", reason), *(few or [_not_measured("collect", reason)])]
    if len(cohort.rows) < len(labelled):
        notes.append(
            f"rebalancing and collecting were measured on {len(cohort.rows):,} of {len(labelled):,} labelled training "
            "samples, the same share of every class (at least 20)"
        )
    return [*rebalance_items(cohort, shares), *collect_items(cohort, best_penalty(cohort), counts)]


def _heads_cohort(data: PlanInputs, training: NDArray[np.int64]) -> tuple[Cohort | None, str]:
    """Return what linear models are measured on, or why there is nothing."""
    if not data.is_classification:
        return None, f"only classes can be rebalanced and collected, this is a {data.manifest.task.value} dataset"
    usable = training if data.features is not None else data.readable(training)
    limit = ROWS_FOR_BACKBONE if data.encodes_with_backbone else ROWS_FOR_HEADS
    rows = choose_rows(data.codes, usable, limit=limit, seed=data.seed)
    reason = why_too_few(data.codes[rows], data.groups[rows])
    if reason:
        return None, reason
    found = data.label_free_features(rows)
    if found is None:
        return None, "nothing to predict from: give pixels=, features= or a probe with embeddings"
    return make_cohort(data, rows, *found), ""


def augment_part(
    data: PlanInputs,
    training: NDArray[np.int64],
    clock: Clock,
    notes: list[str],
    tell: Callable[[str, int, int], None],
) -> list[PlanItem]:
    """Try augmentations on the pixels, where there are labels, pixels and torchvision."""
    reason = _why_no_augmentation(data)
    if reason or data.pixels is None:
        return [_not_measured("augment", reason)]
    limit = ROWS_FOR_AUGMENTATIONS if data.weights is None else ROWS_FOR_BACKBONE
    rows = choose_rows(data.codes, data.readable(training), limit=limit, seed=data.seed)
    reason = why_too_few(data.codes[rows], data.groups[rows])
    if reason:
        return [_not_measured("augment", reason)]
    from datacheck.plan.augment.trials import try_augmentations
    from datacheck.plan.augment.views import Samples

    pixels, encoder = _pixels_and_encoder(data, np.ascontiguousarray(data.pixels[rows]), clock)
    found = try_augmentations(
        Samples(pixels, data.codes[rows], data.groups[rows], data.manifest.classes),
        encoder,
        seeds=data.seeds,
        left=lambda: clock.left,
        progress=lambda done, total: tell("augment", done, total),
    )
    n_tried = max((item.measured[0].estimate.n for item in found if item.measured), default=len(rows))
    if n_tried < len(rows):
        notes.append(
            f"augmentations were tried on {n_tried:,} of {plural(len(rows), 'sample')} to keep to the "
            "budget: a higher --budget gives narrower intervals"
        )
    return list(found)


def _pixels_and_encoder(data: PlanInputs, pixels: NDArray[np.uint8], clock: Clock) -> tuple[NDArray[np.uint8], Encoder]:
    """Return images no larger than the features make use of, so that transforms cost little, and what encodes them."""
    from datacheck.plan.augment.candidates import CANDIDATES
    from datacheck.plan.augment.trials import VIEWS_SHARE
    from datacheck.plan.augment.views import small

    if data.weights is None:
        pixels = small(pixels, LARGEST_SIDE)
        return pixels, data.encoder(pixels)
    pixels = small(pixels, BACKBONE_SIDE)
    encoder, pilot = data.backbone, pixels[:PILOT_ROWS]
    began = clock.used
    encoder.encode(pilot)
    for_all = (clock.used - began) / len(pilot) * len(CANDIDATES) * min(LEAST_ROWS, len(pixels))
    if for_all > VIEWS_SHARE * clock.left:
        return small(pixels, SMALL_BACKBONE_SIDE), encoder.at(SMALL_BACKBONE_SIDE)
    return pixels, encoder


def _why_no_augmentation(data: PlanInputs) -> str:
    if data.manifest.objects is not None:
        return "limits by the boxes are under Boxes; others are judged by the one class of an image, which this has not"
    if not data.is_classification:
        return f"augmentations are judged by the predicted class, this is a {data.manifest.task.value} dataset"
    if data.pixels is None:
        return "no pixels to try augmentations on: give pixels= (the scan makes them)"
    if find_spec("torchvision") is None:
        return f"needs torchvision: {install_command('probe')}"
    return ""


def _not_measured(kind: str, reason: str) -> PlanItem:
    return PlanItem(kind=kind, name=kind, verdict="not measured", summary=reason)
