"""A dataset goes in, a training plan comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.errors import PlanError, did_you_mean
from datacheck.findings import Finding
from datacheck.manifest import Manifest, Task
from datacheck.plan.items import PlanItem
from datacheck.plan.plan import SAMPLES_SCHEMA, TrainingPlan

if TYPE_CHECKING:
    from datacheck.fingerprint import Fingerprint
    from datacheck.plan.sample import Sample
    from datacheck.probe.budget import Clock
    from datacheck.probe.outputs import ProbeOutputs
    from datacheck.scan.measurements import Measurements

ROWS_FOR_HEADS = 8000
"""Heads on features are measured on at most about this many samples."""

ROWS_FOR_AUGMENTATIONS = 3000
ROWS_FOR_BACKBONE = 1000
"""Augmentations are tried on at most about this many samples: on patch features, and on a pretrained network's."""

MIN_ROWS = 40
"""Below this many labelled training samples nothing is measured."""

AUGMENT_SHARE = 0.75
"""Share of the budget that the augmentations may use."""


def make_plan(
    manifest: Manifest,
    *,
    measurements: Measurements | None = None,
    pixels: NDArray[np.uint8] | None = None,
    probe: ProbeOutputs | None = None,
    fingerprint: Fingerprint | None = None,
    features: NDArray[np.floating[Any]] | None = None,
    weights: Any = None,
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
        Pretrained weights (`datacheck.probe.PretrainedWeights`, or what it takes): augmentations are then tried on
        that network's features instead of on patches of the images. Takes longer.
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
    from datacheck.probe.budget import Clock, parse_budget

    clock = Clock(parse_budget(budget))
    _check_inputs(manifest, measurements, pixels, features)
    data = _Inputs(manifest, measurements, pixels, probe, features, seed, max(1, n_seeds))
    shares = None if deployment_shares is None else _shares(manifest, deployment_shares)
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
    items += _measured_part(data, training, groups, shares, notes)
    tell("plan", 4, 5)
    if augment:
        items += _augment_part(data, training, groups, weights, clock, tell)
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
        version=_version(),
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Inputs:
    """What a plan is made from."""

    manifest: Manifest
    measurements: Measurements | None
    pixels: NDArray[np.uint8] | None
    probe: ProbeOutputs | None
    features: NDArray[np.floating[Any]] | None
    seed: int
    n_seeds: int

    @property
    def codes(self) -> NDArray[np.int64]:
        if self.manifest.task is Task.CLASSIFICATION:
            return self.manifest.label_codes.astype(np.int64)
        from datacheck.probe.targets import strata_of

        answers: NDArray[Any] = np.zeros(len(self.manifest))
        if self.manifest.task is Task.REGRESSION:
            answers = self.manifest.target
        elif self.manifest.task is Task.MULTILABEL:
            answers = self.manifest.label_matrix.astype(np.float32)
        else:
            return np.full(len(self.manifest), -1, dtype=np.int64)
        return strata_of(self.manifest.task, answers, self.manifest.labelled)

    def groups(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Return what must stay together, and the clusters of exact duplicates."""
        from datacheck.probe.folds import join_groups

        columns = [np.full(len(self.manifest), -1, dtype=np.int64)]
        exact = None
        if "group" in self.manifest:
            indices = self.manifest.table["group"].combine_chunks().dictionary_encode().indices
            columns.append(indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
        if self.measurements is not None:
            from datacheck.scan.duplicates import find_duplicates

            clusters = find_duplicates(self.measurements)
            columns.append(clusters.linked)
            exact = clusters.exact
        return join_groups(*columns), exact

    def label_free_features(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.floating[Any]], str] | None:
        """Return features of rows that no label went into, and what they are; None where there are none."""
        if self.features is not None:
            return self.features[rows], "the features that were given"
        probe = self.probe
        if probe is not None and probe.embeddings is not None and not probe.backend.startswith("scratch"):
            return probe.embeddings[rows], f"the probe's embeddings ({probe.backend})"
        if self.pixels is not None:
            from datacheck.plan.patches import PatchEncoder

            encoder = PatchEncoder.fit(self.pixels[rows], seed=self.seed)
            return encoder.encode(self.pixels[rows]), encoder.title
        return None


def _check_inputs(
    manifest: Manifest,
    measurements: Measurements | None,
    pixels: NDArray[np.uint8] | None,
    features: NDArray[np.floating[Any]] | None,
) -> None:
    if not len(manifest):
        raise PlanError("expected samples to plan for, found an empty manifest")
    if measurements is not None:
        measurements.check_aligned(manifest)
    if pixels is not None and (
        pixels.dtype != np.uint8
        or pixels.ndim != 4
        or pixels.shape[1] != pixels.shape[2]
        or pixels.shape[3] != 3
        or len(pixels) != len(manifest)
    ):
        raise PlanError(f"pixels: expected uint8 [{len(manifest)}, S, S, 3], found {pixels.dtype} {list(pixels.shape)}")
    if features is not None and (features.ndim != 2 or len(features) != len(manifest)):
        raise PlanError(f"features: expected [{len(manifest)}, D], found {list(features.shape)}")


def _shares(manifest: Manifest, declared: Mapping[str, float]) -> NDArray[np.float64]:
    unknown = [name for name in declared if name not in manifest.classes]
    if unknown:
        raise PlanError(
            f"deployment_shares: expected classes among {list(manifest.classes[:20])}, found {unknown[0]!r}"
            f"{did_you_mean(unknown[0], manifest.classes)}"
        )
    shares = np.array([float(declared.get(name, 0.0)) for name in manifest.classes])
    if not np.isfinite(shares).all() or (shares < 0).any() or not np.isclose(shares.sum(), 1, atol=0.01):
        raise PlanError(f"deployment_shares: expected shares of 0 or more that sum to 1, found {dict(declared)}")
    normal: NDArray[np.float64] = shares / shares.sum()
    return normal


def _split_part(data: _Inputs, groups: NDArray[np.int64]) -> tuple[NDArray[np.int64], tuple[str, ...], list[PlanItem]]:
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


def _action_part(
    data: _Inputs, split: NDArray[np.int64], exact: NDArray[np.int64] | None
) -> tuple[Any, list[PlanItem]]:
    from datacheck.plan.drop import Actions, action_items, choose_actions

    if data.manifest.task is not Task.CLASSIFICATION:
        actions = Actions.none(len(data.manifest))
        if data.measurements is not None:
            actions.set(np.flatnonzero(~data.measurements.readable), "drop", 1.0, "cannot be read")
    else:
        actions = choose_actions(data.codes, split, exact, data.measurements, data.probe)
    return actions, list(action_items(actions, data.probe))


def _measured_part(
    data: _Inputs,
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


def _sample(data: _Inputs, training: NDArray[np.int64], groups: NDArray[np.int64]) -> tuple[Sample | None, str]:
    """Return what heads are measured on, or why there is nothing."""
    from datacheck.plan.evidence import seeds_from
    from datacheck.plan.sample import choose_rows, make_sample

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


def _augment_part(
    data: _Inputs,
    training: NDArray[np.int64],
    groups: NDArray[np.int64],
    weights: Any,
    clock: Clock,
    tell: Callable[[str, int, int], None],
) -> list[PlanItem]:
    """Try augmentations on the pixels, where there are labels, pixels and torchvision."""
    from datacheck.plan.evidence import seeds_from
    from datacheck.plan.sample import choose_rows

    reason = _why_no_augmentation(data)
    rows = np.empty(0, dtype=np.int64)
    if not reason:
        usable = np.zeros(len(data.manifest), dtype=bool)
        usable[training] = True
        if data.measurements is not None:
            usable &= data.measurements.readable
        limit = ROWS_FOR_AUGMENTATIONS if weights is None else ROWS_FOR_BACKBONE
        rows = choose_rows(data.codes, usable, limit=limit, seed=data.seed)
        if len(rows) < MIN_ROWS or len(np.unique(groups[rows])) < 5 or len(np.unique(data.codes[rows])) < 2:
            reason = f"needs {MIN_ROWS} labelled training samples of two classes or more, found {len(rows)}"
    if reason:
        return [PlanItem(kind="augment", name="augment", verdict="not measured", summary=reason)]
    from datacheck.plan.crossfit import BackboneEncoder, Encoder
    from datacheck.plan.patches import LARGEST_SIDE, PatchEncoder
    from datacheck.plan.trials import small, try_augmentations

    assert data.pixels is not None
    chosen = np.ascontiguousarray(data.pixels[rows])
    encoder: Encoder
    if weights is None:
        chosen = small(chosen, LARGEST_SIDE)
        encoder = PatchEncoder.fit(chosen, seed=data.seed)
    else:
        encoder = BackboneEncoder.load(weights, max(64, min(96, chosen.shape[1])))
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


def _why_no_augmentation(data: _Inputs) -> str:
    from importlib.util import find_spec

    if data.manifest.task is not Task.CLASSIFICATION:
        return (
            f"augmentations are judged by the class that the probe sees, this is a {data.manifest.task.value} manifest"
        )
    if data.pixels is None:
        return "no pixels to try augmentations on: give pixels= (the scan makes them)"
    if find_spec("torchvision") is None:
        return "needs torchvision: pip install 'datacheck[probe]'"
    return ""


def _label_next(data: _Inputs) -> list[PlanItem]:
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
    data: _Inputs, split: NDArray[np.int64], splits: tuple[str, ...], train: int, actions: Any, items: list[PlanItem]
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
    from datacheck.fingerprint.identity import identity

    return f"{identity(manifest, measurements):032x}"


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("datacheck")
    except PackageNotFoundError:
        return ""
