"""The run folder: what is saved comes back the same; what is damaged is refused with its place."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest

from datacheck.errors import ManifestError, StorageError
from datacheck.findings import Found
from datacheck.fingerprints import fingerprint
from datacheck.labels.label_yield import LabelYield
from datacheck.manifest import Manifest
from datacheck.probing.outputs import ProbeOutputs
from datacheck.probing.storage import load_probe, save_probe
from datacheck.report import Report
from datacheck.report.json import schema
from datacheck.scanning.measurements import Measurements


def assert_same_arrays(left: object, right: object) -> None:
    if isinstance(left, np.ndarray):
        assert isinstance(right, np.ndarray)
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    elif isinstance(left, LabelYield | ProbeOutputs):
        for field in fields(left):
            assert_same_arrays(getattr(left, field.name), getattr(right, field.name))
    elif isinstance(left, dict):
        assert isinstance(right, dict)
        assert list(left) == list(right)
        for key in left:
            assert_same_arrays(left[key], right[key])
    else:
        assert repr(left) == repr(right)


def test_round_trip(crashed: Report, measurements: Measurements, probe: ProbeOutputs, tmp_path: Path) -> None:
    made = fingerprint(crashed.manifest, measurements)
    report = replace(crashed, measurements=measurements, probe=probe, fingerprint=made)
    report.save(tmp_path)
    back = Report.load(tmp_path)
    assert back.manifest.table.equals(report.manifest.table)
    assert back.manifest.classes == report.manifest.classes
    assert back.measurements is not None
    assert back.measurements.table.equals(measurements.table)
    assert back.fingerprint is not None
    assert back.fingerprint.identity == made.identity
    assert_same_arrays(probe, back.probe)
    assert back.to_json() == report.to_json()
    assert back.issues.equals(report.issues)
    for left, right in zip(report.outcomes, back.outcomes, strict=True):
        if isinstance(left.outcome, Found):
            assert isinstance(right.outcome, Found)
            assert left.outcome.issues.equals(right.outcome.issues)
        assert left.status == right.status


def test_round_trip_of_the_least(manifest: Manifest, tmp_path: Path) -> None:
    Report(manifest).save(tmp_path)
    back = Report.load(tmp_path)
    assert back.measurements is None
    assert back.probe is None
    assert back.fingerprint is None
    assert back.outcomes == ()


def test_findings_json_keeps_its_schema(crashed: Report, tmp_path: Path) -> None:
    crashed.save(tmp_path)
    jsonschema.validate(json.loads((tmp_path / "findings.json").read_text()), schema())


def test_an_older_probe_in_the_folder_does_not_leak_into_a_report_without_one(
    report: Report, probe: ProbeOutputs, tmp_path: Path
) -> None:
    save_probe(probe, tmp_path)
    report.save(tmp_path)
    assert Report.load(tmp_path).probe is None


def test_thumbnails_are_found_again_below_the_folder_and_nowhere_else(
    report: Report, measurements: Measurements, tmp_path: Path
) -> None:
    inside = tmp_path / "run" / "scan"
    inside.mkdir(parents=True)
    replace(report, measurements=Measurements(measurements.table, inside)).save(tmp_path / "run")
    loaded = Report.load(tmp_path / "run").measurements
    assert loaded is not None
    assert loaded.thumbnails == inside
    path = tmp_path / "run" / "findings.json"
    value = json.loads(path.read_text())
    value["artefacts"]["thumbnails"] = "../../etc"
    path.write_text(json.dumps(value))
    escaped = Report.load(tmp_path / "run").measurements
    assert escaped is not None
    assert escaped.thumbnails is None


@pytest.mark.parametrize(
    "name", ["manifest.parquet", "measurements.parquet", "issues.parquet", "probe.npz", "probe.json"]
)
@pytest.mark.parametrize("damage", ["missing", "truncated", "nonsense"])
def test_damaged_files_are_refused_with_their_place(
    report: Report, probe: ProbeOutputs, tmp_path: Path, name: str, damage: str
) -> None:
    replace(report, probe=probe).save(tmp_path)
    path = tmp_path / name
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.write_bytes(b"nonsense")
    with pytest.raises(StorageError, match=name.split(".")[0]):
        Report.load(tmp_path)


def test_a_folder_that_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="expected a run folder"):
        Report.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "upgrade datacheck"),
        ({"schema": "other"}, "found 'other'"),
        ({"outcomes": [{"code": "DC1", "name": "x", "status": "odd", "seconds": 0}]}, "unknown status 'odd'"),
        ({"outcomes": [{}]}, "audit again"),
        ({"outcomes": None}, "audit again"),
    ],
)
def test_unusable_findings_are_refused(report: Report, tmp_path: Path, change: dict[str, object], said: str) -> None:
    report.save(tmp_path)
    path = tmp_path / "findings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(StorageError, match=said):
        Report.load(tmp_path)


def test_measurements_of_other_samples_are_refused(report: Report, tmp_path: Path) -> None:
    report.save(tmp_path)
    table = pq.read_table(tmp_path / "measurements.parquet")
    pq.write_table(table.slice(1), tmp_path / "measurements.parquet")
    with pytest.raises(ManifestError, match="not aligned"):
        Report.load(tmp_path)


def test_a_newer_probe_is_refused(probe: ProbeOutputs, tmp_path: Path) -> None:
    save_probe(probe, tmp_path)
    path = tmp_path / "probe.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 9}))
    with pytest.raises(StorageError, match="upgrade datacheck"):
        load_probe(tmp_path)


def test_arrays_of_another_probe_are_refused(probe: ProbeOutputs, tmp_path: Path) -> None:
    save_probe(replace(probe, fold=probe.fold[:3]), tmp_path)
    with pytest.raises(StorageError, match="expected 6 rows of 'fold', found 3"):
        load_probe(tmp_path)


def test_pickled_arrays_are_never_loaded(probe: ProbeOutputs, tmp_path: Path) -> None:
    save_probe(probe, tmp_path)
    np.savez(tmp_path / "probe.npz", sample_ids=np.array([{"a": 1}], dtype=object))
    with pytest.raises(StorageError, match="allow_pickle=False"):
        load_probe(tmp_path)
