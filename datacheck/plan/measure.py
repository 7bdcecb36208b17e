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
from datacheck.plan.inputs import PlanInputs
from datacheck.plan.items import PlanItem
from datacheck.plan.rebalance.strategies import balance
from datacheck.plan.rebalance.trials import best_penalty, rebalance_items
from datacheck.text import plural

if TYPE_CHECKING:
    from datacheck.plan.augment.trials import Samples
    from datacheck.probing.budget import Clock

ROWS_FOR_HEADS = 8000
"""Linear models on features are measured on at most about this many samples, so that a plan without augmentations takes
seconds."""

ROWS_FOR_AUGMENTATIONS = 3000
"""Augmentations are tried on at most about this many samples, ..."""

ROWS_FOR_BACKBONE = 2000
"""... and on fewer with a pretrained network, whose features cost more: minutes are then enough for all candidates."""

PILOT_ROWS = 200
"""Samples that the time for all candidates is estimated from: enough to outweigh fixed costs, a second or two."""

LEAST_ROWS = 400
"""Augmentations are tried on at least this many samples, even if the budget then does not suffice for all: with fewer
hardly any gain is significant."""

MARGIN = 0.8
"""Share of the time that is planned with: on a busy machine candidates take longer than the estimate."""

AUGMENT_SHARE = 0.75
"""Share of what is left of the budget that the augmentations may use; the rest is for what they do together."""


def measured_items(
    data: PlanInputs, training: NDArray[np.int64], shares: NDArray[np.float64] | None, notes: list[str]
) -> list[PlanItem]:
    """Return what to rebalance and what to collect, measured on features, or counted where there are none."""
    cohort, reason = _heads_cohort(data, training)
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
    rows = choose_rows(data.codes, usable, limit=ROWS_FOR_HEADS, seed=data.seed)
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
    from datacheck.plan.augment.trials import Samples, small, try_augmentations

    pixels = np.ascontiguousarray(data.pixels[rows])
    pixels = small(pixels, LARGEST_SIDE) if data.weights is None else pixels
    samples = Samples(pixels, data.codes[rows], data.groups[rows], data.manifest.classes)
    encoder = data.encoder(pixels)
    deadline = clock.used + AUGMENT_SHARE * clock.left
    n_rows = affordable_rows(data, samples, encoder, lambda: deadline - clock.used)
    if n_rows < len(rows):
        samples = samples.take(choose_rows(samples.codes, np.arange(len(rows)), limit=n_rows, seed=data.seed))
    found = try_augmentations(
        samples,
        encoder,
        seeds=data.seeds,
        out_of_time=lambda: clock.used > deadline,
        progress=lambda done, total: tell("augment", done, total),
    )
    if n_rows < len(rows) and any(item.measured for item in found):
        notes.append(
            f"augmentations were tried on {len(samples.codes):,} of {plural(len(rows), 'sample')} to keep to the "
            "budget: a higher --budget gives narrower intervals"
        )
    return list(found)


def affordable_rows(data: PlanInputs, samples: Samples, encoder: Encoder, left: Callable[[], float]) -> int:
    """Return on how many of some samples all augmentations can be tried in the time that is left."""
    from datacheck.plan.augment.trials import seconds_for_all

    n_rows = len(samples.codes)
    pilot = choose_rows(samples.codes, np.arange(n_rows), limit=PILOT_ROWS, seed=data.seed)
    if n_rows <= max(len(pilot), LEAST_ROWS) or why_too_few(samples.codes[pilot], samples.groups[pilot]):
        return n_rows
    seconds = seconds_for_all(samples.take(pilot), encoder, seeds=data.seeds) / len(pilot)
    return int(np.clip(MARGIN * left() / seconds, LEAST_ROWS, n_rows))


def _why_no_augmentation(data: PlanInputs) -> str:
    if not data.is_classification:
        return f"augmentations are judged by the predicted class, this is a {data.manifest.task.value} dataset"
    if data.pixels is None:
        return "no pixels to try augmentations on: give pixels= (the scan makes them)"
    if find_spec("torchvision") is None:
        return f"needs torchvision: {install_command('probe')}"
    return ""


def _not_measured(kind: str, reason: str) -> PlanItem:
    return PlanItem(kind=kind, name=kind, verdict="not measured", summary=reason)
