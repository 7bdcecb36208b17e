"""The report as GitHub workflow commands, which GitHub shows as annotations."""

from __future__ import annotations

from collections.abc import Mapping

from datacheck.findings import Failed, Finding, Severity
from datacheck.report.dataset import sample_files
from datacheck.report.record import ReportRecord
from datacheck.report.wording import for_caller
from datacheck.text import clean

SHOWN_SAMPLES = 5
"""Samples that an annotation names: it is read in a narrow column."""

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: ReportRecord, *, fail_on: Severity = Severity.ERROR) -> str:
    """Return one annotation for each finding, worst first, and one for each rule that crashed.

    The file is that of the worst sample, relative to the working directory, which is the repository in a workflow.
    """
    ids = [finding.sample_ids[0] for finding in report.findings if finding.sample_ids]
    files = sample_files(report.manifest, ids)
    lines = [
        f"::error title={property_text(f'{outcome.code} {outcome.name} crashed')}::{data_text(outcome.outcome.error)}"
        for outcome in report.failed
        if isinstance(outcome.outcome, Failed)
    ]
    lines.extend(f"::error title=not judged::{data_text(for_caller(gap.text, 'shell'))}" for gap in report.gaps)
    lines.extend(_annotation(finding, files) for finding in report.findings)
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding, files: Mapping[str, str]) -> str:
    file = files.get(finding.sample_ids[0]) if finding.sample_ids else None
    place = f"file={property_text(file)}," if file else ""
    title = property_text(f"{finding.code} {finding.name}")
    named = f"\nSamples: {', '.join(finding.sample_ids[:SHOWN_SAMPLES])}" if finding.sample_ids else ""
    more = finding.n_affected - min(SHOWN_SAMPLES, len(finding.sample_ids))
    rest = f" and {more:,} more" if named and more > 0 else ""
    message = data_text(f"{finding.message}\nFix: {finding.remedy}{named}{rest}")
    return f"::{COMMANDS[finding.severity]} {place}title={title}::{message}"


def data_text(text: str) -> str:
    """Return text as the message of a workflow command."""
    lines = [clean(line).replace("%", "%25") for line in text.splitlines()]
    return "%0A".join(lines)


def property_text(text: str) -> str:
    """Return text as a property of a workflow command."""
    return data_text(text).replace(":", "%3A").replace(",", "%2C")
