"""The run folder: one audit on disk, readable with pandas or DuckDB alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from datacheck.errors import ConfigError, StorageError
from datacheck.findings import SAMPLE_ISSUES_SCHEMA, Failed, Finding, Found, NotApplicable, Outcome, Passed
from datacheck.manifest import Manifest
from datacheck.report.plans import load_plan
from datacheck.report.report import Report, RuleOutcome
from datacheck.scanning.measurements import Measurements
from datacheck.storage import check_version, read_json, read_table, write_json, write_table

if TYPE_CHECKING:
    from datacheck.fingerprints import Fingerprint

SCHEMA = "datacheck.findings"
VERSION = 1
"""Version of ``findings.json`` and ``issues.parquet``."""


def report_json(report: Report) -> dict[str, Any]:
    """Return a report's findings and outcomes as plain JSON values, without the per-sample tables."""
    manifest = report.manifest
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "datacheck": report.version,
        "created": report.created,
        "seconds": report.seconds,
        "settings": json_safe(report.settings),
        "dataset": {
            "took_for": manifest.took_for,
            "task": manifest.task.value,
            "modality": manifest.modality.value,
            "root": None if manifest.root is None else str(manifest.root),
            "samples": len(manifest),
            "classes": list(manifest.classes),
            "splits": list(manifest.splits),
        },
        "summary": {
            "worst": None if report.worst is None else report.worst.label,
            "findings": dict(report.counts),
            "rules": {
                status.replace("-", "_"): len(report.with_status(status))
                for status in ("passed", "found", "not-applicable", "failed")
            },
        },
        "outcomes": [_outcome_json(outcome) for outcome in report.outcomes],
    }


def json_safe(value: Any) -> Any:
    """Return plain JSON values: numpy scalars and arrays unpacked, NaN and infinity null, other objects as text.

    Examples
    --------
    >>> json_safe({"share": np.float32(0.5), "gap": float("nan"), 3: (1, 2)})
    {'share': 0.5, 'gap': None, '3': [1, 2]}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): json_safe(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | bool | int) else str(value)


def save_report(report: Report, folder: Path) -> None:
    """Write the run folder; ``findings.json`` goes last, and says which of the others belong to it."""
    report.manifest.save(folder / "manifest.parquet")
    thumbnails = None
    if report.measurements is not None:
        report.measurements.save(folder / "measurements.parquet")
        thumbnails = _inside(report.measurements.thumbnails, folder)
    if report.fingerprint is not None:
        report.fingerprint.save(folder / "fingerprint.json")
    if report.probe is not None:
        from datacheck.probing.storage import save_probe

        save_probe(report.probe, folder)
    write_table(folder / "issues.parquet", report.issues, {"schema": "datacheck.issues", "version": VERSION})
    artefacts = {
        "measurements": report.measurements is not None,
        "fingerprint": report.fingerprint is not None,
        "probe": report.probe is not None,
        "thumbnails": thumbnails,
    }
    write_json(folder / "findings.json", {**report_json(report), "artefacts": artefacts})


def load_report(folder: Path) -> Report:
    """Read what `save_report` wrote.

    Raises
    ------
    StorageError
        When the folder is no run folder, or a file of it is missing, damaged or of a newer version.
    """
    path = folder / "findings.json"
    if not path.is_file():
        raise StorageError(f"expected a run folder (with findings.json) at {folder}, found none: run datacheck audit")
    value = read_json(path, schema=SCHEMA, version=VERSION)
    issues, metadata = read_table(folder / "issues.parquet", what="sample issues")
    check_version(metadata.get("version"), VERSION, what="sample issues", where=folder / "issues.parquet")
    manifest = Manifest.load(folder / "manifest.parquet")
    try:
        issues = issues.replace_schema_metadata(None).cast(SAMPLE_ISSUES_SCHEMA)
        return _report(value, manifest, issues, folder)
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise StorageError(
            f"expected the findings of an audit in {path}, but {type(error).__name__}: {error}; audit again"
        ) from error


def _report(value: Mapping[str, Any], manifest: Manifest, issues: pa.Table, folder: Path) -> Report:
    artefacts = value["artefacts"]
    measurements = fingerprint = probe = None
    if artefacts["measurements"]:
        kept = None if artefacts["thumbnails"] is None else folder / artefacts["thumbnails"]
        thumbnails = kept if kept is not None and _inside(kept, folder) and kept.exists() else None
        measurements = Measurements.load(folder / "measurements.parquet", thumbnails)
        measurements.check_aligned(manifest)
    if artefacts["fingerprint"]:
        fingerprint = _load_fingerprint(folder / "fingerprint.json")
    if artefacts["probe"]:
        from datacheck.probing.storage import load_probe

        probe = load_probe(folder)
    return Report(
        manifest=manifest,
        measurements=measurements,
        fingerprint=fingerprint,
        probe=probe,
        plan=load_plan(folder, fingerprint),
        outcomes=tuple(_outcome(entry, issues) for entry in value["outcomes"]),
        seconds=value["seconds"],
        created=value["created"],
        version=value["datacheck"],
        settings=value["settings"],
    )


def _load_fingerprint(path: Path) -> Fingerprint:
    from datacheck.fingerprints import Fingerprint

    return Fingerprint.load(path)


def _outcome_json(outcome: RuleOutcome) -> dict[str, Any]:
    value: dict[str, Any] = {
        "code": outcome.code,
        "name": outcome.name,
        "status": outcome.status,
        "seconds": outcome.seconds,
    }
    match outcome.outcome:
        case Passed(summary):
            value["summary"] = summary
        case Found():
            value["findings"] = [json_safe(finding.to_json()) for finding in outcome.findings]
        case NotApplicable(reason):
            value["reason"] = reason
        case Failed(error, details):
            value["error"] = error
            value["details"] = details
    return value


def _outcome(value: Mapping[str, Any], issues: pa.Table) -> RuleOutcome:
    outcome: Outcome
    match value["status"]:
        case "passed":
            outcome = Passed(value["summary"])
        case "found":
            findings = tuple(Finding.from_json(entry) for entry in value["findings"])
            outcome = Found(findings, issues.filter(pc.equal(issues["code"], value["code"])))
        case "not-applicable":
            outcome = NotApplicable(value["reason"])
        case "failed":
            outcome = Failed(value["error"], value["details"])
        case status:
            raise ValueError(f"rule {value['code']} has the unknown status {status!r}")
    return RuleOutcome(value["code"], value["name"], outcome, value["seconds"])


def _inside(path: Path | None, folder: Path) -> str | None:
    """Return ``path`` relative to ``folder``, or None where it is not below it."""
    if path is None:
        return None
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None
