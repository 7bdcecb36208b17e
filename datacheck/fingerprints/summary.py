"""The value `Fingerprint`: mergeable statistics per split and class, and an identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datacheck.checked import checked
from datacheck.errors import ManifestError
from datacheck.fingerprints.boxes import BoxState
from datacheck.fingerprints.columns import ColumnState
from datacheck.fingerprints.states import TargetState, merged, merged_or_either, ordered_splits, states_json
from datacheck.manifest import natural_sorted
from datacheck.scanning.measurements import PROPERTIES
from datacheck.stats import Counts, DistinctCount, Moments, Quantiles
from datacheck.storage import read_json, reading, write_json

SCHEMA = "datacheck.fingerprint"
VERSION = 1
"""Version of ``fingerprint.json``."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What is in a dataset, whatever its size in a few kB to MB.

    Attributes
    ----------
    task, modality
        As in the manifest, as text.
    identity
        A 128-bit number that is the same for the same rows in any order; equal identities mean equal datasets.
    identity_of
        What identifies a row: ``content``, ``uri`` or ``sample_id`` (``mixed`` after merging unlike ones).
    splits, classes
        Names in order; the split ``""`` holds rows without a split. Classes are in natural order.
    split_counts
        Rows by split, int64, shape [S].
    label_counts
        Labels by split and class, int64, shape [S, K + 1]; the last column counts unlabelled rows.
    cooccurrence
        Rows that carry both classes (multilabel), int64, shape [K, K]; None for other tasks.
    targets
        Regression target by split.
    properties
        Moments of each image property by split and class, shape [S, K + 1, P], P as in `PROPERTIES`; None where
        nothing was measured.
    property_quantiles
        Quantile sketch by split and property.
    readable, formats, modes
        Counts by split: ``ok`` or the reason, the file format, the pixel mode.
    groups
        Distinct groups by split.
    columns
        Every extra column (and ``group``) by split: kind, missing rows, range, values.
    boxes
        The boxes of a dataset with annotated objects, by split.
    """

    task: str
    modality: str
    identity: int
    identity_of: str
    splits: tuple[str, ...]
    classes: tuple[str, ...]
    split_counts: NDArray[np.int64]
    label_counts: NDArray[np.int64]
    cooccurrence: NDArray[np.int64] | None = None
    targets: Mapping[str, TargetState] = field(default_factory=dict)
    properties: Moments | None = None
    property_quantiles: Mapping[str, Mapping[str, Quantiles]] = field(default_factory=dict)
    readable: Mapping[str, Counts] = field(default_factory=dict)
    formats: Mapping[str, Counts] = field(default_factory=dict)
    modes: Mapping[str, Counts] = field(default_factory=dict)
    groups: Mapping[str, DistinctCount] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, ColumnState]] = field(default_factory=dict)
    boxes: Mapping[str, BoxState] = field(default_factory=dict)

    @property
    def n_samples(self) -> int:
        """How many rows the dataset has."""
        return int(self.split_counts.sum())

    @property
    def n_unlabelled(self) -> int:
        """How many rows have no label."""
        return int(self.label_counts[:, -1].sum())

    @property
    def split_sizes(self) -> dict[str, int]:
        """Rows by split."""
        return dict(zip(self.splits, self.split_counts.tolist(), strict=True))

    def class_counts(self, split: str | None = None) -> dict[str, int]:
        """Return labels by class, of one split or of all."""
        counts = self.label_counts[:, :-1]
        chosen = counts.sum(axis=0) if split is None else counts[self.splits.index(split)]
        return dict(zip(self.classes, chosen.tolist(), strict=True))

    def class_shares(self, split: str | None = None) -> dict[str, float]:
        """Return the share of each class among the labels, of one split or of all."""
        counts = self.class_counts(split)
        total = sum(counts.values())
        return {name: count / total if total else 0.0 for name, count in counts.items()}

    def property_moments(self, name: str, *, split: str | None = None, class_name: str | None = None) -> Moments:
        """Return the moments of a property, of one split or all, of one class or all (unlabelled rows too)."""
        moments = self.properties
        if moments is None:
            return Moments.empty()
        moments = moments.take(PROPERTIES.index(name), axis=2)
        moments = moments.sum(0) if split is None else moments.take(self.splits.index(split))
        return moments.sum(0) if class_name is None else moments.take(self.classes.index(class_name))

    def quantiles(self, name: str, *, split: str | None = None) -> Quantiles:
        """Return the quantile sketch of a property, of one split or of all."""
        found = Quantiles.empty()
        for key in self.splits if split is None else (split,):
            found = found.merge(self.property_quantiles.get(key, {}).get(name, Quantiles.empty()))
        return found

    def column(self, name: str) -> ColumnState:
        """Return the state of an extra column in all splits."""
        found = ColumnState.empty()
        for state in self.columns[name].values():
            found = found.merge(state)
        return found

    def boxes_of(self, split: str | None = None) -> BoxState:
        """Return the state of the boxes of one split or of all."""
        found = BoxState()
        for key in self.splits if split is None else (split,):
            found = found.merge(self.boxes.get(key, BoxState()))
        return found

    def merge(self, other: Fingerprint) -> Fingerprint:
        """Return the fingerprint of both datasets together.

        Counts, moments and identity are those of the whole; sketches are within their error of it.

        Raises
        ------
        ManifestError
            When the two are fingerprints of different tasks.
        """
        if self.task != other.task:
            raise ManifestError(f"cannot merge the fingerprint of a {other.task} dataset into one of {self.task}")
        if not self.n_samples or not other.n_samples:
            return other if not self.n_samples else self
        splits = ordered_splits({*self.splits, *other.splits})
        classes = tuple(natural_sorted({*self.classes, *other.classes}))
        a, b = self._aligned(splits, classes), other._aligned(splits, classes)
        return replace(
            a,
            modality=self.modality if self.modality == other.modality else "mixed",
            identity=(self.identity + other.identity) % (1 << 128),
            identity_of=self.identity_of if self.identity_of == other.identity_of else "mixed",
            split_counts=a.split_counts + b.split_counts,
            label_counts=a.label_counts + b.label_counts,
            cooccurrence=merged_or_either(a.cooccurrence, b.cooccurrence, np.add),
            targets=merged(a.targets, b.targets, TargetState.merge),
            properties=merged_or_either(a.properties, b.properties, Moments.merge),
            property_quantiles=merged(
                a.property_quantiles, b.property_quantiles, lambda x, y: merged(x, y, Quantiles.merge)
            ),
            readable=merged(a.readable, b.readable, Counts.merge),
            formats=merged(a.formats, b.formats, Counts.merge),
            modes=merged(a.modes, b.modes, Counts.merge),
            groups=merged(a.groups, b.groups, DistinctCount.merge),
            columns=merged(a.columns, b.columns, lambda x, y: merged(x, y, ColumnState.merge)),
            boxes=merged(a.boxes, b.boxes, BoxState.merge),
        )

    def _aligned(self, splits: tuple[str, ...], classes: tuple[str, ...]) -> Fingerprint:
        """Return the same with more splits and classes, all of them empty."""
        rows = [splits.index(name) for name in self.splits]
        columns = [classes.index(name) for name in self.classes] + [len(classes)]

        def spread(values: NDArray[Any], *tail: int) -> NDArray[Any]:
            wide = np.zeros((len(splits), len(classes) + 1, *tail), values.dtype)
            wide[np.ix_(rows, columns)] = values
            return wide

        split_counts = np.zeros(len(splits), np.int64)
        split_counts[rows] = self.split_counts
        together = None
        if self.cooccurrence is not None:
            together = np.zeros((len(classes), len(classes)), np.int64)
            together[np.ix_(columns[:-1], columns[:-1])] = self.cooccurrence
        moments = self.properties
        if moments is not None:
            moments = Moments(*(spread(part, len(PROPERTIES)) for part in (moments.n, moments.mean, moments.m2)))
        return replace(
            self,
            splits=splits,
            classes=classes,
            split_counts=split_counts,
            label_counts=spread(self.label_counts),
            cooccurrence=together,
            properties=moments,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the fingerprint as plain JSON values."""
        return {
            "schema": SCHEMA,
            "version": VERSION,
            "task": self.task,
            "modality": self.modality,
            "n_samples": self.n_samples,
            "identity": f"{self.identity:032x}",
            "identity_of": self.identity_of,
            "splits": list(self.splits),
            "classes": list(self.classes),
            "split_counts": self.split_counts.tolist(),
            "label_counts": self.label_counts.tolist(),
            "cooccurrence": None if self.cooccurrence is None else self.cooccurrence.tolist(),
            "targets": {split: state.to_json() for split, state in self.targets.items()},
            "property_names": list(PROPERTIES),
            "properties": None if self.properties is None else self.properties.to_json(),
            "property_quantiles": {
                split: {name: sketch.to_json() for name, sketch in by_name.items()}
                for split, by_name in self.property_quantiles.items()
            },
            **{name: states_json(getattr(self, name)) for name in ("readable", "formats", "modes", "groups")},
            "columns": {column: states_json(by_split) for column, by_split in self.columns.items()},
            "boxes": {split: state.to_json() for split, state in self.boxes.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Fingerprint:
        """Rebuild a fingerprint from `to_json`."""
        together, moments = value["cooccurrence"], value["properties"]
        n_classes = len(value["classes"])
        return cls(
            task=value["task"],
            modality=value["modality"],
            identity=int(value["identity"], 16),
            identity_of=value["identity_of"],
            splits=tuple(value["splits"]),
            classes=tuple(value["classes"]),
            split_counts=np.asarray(value["split_counts"], np.int64),
            label_counts=np.asarray(value["label_counts"], np.int64).reshape(-1, n_classes + 1),
            cooccurrence=None if together is None else np.asarray(together, np.int64).reshape(n_classes, n_classes),
            targets={split: TargetState.from_json(state) for split, state in value["targets"].items()},
            properties=None if moments is None else _reshaped(Moments.from_json(moments), n_classes + 1),
            property_quantiles={
                split: {name: Quantiles.from_json(sketch) for name, sketch in by_name.items()}
                for split, by_name in value["property_quantiles"].items()
            },
            **{
                name: {split: Counts.from_json(counts) for split, counts in value[name].items()}
                for name in ("readable", "formats", "modes")
            },
            groups={split: DistinctCount.from_json(sketch) for split, sketch in value["groups"].items()},
            columns={
                column: {split: ColumnState.from_json(state) for split, state in by_split.items()}
                for column, by_split in value["columns"].items()
            },
            boxes={split: BoxState.from_json(state) for split, state in value.get("boxes", {}).items()},
        )

    def save(self, path: Path) -> None:
        """Write ``fingerprint.json`` atomically."""
        write_json(path, self.to_json())

    @classmethod
    def load(cls, path: Path) -> Fingerprint:
        """Read ``fingerprint.json``.

        Raises
        ------
        StorageError
            When the file is missing, damaged, not a fingerprint, or of a newer version.
        """
        value = read_json(path, schema=SCHEMA, version=VERSION)
        with reading(path, "a fingerprint", "take it again with datacheck fingerprint"):
            return checked(cls.from_json(value), path)


def _reshaped(moments: Moments, n_columns: int) -> Moments:
    parts = (part.reshape(-1, n_columns, len(PROPERTIES)) for part in (moments.n, moments.mean, moments.m2))
    return Moments(*parts)
