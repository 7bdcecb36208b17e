"""``masks/``: a probe of masks in a run folder, without pickle, and its tables for other programs."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from datacheck.checked import checked
from datacheck.manifest import Manifest
from datacheck.probing.segments.grids import GRID
from datacheck.probing.segments.outputs import MaskProbe
from datacheck.probing.segments.suspicion import RECALLS, KindOfSuspects
from datacheck.storage import atomic_path, read_json, reading, write_json, write_table

FOLDER = "masks"
"""Folder of the probe of masks in a run folder."""

SCHEMA, VERSION = "datacheck.masks", 1
"""What ``masks/masks.json`` says of itself."""

SUSPECTS_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("mask", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        pa.field("left", pa.float64()),
        pa.field("top", pa.float64()),
        pa.field("right", pa.float64()),
        pa.field("bottom", pa.float64()),
        pa.field("share", pa.float64()),
        pa.field("suspicion", pa.float64(), nullable=False),
    ]
)
"""Columns of ``masks/suspects.parquet``, a row a region that is listed, the most suspect of each kind first.

``kind`` is ``class`` (another class is more likely), ``missing`` (something is there that was not drawn) or ``border``
(the border lies elsewhere). ``left`` to ``bottom`` are shares of width and height, ``share`` that of the image's area.
``suspicion`` is in [0, 1], high is worse, and comparable within a kind.
"""


def suspects_table(probe: MaskProbe, manifest: Manifest) -> pa.Table:
    """Return the listed regions as a table of `SUSPECTS_SCHEMA`."""
    parts = []
    names = np.array(probe.classes, dtype=object)
    for name, kind in probe.kinds.items():
        listed = kind.listed(RECALLS[name])
        rows = pa.array(kind.row[listed])
        given = names[kind.label[listed]]
        columns: dict[str, Any] = {
            "sample_id": manifest.sample_ids.take(rows),
            "mask": manifest.table["uri" if manifest.has_instances else "label_uri"].cast(pa.string()).take(rows),
            "kind": pa.array([name] * len(listed), pa.string()),
            "given": given.tolist(),
            "suggested": (given if name == "border" else names[kind.suggested[listed]]).tolist(),
            **{side: kind.box[listed, k] / GRID for k, side in enumerate(("left", "top", "right", "bottom"))},
            "share": kind.size[listed] / GRID**2,
            "suspicion": kind.suspicion[listed],
        }
        parts.append(pa.table(columns, schema=SUSPECTS_SCHEMA))
    return pa.concat_tables(parts) if parts else SUSPECTS_SCHEMA.empty_table()


def save_mask_probe(probe: MaskProbe, manifest: Manifest, run_folder: Path) -> None:
    """Write a probe of masks, the suspects, and the label quality of each image, into a run folder."""
    folder = run_folder / FOLDER
    folder.mkdir(exist_ok=True)
    ids = np.array(manifest.sample_ids.to_pylist(), dtype=np.str_)
    arrays = {"ids": ids[probe.rows], "pixel_quality": probe.pixel_quality, "image_quality": probe.image_quality}
    arrays["predicted"] = probe.predicted
    for name, kind in probe.kinds.items():
        for one in fields(KindOfSuspects):
            value = getattr(kind, one.name)
            arrays[f"{name}.{one.name}"] = ids[value] if one.name == "row" else np.asarray(value)
    with atomic_path(folder / "masks.npz") as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
    metadata = {"schema": "datacheck.mask_suspects", "version": VERSION}
    write_table(folder / "suspects.parquet", suspects_table(probe, manifest), metadata)
    quality = {
        "sample_id": ids[probe.rows].tolist(),
        "pixel_quality": probe.pixel_quality,
        "image_quality": probe.image_quality,
    }
    write_table(folder / "quality.parquet", pa.table(quality), {"schema": "datacheck.mask_quality", "version": VERSION})
    numbers = {
        "schema": SCHEMA,
        "version": VERSION,
        "classes": list(probe.classes),
        "values": list(probe.values),
        "kinds": list(probe.kinds),
        "accuracy": None if np.isnan(probe.accuracy) else probe.accuracy,
        "baseline": None if np.isnan(probe.baseline) else probe.baseline,
        "why_not": probe.why_not,
        "left_out": [list(one) for one in probe.left_out],
        "model": probe.model,
        "seconds": probe.seconds,
    }
    write_json(folder / "masks.json", numbers)


def load_mask_probe(run_folder: Path, manifest: Manifest) -> MaskProbe:
    """Read a probe of masks back; images are found in the manifest by their ids.

    Raises
    ------
    StorageError
        When a file is missing or damaged, or an image is not in the manifest.
    """
    path = run_folder / FOLDER / "masks.json"
    value = read_json(path, schema=SCHEMA, version=VERSION)
    place = {name: row for row, name in enumerate(manifest.sample_ids.to_pylist())}
    with reading(path, "a probe of masks", "probe again"):
        with (path.parent / "masks.npz").open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        kinds = {}
        for name in value["kinds"]:
            columns = {one.name: arrays[f"{name}.{one.name}"] for one in fields(KindOfSuspects)}
            columns["row"] = np.array([place[each] for each in columns["row"].tolist()], dtype=np.int64)
            kinds[name] = KindOfSuspects(**{**columns, "candidates_found": float(columns["candidates_found"])})
        probe = MaskProbe(
            classes=tuple(value["classes"]),
            rows=np.array([place[each] for each in arrays["ids"].tolist()], dtype=np.int64),
            pixel_quality=arrays["pixel_quality"],
            image_quality=arrays["image_quality"],
            accuracy=float("nan") if value["accuracy"] is None else value["accuracy"],
            baseline=float("nan") if value["baseline"] is None else value["baseline"],
            kinds=kinds,
            why_not=value["why_not"],
            left_out=tuple((str(words), int(count)) for words, count in value["left_out"]),
            model=value["model"],
            seconds=value["seconds"],
            values=tuple(value.get("values", ())),
            **({"predicted": arrays["predicted"]} if "predicted" in arrays else {}),
        )
        return checked(probe, path)
