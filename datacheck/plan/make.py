"""A dataset goes in, a training plan comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.findings import Finding
from datacheck.manifest import Manifest, Task
from datacheck.plan.boxes import box_items, repeat_weights, training_boxes
from datacheck.plan.collect import label_next, label_next_item
from datacheck.plan.drop import Actions, action_items, choose_actions
from datacheck.plan.expected import expected_words, with_expected
from datacheck.plan.inputs import PlanInputs, check_inputs, target_shares, usual_weights
from datacheck.plan.items import KINDS, PlanItem
from datacheck.plan.measure import augment_part, measured_items
from datacheck.plan.normalise import normalise_item
from datacheck.plan.plan import TrainingPlan
from datacheck.plan.rebalance.strategies import sample_weights
from datacheck.plan.record import SAMPLES_SCHEMA, main_split
from datacheck.plan.splits import SHARES, Members, propose_split, repair_split, split_item
from datacheck.probing.budget import Clock, parse_budget
from datacheck.version import __version__

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.scanning.measurements import Measurements

STAGES = 5
"""Steps that the progress counts: splits, actions, two of measuring, augmentations."""

STEPS = {
    "splits": "split the data as the plan says: until then no score can be trusted",
    "drop": "leave samples out of training",
    "relabel": "have the labels in doubt checked",
    "boxes": "set the detector up for the boxes",
    "rebalance": "rebalance the classes (a fine-tuned network: train once with and once without)",
    "augment": "train once with and once without the augmentations",
    "collect": "collect more samples",
}
"""The order of work, a line for each part of the plan."""


def make_plan(
    manifest: Manifest,
    *,
    measurements: Measurements | None = None,
    pixels: NDArray[np.uint8] | None = None,
    probe: ProbeOutputs | None = None,
    fingerprint: Fingerprint | None = None,
    features: NDArray[np.floating[Any]] | None = None,
    weights: Any = None,
    device: str = "auto",
    findings: Iterable[Finding] = (),
    budget: str | float = "5m",
    seed: int = 0,
    n_seeds: int = 3,
    deployment_shares: Mapping[str, float] | None = None,
    augment: bool = True,
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE,
    duplicates: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> TrainingPlan:
    """Try on this dataset what a training run could do, and plan what was measured to help.

    What cannot be measured is "not measured", with the reason. Nothing is recommended without a measurement, except
    what follows from counting (splits, copies, normalisation).

    Parameters
    ----------
    manifest
        The dataset. Class labels are needed to rebalance, augment and collect.
    measurements
        What the scan measured: duplicates, normalisation, input size.
    pixels
        uint8 [N, S, S, 3] as the scan makes them: augmentations are tried on them.
    probe
        For likely mislabels, and its embeddings where no label went into them.
    fingerprint
        Names the dataset; made here where it is not given.
    features
        Your own features [N, D], made without these labels.
    weights
        Pretrained weights (`datacheck.probing.PretrainedWeights`, or what it takes): augmentations, and rebalancing
        where there are no features, are tried on that network's features. By default the packaged ones where pixels
        are larger than 48 a side and they are installed, else patches of the images; ``"none"`` for patches always.
    device
        Where that network runs: ``"auto"``, ``"cpu"``, ``"cuda"``.
    findings
        Of the audit: the triage (DC602) heads the order of work.
    budget
        Seconds of the measurements, or such as ``"5m"``; the search for duplicates comes before. All augmentations are
        tried, on as many samples as it allows.
    seed, n_seeds
        Everything random follows from ``seed``; measurements are repeated ``n_seeds`` times.
    deployment_shares
        Class shares where the model will run; equal shares (balanced accuracy) by default.
    augment
        Whether to try augmentations.
    near_duplicate_distance
        Bits in which the perceptual hashes of near duplicates may differ; they are never separated by a split.
    duplicates
        How thoroughly duplicates are searched for, as in `datacheck.audit`.
    progress
        Called as ``progress(stage, done, total)``.

    Raises
    ------
    PlanError
        When an argument does not fit the manifest.

    Examples
    --------
    >>> import numpy as np
    >>> label = np.repeat(["cat", "dog"], [300, 40])
    >>> features = np.random.default_rng(0).normal(size=(340, 4)) + (label == "dog")[:, None]
    >>> plan = make_plan(Manifest.from_columns({"label": label}), features=features)
    >>> plan.strategy != "none", plan.item("rebalance").measured[0].metric
    (True, 'gain/balanced_accuracy')
    """
    whole = Clock(parse_budget(budget))
    data = PlanInputs(
        manifest,
        measurements,
        pixels,
        probe,
        features,
        usual_weights(weights, pixels),
        seed,
        n_seeds,
        device,
        near_duplicate_distance,
        duplicates,
    )
    check_inputs(data, fingerprint)
    shares = None if deployment_shares is None else target_shares(manifest, deployment_shares)
    tell = progress or (lambda stage, done, total: None)
    members, split, items = _split_part(data)
    tell("plan", 1, STAGES)
    actions, found = _action_part(data, split)
    items += found
    training = np.flatnonzero((split == members.train) & (actions.action != "drop"))
    boxes = training_boxes(manifest, measurements, training)
    about_boxes = [] if boxes is None else box_items(boxes, seed)
    side = next((item.settings["size"] for item in about_boxes if item.name == "input_size"), None)
    masks = manifest.task is Task.SEGMENTATION
    items += [normalise_item(training, measurements, pixels, side, masks=masks), *about_boxes]
    tell("plan", 2, STAGES)
    notes: list[str] = []
    clock = Clock(whole.seconds)  # counting and the search for duplicates took as long as they had to
    items += measured_items(data, training, shares, notes)
    tell("plan", 4, STAGES)
    if augment:
        items += augment_part(data, training, clock, notes, tell)
    items += _label_next(data)
    items = with_expected(items)
    items.insert(0, order_item(items, findings))
    return TrainingPlan(
        identity=_identity(manifest, measurements, fingerprint),
        task=manifest.task.value,
        classes=manifest.classes,
        items=tuple(items),
        samples=_samples(
            data, np.array([*members.splits, None], dtype=object)[split], split == members.train, actions, items
        ),
        seed=seed,
        seconds=whole.used,
        budget=whole.seconds,
        version=__version__,
        notes=tuple(notes),
        thumbnails=None if measurements is None else measurements.thumbnails,
    )


def _split_part(data: PlanInputs) -> tuple[Members, NDArray[np.int64], list[PlanItem]]:
    """Return what is divided, the planned split, and what to say about it."""
    manifest, codes = data.manifest, data.codes
    given, splits = manifest.split_codes.astype(np.int64), manifest.splits or tuple(SHARES)
    n_classes = max(len(manifest.classes), int(codes.max(initial=-1)) + 1)
    # Targets are divided into bins, sets of labels into strata.
    extra = tuple(f"part {number + 1} of the targets" for number in range(len(manifest.classes), n_classes))
    sizes = np.bincount(given[given >= 0], minlength=len(splits)).tolist()
    train = splits.index(main_split(splits, sizes))
    members = Members(codes, data.groups, splits, (*manifest.classes, *extra), train)
    split = repair_split(given, members, seed=data.seed) if manifest.splits else propose_split(members, seed=data.seed)
    return members, split, [split_item(given, split, members, seed=data.seed)]


def _action_part(data: PlanInputs, split: NDArray[np.int64]) -> tuple[Actions, list[PlanItem]]:
    if data.is_classification:
        actions = choose_actions(data.codes, split, data.exact, data.measurements, data.probe)
    else:
        actions = choose_actions(np.full(len(split), -1), split, None, data.measurements, None)
    return actions, list(action_items(actions, data.probe))


def order_item(items: Sequence[PlanItem], findings: Iterable[Finding] = ()) -> PlanItem:
    """Return the order of work: the triage of DC602 first where the audit made one, then what the plan has to do.

    Examples
    --------
    >>> order_item([PlanItem(kind="collect", name="collect", verdict="do", summary="collect 3")]).summary
    '1. collect more samples (its gain was not measured in trainings)'
    """
    triage = next((finding for finding in findings if finding.code == "DC602"), None)
    steps = [] if triage is None else [f"{triage.message} (DC602): {triage.remedy}"]
    for kind in KINDS:
        wanted = [item for item in items if item.kind == kind and item.verdict in {"use", "do"}]
        if kind in STEPS and wanted:
            named = kind in {"boxes", "rebalance", "augment"}
            names = f": {', '.join(item.name for item in wanted[:4])}" if named else ""
            steps.append(f"{STEPS[kind]}{names} ({expected_words(kind)})")
    if not steps:
        return PlanItem(
            kind="order",
            name="order_of_work",
            verdict="nothing to do",
            summary="nothing has to be done before the main training",
        )
    numbered = "; ".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
    return PlanItem(
        kind="order",
        name="order_of_work",
        verdict="do",
        summary=numbered,
        settings={"steps": steps, "triage": None if triage is None else dict(triage.evidence)},
    )


def _label_next(data: PlanInputs) -> list[PlanItem]:
    """Say which unlabelled samples to label next, where there are some with embeddings."""
    probe, labelled = data.probe, data.manifest.labelled
    embeddings = data.features if data.features is not None else None if probe is None else probe.embeddings
    n_unlabelled = int((~labelled).sum())
    if embeddings is None or not n_unlabelled or not data.is_classification:
        return []
    sure = np.full(len(labelled), np.nan) if probe is None or probe.pred_probs is None else probe.pred_probs.max(axis=1)
    rows = label_next(np.asarray(embeddings), 1 - sure, labelled)
    ids = data.manifest.sample_ids.take(pa.array(rows)).to_pylist()
    return [label_next_item(ids, n_unlabelled)] if len(rows) else []


def _samples(
    data: PlanInputs,
    planned: NDArray[np.object_],
    training: NDArray[np.bool_],
    actions: Actions,
    items: Sequence[PlanItem],
) -> pa.Table:
    """Return the row of each sample: `datacheck.plan.record.SAMPLES_SCHEMA`."""
    manifest, sizes = data.manifest, data.measurements
    weight = training.astype(np.float64)
    used = next((item for item in items if item.kind == "rebalance" and item.verdict == "use"), None)
    if used is not None:
        draw = np.array([used.settings["draw_weights"][name] for name in manifest.classes])
        weight = np.where(training, sample_weights(manifest.label_codes, draw), 0.0)
    if any(item.name == "repeat_factor_sampling" and item.verdict == "do" for item in items):
        boxes = training_boxes(manifest, sizes, np.flatnonzero(training & (actions.action != "drop")))
        weight = weight if boxes is None else np.where(training, repeat_weights(boxes, len(manifest)), 0.0)
    next_ids: list[str] = next((item.settings["sample_ids"] for item in items if item.name == "label_next"), [])
    rank = {sample_id: number for number, sample_id in enumerate(next_ids)}
    ids = manifest.sample_ids.to_pylist()
    n, in_files = len(ids), manifest.root is not None and "uri" in manifest
    suggested = np.array([*manifest.classes, None], dtype=object)[actions.suggested]
    columns = {
        "sample_id": ids,
        "uri": manifest.table["uri"] if in_files else pa.nulls(n),
        "byte_size": sizes.table["byte_size"] if in_files and sizes is not None else pa.nulls(n),
        "label": manifest.table["label"] if "label" in manifest else pa.nulls(n),
        "split": manifest.table["split"] if "split" in manifest else pa.nulls(n),
        "planned_split": planned,
        "weight": weight,
        "action": actions.action,
        "suggested": suggested,
        "confidence": pa.array(actions.confidence, from_pandas=True),
        "reason": actions.reason,
        "label_next": [rank.get(sample_id) for sample_id in ids],
    }
    return pa.table(
        [
            column.cast(field.type) if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column, field.type)
            for field, column in ((field, columns[field.name]) for field in SAMPLES_SCHEMA)
        ],
        schema=SAMPLES_SCHEMA,
    )


def _identity(manifest: Manifest, measurements: Measurements | None, fingerprint: Fingerprint | None) -> str:
    if fingerprint is not None:
        return f"{fingerprint.identity:032x}"
    from datacheck.fingerprints.identity import identity

    return f"{identity(manifest, measurements):032x}"
