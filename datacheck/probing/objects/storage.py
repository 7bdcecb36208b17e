"""``boxes/``: a probe of boxes in a run folder, without pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datacheck.checked import checked
from datacheck.errors import StorageError
from datacheck.manifest import Manifest
from datacheck.probing.objects.outputs import BoxProbe, object_ids, suspects_of
from datacheck.probing.storage import load_probe, save_probe
from datacheck.scanning.measurements import Measurements
from datacheck.storage import read_json, reading, write_json, write_table

FOLDER = "boxes"
"""Folder of the probe of boxes in a run folder."""

SCHEMA, VERSION = "datacheck.boxes", 1
"""What ``boxes/boxes.json`` says of itself."""


def save_box_probe(probe: BoxProbe, manifest: Manifest, measurements: Measurements | None, run_folder: Path) -> None:
    """Write a probe of boxes, and the table of suspects for other programs, into a run folder."""
    folder = run_folder / FOLDER
    folder.mkdir(exist_ok=True)
    if probe.crops is not None:
        save_probe(probe.crops, folder)
    write_table(
        folder / "suspects.parquet",
        suspects_of(probe, manifest, measurements),
        {"schema": "datacheck.suspects", "version": VERSION},
    )
    numbers = {
        "schema": SCHEMA,
        "version": VERSION,
        "judged": probe.crops is not None,
        "why_not": probe.why_not,
        "left_out": [list(one) for one in probe.left_out],
        "seconds": probe.seconds,
    }
    write_json(folder / "boxes.json", numbers)


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
    crops, found = None, np.empty(0, dtype=np.int64)
    with reading(path, "a probe of boxes", "probe again"):
        if value["judged"]:
            crops = load_probe(folder)
            objects = manifest.objects
            known = [] if objects is None else object_ids(manifest, objects).tolist()
            place = {name: number for number, name in enumerate(known)}
            if any(name not in place for name in crops.sample_ids.tolist()):
                raise StorageError(f"{folder}: expected the boxes of manifest.parquet, found others; probe again")
            found = np.array([place[name] for name in crops.sample_ids.tolist()], dtype=np.int64)
        left_out = tuple((str(words), int(count)) for words, count in value["left_out"])
        return checked(BoxProbe(found, crops, value["why_not"], left_out, value["seconds"]), path)
