"""Taking the fingerprint of a manifest and its measurements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.annotations.per_image import image_boxes
from datacheck.annotations.pixels import image_sizes
from datacheck.fingerprints.boxes import BoxState
from datacheck.fingerprints.columns import ColumnState
from datacheck.fingerprints.identity import identity, identity_of
from datacheck.fingerprints.states import TargetState, ordered_splits
from datacheck.fingerprints.summary import Fingerprint
from datacheck.manifest import Manifest, Task, natural_sorted
from datacheck.scanning.measurements import PROPERTIES, Measurements
from datacheck.stats import Counts, DistinctCount, MinMax, Moments, Quantiles

Codes = NDArray[np.int64]


def fingerprint(manifest: Manifest, measurements: Measurements | None = None) -> Fingerprint:
    """Take the fingerprint of a dataset.

    Raises
    ------
    ManifestError
        When the measurements are not aligned with the manifest.

    Examples
    --------
    >>> manifest = Manifest.from_columns({"label": ["cat", "dog", "cat"], "split": ["train", "train", "test"]})
    >>> fingerprint(manifest).class_counts("train")
    {'cat': 1, 'dog': 1}
    """
    if measurements is not None:
        measurements.check_aligned(manifest)
    splits, split = _splits(manifest)
    classes = tuple(natural_sorted(manifest.classes))
    label = _labels(manifest, classes)
    cells = split * (len(classes) + 1) + label
    shape = (len(splits), len(classes) + 1)
    label_counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    cooccurrence = None
    if manifest.task is not Task.CLASSIFICATION:
        label_counts[:, -1] = np.bincount(split[~manifest.labelled], minlength=len(splits))
    if manifest.task.lists_classes:
        label_counts, cooccurrence = _multilabel_counts(manifest, classes, split, len(splits))
    measured: dict[str, Any] = {}
    if measurements is not None:
        measured = _measured(measurements, splits, split, cells, shape)
    return Fingerprint(
        task=manifest.task.value,
        modality=manifest.modality.value,
        identity=identity(manifest, measurements),
        identity_of=identity_of(manifest, measurements),
        splits=splits,
        classes=classes,
        split_counts=np.bincount(split, minlength=len(splits)),
        label_counts=label_counts,
        cooccurrence=cooccurrence,
        targets=_targets(manifest, splits, split),
        groups=_groups(manifest, splits, split),
        columns=_columns(manifest, splits, split),
        boxes=_boxes(manifest, measurements, splits, split),
        **measured,
    )


def _splits(manifest: Manifest) -> tuple[tuple[str, ...], Codes]:
    codes = manifest.split_codes.astype(np.int64)
    names = [*manifest.splits, ""]
    present = {names[code] for code in np.unique(codes).tolist()}
    splits = ordered_splits(present)
    lookup = np.array([splits.index(name) if name in splits else 0 for name in names])
    return splits, lookup[codes]


def _labels(manifest: Manifest, classes: tuple[str, ...]) -> Codes:
    """Return the index into ``classes`` of each row, K where there is none; shape [N]."""
    if manifest.task is not Task.CLASSIFICATION:
        return np.full(len(manifest), len(classes), np.int64)
    position = {name: number for number, name in enumerate(classes)}
    lookup = np.array([*(position[name] for name in manifest.classes), len(classes)], np.int64)
    return lookup[manifest.label_codes]


def _multilabel_counts(
    manifest: Manifest, classes: tuple[str, ...], split: Codes, n_splits: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = [manifest.classes.index(name) for name in classes]
    matrix = manifest.label_matrix[:, order]
    counts = np.zeros((n_splits, len(classes) + 1), np.int64)
    together = np.zeros((len(classes), len(classes)), np.int64)
    for number in range(n_splits):
        rows = split == number
        counts[number, :-1] = matrix[rows].sum(axis=0)
        counts[number, -1] = np.count_nonzero(~manifest.labelled[rows])
    for number in range(len(classes)):
        together[number] = matrix[matrix[:, number]].sum(axis=0)
    return counts, together


def _targets(manifest: Manifest, splits: tuple[str, ...], split: Codes) -> dict[str, TargetState]:
    if manifest.task is not Task.REGRESSION:
        return {}
    values = ((name, manifest.target[split == number]) for number, name in enumerate(splits))
    return {
        name: TargetState(
            Moments.empty().update(part), MinMax.empty().update(part), Quantiles.empty().update(np.sort(part))
        )
        for name, part in values
    }


def _groups(manifest: Manifest, splits: tuple[str, ...], split: Codes) -> dict[str, DistinctCount]:
    if "group" not in manifest:
        return {}
    column = manifest.table["group"]
    return {
        name: DistinctCount.empty().update(
            word for word in pc.unique(column.filter(pa.array(split == number))).to_pylist() if word is not None
        )
        for number, name in enumerate(splits)
    }


def _columns(manifest: Manifest, splits: tuple[str, ...], split: Codes) -> dict[str, dict[str, ColumnState]]:
    parts = [pa.array(split == number) for number in range(len(splits))]
    names = [*manifest.extra_columns, *(["group"] if "group" in manifest else [])]
    return {
        name: {key: ColumnState.of(manifest.table[name].filter(part)) for key, part in zip(splits, parts, strict=True)}
        for name in names
    }


def _boxes(
    manifest: Manifest, measurements: Measurements | None, splits: tuple[str, ...], split: Codes
) -> dict[str, BoxState]:
    if manifest.objects is None:
        return {}
    found = image_boxes(manifest, image_sizes(manifest, measurements))
    return {name: BoxState.of(found, split == number) for number, name in enumerate(splits)}


def _measured(
    measurements: Measurements, splits: tuple[str, ...], split: Codes, cells: Codes, shape: tuple[int, int]
) -> dict[str, Any]:
    parts = []
    quantiles: dict[str, dict[str, Quantiles]] = {name: {} for name in splits}
    for name in PROPERTIES:
        values = measurements.values(name)
        parts.append(Moments.grouped(values, cells, shape[0] * shape[1]))
        for number, key in enumerate(splits):
            quantiles[key][name] = Quantiles.empty().update(np.sort(values[split == number]))
    moments = Moments(*(np.stack([getattr(part, kind) for part in parts], axis=1) for kind in ("n", "mean", "m2")))
    n, mean, m2 = (part.reshape(*shape, len(PROPERTIES)) for part in (moments.n, moments.mean, moments.m2))
    reasons = pc.if_else(measurements.table["readable"], "ok", pc.coalesce(measurements.table["error"], "unknown"))
    columns = {"readable": reasons, "formats": measurements.table["format"], "modes": measurements.table["mode"]}
    counts = {
        title: {
            name: Counts.empty().update(column.filter(pa.array(split == number))) for number, name in enumerate(splits)
        }
        for title, column in columns.items()
    }
    return {"properties": Moments(n, mean, m2), "property_quantiles": quantiles, **counts}
