"""The table of suspect boxes, for other programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datacheck.annotations.pixels import image_sizes, pixel_boxes
from datacheck.manifest import Manifest, Objects
from datacheck.probing.objects.missing import Missing
from datacheck.probing.objects.outputs import BoxProbe, class_names, class_suspicion, predicted_classes
from datacheck.probing.objects.placement import RECALL
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

``line`` is where the box stands in its file, as in the manifest (of COCO the annotation's id). ``kind`` is ``class``
(another class is more likely), ``spurious`` (it looks empty), ``misplaced`` (it lies elsewhere) or ``missing`` (an
object without a box). ``given`` and ``suggested`` are class names, both the same where only the place is in doubt,
``suggested`` null for a spurious box; of a missing box ``line`` and both classes are null. ``left`` to ``bottom`` is
the box in pixels of the image, of a misplaced or missing one as a model would draw it. ``suspicion`` is in [0, 1], high
is worse, and comparable within a kind.
"""


def suspects_of(probe: BoxProbe, manifest: Manifest, measurements: Measurements | None) -> pa.Table:
    """Return the boxes that the probe does not agree with, as a table of `SUSPECTS_SCHEMA`."""
    objects = manifest.objects
    if objects is None:
        return SUSPECTS_SCHEMA.empty_table()
    parts = []
    names = class_names(manifest, objects)
    boxes = pixel_boxes(manifest, objects, image_sizes(manifest, measurements)).boxes
    crops, placement = probe.crops, probe.placement
    if crops is not None:
        suggested = predicted_classes(crops)
        found = np.flatnonzero((names[probe.objects] != suggested) & np.isfinite(crops.label_quality))
        doubt = class_suspicion(probe)
        found = found[np.argsort(-doubt[found], kind="stable")]
        each = probe.objects[found]
        parts.append(_rows(manifest, objects, each, "class", suggested[found], boxes[each], doubt[found]))
    if placement is not None:
        found = placement.spurious(RECALL)
        each, nothing = placement.objects[found], np.full(len(found), None, dtype=object)
        parts.append(_rows(manifest, objects, each, "spurious", nothing, boxes[each], placement.emptiness[found]))
        found = placement.misplaced(RECALL)
        each = placement.objects[found]
        wanted, shift = placement.corrected[found], placement.shift[found]
        parts.append(_rows(manifest, objects, each, "misplaced", names[each], wanted, shift))
    if probe.missing is not None:
        parts.append(_missing_rows(manifest, probe.missing))
    return pa.concat_tables(parts) if parts else SUSPECTS_SCHEMA.empty_table()


def _rows(
    manifest: Manifest,
    objects: Objects,
    each: NDArray[np.int64],
    kind: str,
    suggested: NDArray[Any],
    boxes: NDArray[np.float64],
    suspicion: NDArray[np.float64],
) -> pa.Table:
    columns = {
        **_images(manifest, objects.row[each]),
        "line": objects.line[each],
        "kind": pa.array([kind] * len(each), pa.string()),
        "given": pa.array(class_names(manifest, objects)[each].tolist(), pa.string()),
        "suggested": pa.array(suggested.tolist(), pa.string()),
        **_corners(boxes),
        "suspicion": np.clip(suspicion, 0, 1),
    }
    return pa.table(columns, schema=SUSPECTS_SCHEMA)


def _missing_rows(manifest: Manifest, missing: Missing) -> pa.Table:
    found = missing.listed(RECALL)
    nothing = pa.nulls(len(found), pa.string())
    columns = {
        **_images(manifest, missing.row[found]),
        "line": pa.nulls(len(found), pa.int64()),
        "kind": pa.array(["missing"] * len(found), pa.string()),
        "given": nothing,
        "suggested": nothing,
        **_corners(missing.boxes[found]),
        "suspicion": np.clip(missing.heat[found], 0, 1),
    }
    return pa.table(columns, schema=SUSPECTS_SCHEMA)


def _images(manifest: Manifest, rows: NDArray[np.int64]) -> dict[str, Any]:
    files = manifest.table["annotation_file"].cast(pa.string()) if "annotation_file" in manifest else None
    return {
        "sample_id": manifest.sample_ids.take(pa.array(rows)),
        "annotation_file": pa.nulls(len(rows), pa.string()) if files is None else files.take(pa.array(rows)),
    }


def _corners(boxes: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {name: boxes[:, side] for side, name in enumerate(("left", "top", "right", "bottom"))}
