"""A dataset goes in, a training plan comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.findings import Finding
from datacheck.manifest import Manifest, Task
from datacheck.plan.inputs import Inputs, check_inputs, target_shares
from datacheck.plan.items import PlanItem
from datacheck.plan.measure import augment_part, measured_items
from datacheck.plan.plan import SAMPLES_SCHEMA, TrainingPlan
from datacheck.version import __version__

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint
    from datacheck.probing.outputs import ProbeOutputs
    from datacheck.scanning.measurements import Measurements


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
    progress: Callable[[str, int, int], None] | None = None,
) -> TrainingPlan:
    """Try on this dataset what a training run could do, and plan what was measured to help.

    What there is nothing to measure with is "not measured", with the reason; nothing is recommended without a
    measurement but what follows from counting (splits, copies, normalisation).

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
        Pretrained weights (`datacheck.probing.PretrainedWeights`, or what it takes): augmentations, and heads where
        there are no features, are then tried on that network's features instead of on patches of the images. Takes
        longer.
    device
        Where that network runs: ``"auto"``, ``"cpu"``, ``"cuda"``.
    findings
        Of the audit: the triage (DC602) heads the order of work.
    budget
        Seconds, or such as ``"5m"``; augmentations that it does not reach are "not measured".
    seed, n_seeds
        Everything random follows from ``seed``; measurements are repeated ``n_seeds`` times.
    deployment_shares
        Class shares where the model will run; equal shares (balanced accuracy) by default.
    augment
        Whether to try augmentations.
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
    from datacheck.probing.budget import Clock, parse_budget

    clock = Clock(parse_budget(budget))
    check_inputs(manifest, measurements, pixels, features, probe, fingerprint)
    data = Inputs(manifest, measurements, pixels, probe, features, weights, seed, max(1, n_seeds), device)
    shares = None if deployment_shares is None else target_shares(manifest, deployment_shares)
    tell = progress or (lambda stage, done, total: None)
    groups, exact = data.groups()
    split, splits, items = _split_part(data, groups)
    tell("plan", 1, 5)
    actions, action_items = _action_part(data, split, exact)
    items += action_items
    from datacheck.plan.normalise import normalise_item

    train = training_code(split, splits)
    training = np.flatnonzero((split == train) & (actions.action != "drop"))
    items.append(normalise_item(training, measurements, pixels))
    tell("plan", 2, 5)
    notes: list[str] = []
    items += measured_items(data, training, groups, shares, notes)
    tell("plan", 4, 5)
    if augment:
        items += augment_part(data, training, groups, clock, tell)
    items += _label_next(data)
    from datacheck.plan.order import order_item

    items.insert(0, order_item(items, findings))
    samples = _samples(data, split, splits, train, actions, items)
    return TrainingPlan(
        identity=_identity(manifest, measurements, fingerprint),
        task=manifest.task.value,
        classes=manifest.classes,
        items=tuple(items),
        samples=samples,
        seed=seed,
        seconds=clock.used,
        budget=clock.seconds,
        version=__version__,
        notes=tuple(notes),
    )


def _split_part(data: Inputs, groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[str, ...], list[PlanItem]]:
    """Return the planned split, the names, and what to say about it."""
    from datacheck.plan.splits import SHARES, propose_split, repair_split, split_item

    manifest, codes = data.manifest, data.codes
    given = manifest.split_codes.astype(np.int64)
    names = manifest.splits
    classes = manifest.classes or tuple(f"tenth {number + 1}" for number in range(int(codes.max(initial=-1)) + 1))
    if not names:
        names = tuple(SHARES)
        after = propose_split(codes, groups, seed=data.seed)
        return after, names, [split_item(given, after, codes, groups, names, classes, seed=data.seed)]
    n_classes = max(len(classes), int(codes.max(initial=-1)) + 1)
    after = repair_split(given, codes, groups, len(names), n_classes, seed=data.seed)
    if n_classes > len(classes):
        classes = (*classes, *(f"stratum {number}" for number in range(len(classes), n_classes)))
    return after, names, [split_item(given, after, codes, groups, names, classes, seed=data.seed)]


def training_code(split: NDArray[np.int64], splits: tuple[str, ...]) -> int:
    """Return the split to train on: ``train``, or the largest where none is called so.

    Examples
    --------
    >>> training_code(np.array([0, 1, 1]), ("a", "b"))
    1
    """
    return splits.index("train") if "train" in splits else int(np.bincount(split[split >= 0]).argmax())


def _action_part(data: Inputs, split: NDArray[np.int64], exact: NDArray[np.int64] | None) -> tuple[Any, list[PlanItem]]:
    from datacheck.plan.drop import Actions, action_items, choose_actions

    if data.manifest.task is not Task.CLASSIFICATION:
        actions = Actions.none(len(data.manifest))
        if data.measurements is not None:
            actions.set(np.flatnonzero(~data.measurements.readable), "drop", 1.0, "cannot be read")
    else:
        actions = choose_actions(data.codes, split, exact, data.measurements, data.probe)
    return actions, list(action_items(actions, data.probe))


def _label_next(data: Inputs) -> list[PlanItem]:
    """Say which unlabelled samples to label next, where there are some with embeddings."""
    from datacheck.plan.collect import label_next, label_next_item

    probe, labelled = data.probe, data.manifest.labelled
    embeddings = data.features if data.features is not None else None if probe is None else probe.embeddings
    n_unlabelled = int((~labelled).sum())
    if embeddings is None or not n_unlabelled or data.manifest.task is not Task.CLASSIFICATION:
        return []
    sure = np.full(len(labelled), np.nan) if probe is None or probe.pred_probs is None else probe.pred_probs.max(axis=1)
    rows = label_next(np.asarray(embeddings), 1 - sure, labelled)
    ids = data.manifest.sample_ids.take(pa.array(rows)).to_pylist()
    return [label_next_item(ids, n_unlabelled)] if len(rows) else []


def _samples(
    data: Inputs, split: NDArray[np.int64], splits: tuple[str, ...], train: int, actions: Any, items: list[PlanItem]
) -> pa.Table:
    manifest = data.manifest
    weight = np.where(split == train, 1.0, 0.0)
    used = [item for item in items if item.kind == "rebalance" and item.verdict == "use"]
    if used:
        from datacheck.plan.strategies import sample_weights

        draw = np.array([used[0].settings["draw_weights"][name] for name in manifest.classes])
        weight = np.where(split == train, sample_weights(manifest.label_codes, draw), 0.0)
    next_ids: list[str] = next((item.settings["sample_ids"] for item in items if item.name == "label_next"), [])
    rank = {sample_id: number for number, sample_id in enumerate(next_ids)}
    ids = manifest.sample_ids.to_pylist()
    names = np.array([*splits, None], dtype=object)
    suggested = np.array([*manifest.classes, None], dtype=object)[actions.suggested]
    text = {
        name: manifest.table[name].cast(pa.string()) if name in manifest else pa.nulls(len(ids), pa.string())
        for name in ("label", "split")
    }
    confidence = [None if not np.isfinite(value) else float(value) for value in actions.confidence]
    columns = [
        pa.array(ids, pa.string()),
        text["label"],
        text["split"],
        pa.array(names[split], pa.string()),
        pa.array(weight, pa.float64()),
        pa.array(actions.action, pa.string()),
        pa.array(suggested, pa.string()),
        pa.array(confidence, pa.float32()),
        pa.array(actions.reason, pa.string()),
        pa.array([rank.get(sample_id) for sample_id in ids], pa.int64()),
    ]
    return pa.table(columns, schema=SAMPLES_SCHEMA)


def _identity(manifest: Manifest, measurements: Measurements | None, fingerprint: Fingerprint | None) -> str:
    if fingerprint is not None:
        return f"{fingerprint.identity:032x}"
    from datacheck.fingerprints.identity import identity

    return f"{identity(manifest, measurements):032x}"
