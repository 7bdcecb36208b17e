"""The result of a probe of boxes: numpy arrays and numbers, no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.annotations.pixels import image_sizes, pixel_boxes
from datacheck.manifest import Manifest, Modality, Objects, Task
from datacheck.probing.outputs import ProbeOutputs
from datacheck.scanning.measurements import Measurements

SUSPECTS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("annotation_file", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        pa.field("left", pa.float64()),
        pa.field("top", pa.float64()),
        pa.field("right", pa.float64()),
        pa.field("bottom", pa.float64()),
        pa.field("suspicion", pa.float64(), nullable=False),
    ]
)
"""Columns of ``boxes/suspects.parquet``, a row a box, the most suspect of each kind first.

``line`` is where the box stands in its file, as in the manifest (of COCO the annotation's id). ``kind`` is ``class``.
``given`` and ``suggested`` are class names; ``left`` to ``bottom`` the box in pixels of the image; ``suspicion`` is in
[0, 1], high is worse.
"""


@dataclass(frozen=True)
class BoxProbe:
    """What the probe says of the boxes of a dataset.

    Attributes
    ----------
    objects
        Which of the manifest's objects were judged, int64 [B], ascending.
    crops
        Outputs of the probe on the pictures in these boxes, row n for ``objects[n]``; the sample ids are
        `object_ids`. Only the classes that have enough boxes are in it. None where classes could not be judged.
    why_not
        Why ``crops`` is None; else empty.
    left_out
        How many boxes were not judged, by the reason.
    seconds
        Wall time.
    """

    objects: NDArray[np.int64]
    crops: ProbeOutputs | None
    why_not: str = ""
    left_out: tuple[tuple[str, int], ...] = ()
    seconds: float = 0.0


def suspects_of(probe: BoxProbe, manifest: Manifest, measurements: Measurements | None) -> pa.Table:
    """Return the boxes that the probe does not agree with, as a table of `SUSPECTS_SCHEMA`."""
    objects, crops = manifest.objects, probe.crops
    if crops is None or objects is None:
        return SUSPECTS_SCHEMA.empty_table()
    given = class_names(manifest, objects)[probe.objects]
    suggested = predicted_classes(crops)
    found = np.flatnonzero((given != suggested) & np.isfinite(crops.label_quality))
    found = found[np.argsort(crops.label_quality[found], kind="stable")]
    each = probe.objects[found]
    rows = pa.array(objects.row[each])
    boxes = pixel_boxes(manifest, objects, image_sizes(manifest, measurements)).boxes[each]
    files = manifest.table["annotation_file"].cast(pa.string()) if "annotation_file" in manifest else None
    columns = {
        "sample_id": manifest.sample_ids.take(rows),
        "annotation_file": pa.nulls(len(rows), pa.string()) if files is None else files.take(rows),
        "line": objects.line[each],
        "kind": ["class"] * len(each),
        "given": given[found].tolist(),
        "suggested": suggested[found].tolist(),
        **{name: boxes[:, side] for side, name in enumerate(("left", "top", "right", "bottom"))},
        "suspicion": 1.0 - crops.label_quality[found].astype(np.float64),
    }
    return pa.table(columns, schema=SUSPECTS_SCHEMA)


@dataclass(frozen=True)
class ListedBoxes:
    """Boxes whose class is worth a look, the most suspect first; [n].

    ``objects`` are numbers of the manifest's objects, ``given`` and ``suggested`` class names; ``suspicion`` is in
    [0, 1], high is worse.
    """

    objects: NDArray[np.int64]
    given: NDArray[np.object_]
    suggested: NDArray[np.object_]
    suspicion: NDArray[np.float64]


def listed_boxes(probe: BoxProbe, manifest: Manifest) -> ListedBoxes:
    """Return the boxes of the list down to the recommended depth whose class the probe contradicts."""
    objects, crops = manifest.objects, probe.crops
    assert objects is not None
    assert crops is not None
    depth = 0 if crops.label_yield is None else crops.label_yield.n_to_review
    order = np.argsort(crops.label_quality, kind="stable")[:depth]
    given, suggested = class_names(manifest, objects)[probe.objects[order]], predicted_classes(crops)[order]
    differ = given != suggested
    suspicion = np.clip(1 - crops.label_quality[order].astype(np.float64), 0, 1)
    return ListedBoxes(probe.objects[order][differ], given[differ], suggested[differ], suspicion[differ])


def predicted_classes(crops: ProbeOutputs) -> NDArray[np.object_]:
    """Return the most likely class of each box that was judged; [B]."""
    assert crops.pred_probs is not None
    names: NDArray[np.object_] = np.array(crops.classes, dtype=object)[crops.pred_probs.argmax(axis=1)]
    return names


def class_names(manifest: Manifest, objects: Objects) -> NDArray[np.object_]:
    """Return the class name of each object, None where its class is not declared; [M]."""
    return np.array([*manifest.classes, None], dtype=object)[objects.class_id]


def object_ids(manifest: Manifest, objects: Objects) -> NDArray[np.str_]:
    """Return an id for each object: the sample id, ``#``, and its number within the image, from 0; [M]."""
    first = np.searchsorted(objects.row, np.arange(len(manifest)))
    samples = manifest.sample_ids.to_pylist()
    number = np.arange(len(objects)) - first[objects.row]
    return np.array([f"{samples[row]}#{k}" for row, k in zip(objects.row, number, strict=True)], dtype=np.str_)


def crop_manifest(manifest: Manifest, chosen: NDArray[np.int64], groups: NDArray[np.int64] | None = None) -> Manifest:
    """Return a manifest of the pictures in some boxes: a row a box, its class the label.

    Parameters
    ----------
    manifest
        The dataset.
    chosen
        The objects, [B].
    groups
        What must stay in one fold, by row of the dataset, [N].
    """
    objects = manifest.objects
    assert objects is not None
    names = class_names(manifest, objects)[chosen]
    columns = {
        "sample_id": pa.array(object_ids(manifest, objects)[chosen].tolist(), pa.string()),
        "label": pa.array(names.tolist(), pa.string()),
    }
    if groups is not None:
        columns["group"] = pc.cast(pa.array(groups[objects.row[chosen]]), pa.string())
    present = set(names.tolist())
    classes = [name for name in manifest.classes if name in present]
    return Manifest.from_columns(columns, task=Task.CLASSIFICATION, modality=Modality.IMAGE, classes=classes)
