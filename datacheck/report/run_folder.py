"""The run folder: one audit on disk, readable with pandas or DuckDB alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pyarrow as pa

from datacheck.checked import checked
from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE
from datacheck.errors import StorageError
from datacheck.findings import SAMPLE_ISSUES_SCHEMA
from datacheck.fingerprints import Fingerprint
from datacheck.manifest import Manifest
from datacheck.manifest.object_store import Address
from datacheck.probing.objects import BoxProbe, load_box_probe, save_box_probe
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.segments import MaskProbe, load_mask_probe, save_mask_probe
from datacheck.probing.storage import load_probe, save_probe
from datacheck.report.outcomes import RuleOutcome
from datacheck.report.plans import load_plan
from datacheck.scanning.measurements import Measurements
from datacheck.scanning.working_copy import local_copy, working_copy
from datacheck.storage import check_version, read_json, read_table, reading, write_json, write_table

FINDINGS = "datacheck.findings"
"""The schema that ``findings.json`` names."""

VERSION = 1
"""Version of ``findings.json`` and ``issues.parquet``."""


@dataclass(frozen=True)
class Tables:
    """The tables of one audit; None where it made none."""

    manifest: Manifest
    issues: pa.Table
    measurements: Measurements | None
    fingerprint: Fingerprint | None
    probe: ProbeOutputs | None
    box_probe: BoxProbe | None = None
    mask_probe: MaskProbe | None = None


@dataclass(frozen=True)
class SavedSettings:
    """The settings in ``findings.json`` that later steps read, with their types."""

    given: Sequence[str] = ()
    source: Mapping[str, Any] = field(default_factory=dict)
    out: str | None = None
    seed: int = 0
    fail_on: str = "error"
    near_duplicate_distance: int = DEFAULT_NEAR_DUPLICATE_DISTANCE
    duplicates: str = "auto"
    deployment_shares: Mapping[str, float] | None = None
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def write_run_folder(folder: str | Path, findings: Mapping[str, Any], tables: Tables) -> None:
    """Write the run folder; ``findings.json`` goes last, and says which of the other files belong to it."""
    address = Address.of(folder)
    if address is not None:
        with working_copy(address, needed=False) as run:
            write_run_folder(run.folder, findings, tables)
        return
    folder = Path(folder)
    tables.manifest.save(folder / "manifest.parquet")
    thumbnails = None
    if tables.measurements is not None:
        tables.measurements.save(folder / "measurements.parquet")
        thumbnails = _inside(tables.measurements.thumbnails, folder)
    if tables.fingerprint is not None:
        tables.fingerprint.save(folder / "fingerprint.json")
    if tables.probe is not None:
        save_probe(tables.probe, folder)
    if tables.box_probe is not None:
        save_box_probe(tables.box_probe, tables.manifest, tables.measurements, folder)
    if tables.mask_probe is not None:
        save_mask_probe(tables.mask_probe, tables.manifest, folder)
    write_table(folder / "issues.parquet", tables.issues, {"schema": "datacheck.issues", "version": VERSION})
    artefacts = {
        "measurements": tables.measurements is not None,
        "fingerprint": tables.fingerprint is not None,
        "probe": tables.probe is not None,
        "boxes": tables.box_probe is not None,
        "masks": tables.mask_probe is not None,
        "thumbnails": thumbnails,
    }
    write_json(folder / "findings.json", {**findings, "artefacts": artefacts})


def read_run_folder(folder: str | Path) -> dict[str, Any]:
    """Return the fields of the report that a run folder holds.

    Raises
    ------
    StorageError
        When the folder is no run folder, or a file of it is missing, damaged or of a newer version.
    """
    folder = local_copy(folder)
    path = folder / "findings.json"
    if not path.is_file():
        raise StorageError(f"expected a run folder (with findings.json) at {folder}, found none: run datacheck audit")
    value = read_json(path, schema=FINDINGS, version=VERSION)
    issues, metadata = read_table(folder / "issues.parquet", what="sample issues")
    check_version(metadata.get("version"), VERSION, what="sample issues", where=folder / "issues.parquet")
    manifest = Manifest.load(folder / "manifest.parquet")
    with reading(path, "the findings of an audit", "audit again"):
        issues = issues.replace_schema_metadata(None).cast(SAMPLE_ISSUES_SCHEMA)
        return _fields(value, manifest, issues, folder)


def _fields(value: Mapping[str, Any], manifest: Manifest, issues: pa.Table, folder: Path) -> dict[str, Any]:
    artefacts, settings = value["artefacts"], value["settings"]
    known = {one.name for one in fields(SavedSettings)}
    checked(SavedSettings(**{name: one for name, one in settings.items() if name in known}), folder / "findings.json")
    measurements = _measurements(folder, manifest, artefacts["thumbnails"]) if artefacts["measurements"] else None
    fingerprint = Fingerprint.load(folder / "fingerprint.json") if artefacts["fingerprint"] else None
    return {
        "manifest": manifest,
        "measurements": measurements,
        "fingerprint": fingerprint,
        "probe": load_probe(folder) if artefacts["probe"] else None,
        "box_probe": load_box_probe(folder, manifest) if artefacts.get("boxes") else None,
        "mask_probe": load_mask_probe(folder, manifest) if artefacts.get("masks") else None,
        "plan": load_plan(folder, fingerprint),
        "outcomes": tuple(RuleOutcome.from_json(entry, issues) for entry in value["outcomes"]),
        "seconds": value["seconds"],
        "created": value["created"],
        "version": value["datacheck"],
        "settings": settings,
        "notes": tuple(value["notes"]),
        "unmet": tuple(value["unmet"]),
    }


def _measurements(folder: Path, manifest: Manifest, thumbnails: str | None) -> Measurements:
    place = None if thumbnails is None else folder / thumbnails
    kept = place if place is not None and _inside(place, folder) and place.exists() else None
    measurements = Measurements.load(folder / "measurements.parquet", kept)
    measurements.check_aligned(manifest)
    return measurements


def _inside(path: Path | None, folder: Path) -> str | None:
    """Return ``path`` relative to ``folder``, or None where it is not below it."""
    if path is None:
        return None
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None
