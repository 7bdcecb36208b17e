"""The report as JSON; its schema is ``schema/findings.schema.json``."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, cast

from datacheck.findings import Severity
from datacheck.report.record import ReportRecord


def render(report: ReportRecord, *, fail_on: Severity = Severity.ERROR) -> str:
    """Return the report as JSON text; the findings stand in the order of their rules."""
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the JSON schema of `render` and of ``findings.json``."""
    text = files("datacheck.report").joinpath("schema/findings.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))
