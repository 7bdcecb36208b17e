"""The report as SARIF 2.1.0, for code-scanning views."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datacheck.findings import Failed, Finding, Severity
from datacheck.report.dataset import sample_files
from datacheck.report.outcomes import RuleOutcome, json_safe
from datacheck.report.places import file_uri
from datacheck.report.record import ReportRecord
from datacheck.report.rule_pages import RulePage, rule_pages
from datacheck.report.wording import for_caller

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
BASE = "%SRCROOT%"
"""The name of the working directory in artifact locations, as code-scanning services spell it."""

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render(report: ReportRecord, *, fail_on: Severity = Severity.ERROR) -> str:
    """Return the report as SARIF; a rule that crashed is a tool notification."""
    pages = rule_pages()
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "datacheck",
                "version": report.version,
                "rules": [
                    rule_entry(outcome.code, outcome.name, pages.get(outcome.code, RulePage()))
                    for outcome in report.outcomes
                ],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not (report.failed or report.gaps),
                "exitCode": report.exit_code(fail_on),
                "toolExecutionNotifications": [
                    *(_notification(outcome) for outcome in report.failed),
                    *({"level": "error", "message": {"text": for_caller(gap.text, "shell")}} for gap in report.gaps),
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": _results(report),
    }
    if f'"uriBaseId": "{BASE}"' in json.dumps(run["results"]):
        run["originalUriBaseIds"] = {BASE: {"uri": Path.cwd().as_uri().rstrip("/") + "/"}}
    return log_of(run)


def log_of(run: dict[str, Any]) -> str:
    """Return the whole log of one run."""
    log = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def rule_entry(code: str, name: str, page: RulePage) -> dict[str, Any]:
    """Return what the log says of a rule."""
    text = "\n\n".join(f"{head}\n{body}" for head, body in page.sections.items() if head != "Example")
    markdown = "\n\n".join(f"## {head}\n\n{body}" for head, body in page.sections.items() if head != "Example")
    summary = page.summary or name
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": page.sections.get("What", summary)},
        "help": {"text": text or summary, "markdown": markdown or summary},
        "defaultConfiguration": {"level": LEVELS[page.severity]},
    }


def _results(report: ReportRecord) -> list[dict[str, Any]]:
    index = {outcome.code: position for position, outcome in enumerate(report.outcomes)}
    ids = [sample_id for finding in report.findings for sample_id in finding.sample_ids]
    files = sample_files(report.manifest, ids)
    return [_result(finding, index.get(finding.code, -1), files) for finding in report.findings]


def _result(finding: Finding, rule_index: int, files: Mapping[str, str]) -> dict[str, Any]:
    locations = [location_of(files[sample_id]) for sample_id in finding.sample_ids if sample_id in files]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.message} Fix: {finding.remedy}"},
        "locations": locations[:1],
        "relatedLocations": [{"id": number, **place} for number, place in enumerate(locations[1:], start=1)],
        "partialFingerprints": {"datacheck/v1": f"{finding.code}/{'|'.join(sorted(finding.sample_ids)[:3])}"},
        "properties": {
            "evidence": json_safe(finding.evidence),
            "affected": finding.n_affected,
            "sampleIds": list(finding.sample_ids),
        },
    }


def location_of(file: str) -> dict[str, Any]:
    """Return the location of a file, which is relative to the working directory or an address."""
    place = {"uri": file_uri(file)}
    if ":" not in place["uri"]:  # a relative path: a colon of its own would be escaped
        place["uriBaseId"] = BASE
    return {"physicalLocation": {"artifactLocation": place}}


def _notification(outcome: RuleOutcome) -> dict[str, Any]:
    error = outcome.outcome.error if isinstance(outcome.outcome, Failed) else ""
    return {
        "level": "error",
        "message": {"text": f"{outcome.code} {outcome.name} crashed: {error}"},
        "associatedRule": {"id": outcome.code},
    }
