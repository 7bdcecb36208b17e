"""``boxes/``: a probe of boxes in a run folder, without pickle."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datacheck.checked import checked
from datacheck.errors import StorageError
from datacheck.manifest import Manifest
from datacheck.probing.objects.missing import Missing
from datacheck.probing.objects.outputs import BoxProbe, object_ids
from datacheck.probing.objects.placement import Placement
from datacheck.probing.objects.suspects import suspects_of
from datacheck.probing.storage import load_probe, save_probe
from datacheck.scanning.measurements import Measurements
from datacheck.storage import atomic_path, read_json, reading, write_json, write_table

FOLDER = "boxes"
"""Folder of the probe of boxes in a run folder."""

SCHEMA, VERSION = "datacheck.boxes", 1
"""What ``boxes/boxes.json`` says of itself."""

IDS = "box_ids"
"""Array of ``placement.npz`` that names the boxes."""

IMAGE_IDS = "sample_ids"
"""Array of ``missing.npz`` that names the images."""


def save_box_probe(probe: BoxProbe, manifest: Manifest, measurements: Measurements | None, run_folder: Path) -> None:
    """Write a probe of boxes, and the table of suspects for other programs, into a run folder."""
    folder = run_folder / FOLDER
    folder.mkdir(exist_ok=True)
    if probe.crops is not None:
        save_probe(probe.crops, folder)
    if probe.placement is not None:
        assert manifest.objects is not None
        arrays = {one.name: getattr(probe.placement, one.name) for one in fields(Placement)}
        arrays[IDS] = object_ids(manifest, manifest.objects)[arrays.pop("objects")]
        _save_arrays(folder / "placement.npz", arrays)
    if probe.missing is not None:
        arrays = {one.name: np.asarray(getattr(probe.missing, one.name)) for one in fields(Missing)}
        arrays[IMAGE_IDS] = np.array(manifest.sample_ids.take(pa.array(arrays.pop("row"))).to_pylist(), dtype=np.str_)
        _save_arrays(folder / "missing.npz", arrays)
    metadata = {"schema": "datacheck.suspects", "version": VERSION}
    write_table(folder / "suspects.parquet", suspects_of(probe, manifest, measurements), metadata)
    numbers = {
        "schema": SCHEMA,
        "version": VERSION,
        "judged": probe.crops is not None,
        "placed": probe.placement is not None,
        "why_not": probe.why_not,
        "why_not_placed": probe.why_not_placed,
        "searched": probe.missing is not None,
        "why_not_missing": probe.why_not_missing,
        "left_out": [list(one) for one in probe.left_out],
        "seconds": probe.seconds,
    }
    write_json(folder / "boxes.json", numbers)


def _save_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def load_box_probe(run_folder: Path, manifest: Manifest) -> BoxProbe:
    """Read a probe of boxes back; its boxes are found in the manifest by their ids.

    Raises
    ------
    StorageError
        When a file is missing or damaged, or a box is not in the manifest.
    """
    folder = run_folder / FOLDER
    path = folder / "boxes.json"
    value = read_json(path, schema=SCHEMA, version=VERSION)
    with reading(path, "a probe of boxes", "probe again"):
        crops = load_probe(folder) if value["judged"] else None
        found = np.empty(0, dtype=np.int64) if crops is None else _objects(manifest, crops.sample_ids, folder)
        placement = _placement(folder / "placement.npz", manifest) if value["placed"] else None
        missing = _missing(folder / "missing.npz", manifest) if value["searched"] else None
        left_out = tuple((str(words), int(count)) for words, count in value["left_out"])
        probe = BoxProbe(
            found, crops, value["why_not"], left_out, value["seconds"], placement, value["why_not_placed"],
            missing, value["why_not_missing"],
        )  # fmt: skip
        return checked(probe, path)


def _placement(path: Path, manifest: Manifest) -> Placement:
    with reading(path, "the places of boxes", "probe again"), path.open("rb") as stream, np.load(stream) as archive:
        arrays = {name: archive[name] for name in archive.files}
        objects = _objects(manifest, arrays.pop(IDS), path)
        placement = Placement(objects=objects, **arrays)
    n = len(objects)
    if any(len(one) != n for one in (placement.emptiness, placement.shift, placement.corrected)):
        raise StorageError(f"{path}: expected {n} rows in each array; probe again")
    return placement


def _missing(path: Path, manifest: Manifest) -> Missing:
    with reading(path, "objects without a box", "probe again"), path.open("rb") as stream, np.load(stream) as archive:
        row = pc.index_in(pa.array(archive[IMAGE_IDS].tolist(), pa.string()), value_set=manifest.sample_ids)
        if row.null_count:
            raise StorageError(f"{path}: expected the images of manifest.parquet, found others; probe again")
        missing = Missing(
            row.to_numpy().astype(np.int64), archive["boxes"], archive["heat"], archive["hidden_heat"],
            int(archive["n_boxes"]), int(archive["n_images"]),
        )  # fmt: skip
    if len(missing.boxes) != len(row) or len(missing.heat) != len(row):
        raise StorageError(f"{path}: expected {len(row)} rows in each array; probe again")
    return missing


def _objects(manifest: Manifest, ids: NDArray[np.str_], where: Path) -> NDArray[np.int64]:
    """Return the numbers of the objects with some ids."""
    known = [] if manifest.objects is None else object_ids(manifest, manifest.objects).tolist()
    place = {name: number for number, name in enumerate(known)}
    if any(name not in place for name in ids.tolist()):
        raise StorageError(f"{where}: expected the boxes of manifest.parquet, found others; probe again")
    return np.array([place[name] for name in ids.tolist()], dtype=np.int64)
