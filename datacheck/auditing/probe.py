"""The probe of an audit: trained, kept from an earlier audit, or left out, and what the report says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datacheck.auditing.progress import Progress, stage
from datacheck.config import Settings
from datacheck.errors import ProbeError, StorageError
from datacheck.manifest import Task
from datacheck.probing import ProbeOutputs
from datacheck.probing import probe as train_probe
from datacheck.probing.budget import Clock, parse_budget
from datacheck.probing.objects import BoxProbe, run_box_probe
from datacheck.probing.options import Options
from datacheck.probing.segments import MaskProbe, run_mask_probe
from datacheck.probing.weights import NO_WEIGHTS, PretrainedWeights
from datacheck.report import Report
from datacheck.rules import RuleContext
from datacheck.scanning import ScanResult

USER_ARRAYS = frozenset({"features", "pred_probs", "pixels"})
"""Options of the probe that stand for the pixels that the scan would make for it."""


def probe_options(probe: bool | str | Mapping[str, Any] | None, settings: Settings) -> dict[str, Any] | None:
    """Return the options of the probe, or None where it is not wanted."""
    wanted = settings.probe if probe is None else probe
    if wanted is False:
        return None
    options: dict[str, Any] = {
        "budget": settings.budget,
        "device": settings.device,
        "seed": settings.seed,
        "near_duplicate_distance": settings.near_duplicate_distance,
    }
    if isinstance(wanted, str):
        options["budget"] = wanted
    elif isinstance(wanted, Mapping):
        options.update(wanted)
    return options


@dataclass(frozen=True)
class Probed:
    """The probe's outputs where there are any, and what the report says of where they came from."""

    outputs: ProbeOutputs | None = None
    boxes: BoxProbe | None = None
    masks: MaskProbe | None = None
    notes: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()


def train(
    context: RuleContext, scanned: ScanResult | None, options: Mapping[str, Any], progress: Progress | None
) -> Probed:
    """Train the probe; data that it cannot judge leave the rest of the audit standing."""
    if context.manifest.task is Task.DETECTION:
        return _train_on_boxes(context, options, progress)
    if context.manifest.task is Task.SEGMENTATION:
        return _train_on_masks(context, options, progress)
    at_hand: dict[str, Any] = {"duplicates": context.duplicates}
    if scanned is not None:
        at_hand["measurements"] = scanned.measurements
        if scanned.pixels is not None:
            at_hand["pixels"] = scanned.pixels
    try:
        outputs = train_probe(context.manifest, progress=stage(progress, "probe"), **{**at_hand, **options})
        return Probed(outputs, unmet=_left_out(outputs))
    except ProbeError as error:
        if {"weights", *USER_ARRAYS} & set(options):  # what the caller gave is at fault, not the dataset
            raise
        return Probed(unmet=(f"the probe was asked for and could not be trained: {error}",))


def _left_out(outputs: ProbeOutputs | None) -> tuple[str, ...]:
    """Return in words that labels were not judged for lack of time; nothing where all were."""
    return () if outputs is None or not outputs.left_out else (outputs.left_out_in_words,)


def _train_on_boxes(context: RuleContext, options: Mapping[str, Any], progress: Progress | None) -> Probed:
    """Train the probe of boxes."""
    arrays = sorted(USER_ARRAYS & set(options))
    if arrays:
        raise ProbeError(f"the probe of boxes takes no {' and no '.join(arrays)}: leave them out, or give weights")
    boxes, weights = context.boxes, options.get("weights")
    if boxes is None or not len(boxes.objects):
        return Probed(unmet=("the probe was asked for, and no annotation file holds an object",))
    if weights is not None and not isinstance(weights, PretrainedWeights):
        weights = PretrainedWeights(weights)
    linked = None if context.duplicates is None else context.duplicates.linked
    clock = Clock(parse_budget(options["budget"]), progress=stage(progress, "probe"))
    given = _frozen_options(options, weights)
    try:
        found = run_box_probe(
            context.manifest, boxes, context.image_sizes, given, clock,
            linked=linked, elsewhere=context.rows_in_other_convention,
        )  # fmt: skip
    except ProbeError as error:
        if weights is not None:
            raise
        return Probed(unmet=(f"the probe was asked for and could not be trained: {error}",))
    clock.finish()
    judged = found.crops is not None or found.placement is not None or found.missing is not None
    unmet = () if judged else (f"the probe was asked for and judged no box: {found.why_not}",)
    return Probed(boxes=found, unmet=unmet)


def _frozen_options(options: Mapping[str, Any], weights: PretrainedWeights | None) -> Options:
    packaged = weights is None or weights.source != NO_WEIGHTS
    return Options(
        backend=options.get("backend", "auto"),
        device=options["device"],
        seed=options["seed"],
        weights=weights if packaged else None,
        packaged=packaged,
    )


def _train_on_masks(context: RuleContext, options: Mapping[str, Any], progress: Progress | None) -> Probed:
    """Train the probe of masks, or take the predictions that were given."""
    own = options.get("pred_probs")
    arrays = sorted((USER_ARRAYS & set(options)) - {"pred_probs"})
    if arrays:
        raise ProbeError(f"the probe of masks takes no {' and no '.join(arrays)}: leave them out, or give pred_probs")
    if own is not None and not isinstance(own, Mapping):
        raise ProbeError(f"pred_probs: expected arrays by sample id for masks, found {type(own).__name__}")
    masks, weights = context.masks, options.get("weights")
    if masks is None or not masks.readable.any():
        return Probed(unmet=("the probe was asked for, and no mask can be read",))
    if weights is not None and not isinstance(weights, PretrainedWeights):
        weights = PretrainedWeights(weights)
    linked = None if context.duplicates is None else context.duplicates.linked
    clock = Clock(parse_budget(options["budget"]), progress=stage(progress, "probe"))
    try:
        masks = replace(masks, turns=context.mask_turns)
        found = run_mask_probe(
            context.manifest, masks, _frozen_options(options, weights), clock, linked=linked, pred_probs=own
        )
    except ProbeError as error:
        if weights is not None or own is not None:
            raise
        return Probed(unmet=(f"the probe was asked for and could not be trained: {error}",))
    clock.finish()
    unmet = () if found.kinds else (f"the probe was asked for and judged no mask: {found.why_not}",)
    return Probed(masks=found, unmet=unmet)


def keep(context: RuleContext, folder: Path) -> Probed:
    """Return the probe of an earlier audit into the run folder, where the dataset is still the same."""
    if not (folder / "findings.json").is_file():
        return Probed()
    try:
        earlier = Report.load(folder)
    except StorageError:
        return Probed()
    if earlier.probe is None and earlier.box_probe is None and earlier.mask_probe is None:
        return Probed()
    before, now = earlier.fingerprint, context.fingerprint
    same = before is not None and now is not None and before.identity == now.identity
    if same and np.array_equal(earlier.manifest.sample_ids, context.manifest.sample_ids):
        return Probed(
            earlier.probe,
            earlier.box_probe,
            earlier.mask_probe,
            notes=(f"the probe is that of an earlier audit ({earlier.created[:10]})",),
            unmet=_left_out(earlier.probe),
        )
    return Probed(
        notes=("the probe of the earlier audit was dropped, because the dataset has changed since: probe it again",)
    )
