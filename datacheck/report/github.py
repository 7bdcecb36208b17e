"""The report as GitHub workflow commands, which GitHub shows as annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacheck.findings import Failed, Finding, Severity
from datacheck.report.words import look_up

if TYPE_CHECKING:
    from datacheck.report.report import Report

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, *, fail_on: Severity = Severity.ERROR) -> str:
    """Return one annotation for each finding, worst first, and one for each rule that crashed.

    The file is that of the worst sample, relative to the dataset's root.
    """
    ids = [finding.sample_ids[0] for finding in report.findings if finding.sample_ids]
    uris = {key: row.get("uri") for key, row in look_up(report.manifest, ids, ["uri"]).items()}
    lines = [
        f"::error title={_property(f'{outcome.code} {outcome.name} crashed')}::{_data(outcome.outcome.error)}"
        for outcome in report.failed
        if isinstance(outcome.outcome, Failed)
    ]
    lines.extend(_annotation(finding, uris) for finding in report.findings)
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding, uris: dict[str, str | None]) -> str:
    uri = uris.get(finding.sample_ids[0]) if finding.sample_ids else None
    place = f"file={_property(uri)}," if uri else ""
    title = _property(f"{finding.code} {finding.name}")
    named = f"\nSamples: {', '.join(finding.sample_ids[:5])}" if finding.sample_ids else ""
    more = finding.n_affected - min(5, len(finding.sample_ids))
    rest = f" and {more:,} more" if named and more > 0 else ""
    message = _data(f"{finding.message}\nFix: {finding.remedy}{named}{rest}")
    return f"::{_COMMANDS[finding.severity]} {place}title={title}::{message}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
