"""The report in lines: path first, one line for each finding and one for each sample, none of them cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from datacheck.findings import Failed, Finding, Severity
from datacheck.report.dataset import count_words, dataset_line, inventory_notes, sample_files
from datacheck.report.families import checked_line
from datacheck.report.gaps import Caller
from datacheck.report.next_step import next_step
from datacheck.report.places import from_working_directory
from datacheck.report.record import ReportRecord
from datacheck.report.wording import for_caller, remedy_text
from datacheck.text import clean, number


def render(
    report: ReportRecord,
    *,
    fail_on: Severity = Severity.ERROR,
    caller: Caller = "shell",
    html: Path | str | None = None,
) -> str:
    """Return the report as lines that ``grep``, an editor or a log can take.

    First what was read and what was not judged; then each finding with its fix, worst first, followed by its samples;
    then the counts. A line starts with the dataset's folder or the sample's file, relative to the working directory.
    """
    place = dataset_place(report)
    return "".join(f"{clean(for_caller(line, caller))}\n" for line in _lines(report, place, caller, html))


def dataset_place(report: ReportRecord) -> str:
    """Return the dataset's folder or file relative to the working directory; ``dataset`` where it has none."""
    given = report.settings.get("given", [])
    root = given[0] if len(given) == 1 else report.manifest.root
    return "dataset" if root is None else from_working_directory(str(root), Path.cwd())


def _lines(report: ReportRecord, place: str, caller: Caller, html: Path | str | None) -> Iterator[str]:
    yield f"{place}: {dataset_line(report.manifest)}"
    if report.manifest.took_for:
        yield f"{place}: {report.manifest.took_for}"
    for gap in report.gaps:
        yield f"{place}: unjudged: {gap.text}" + _fix(None if gap.remedy is None else remedy_text(gap.remedy, caller))
    for note in inventory_notes(report, verbose=True):
        yield f"{place}: {note.word}: {note.text}" + _fix(
            None if note.remedy is None else remedy_text(note.remedy, caller)
        )
    for outcome in report.failed:
        if isinstance(outcome.outcome, Failed):
            yield f"{place}: crashed {outcome.code} {outcome.name}: {outcome.outcome.error}"
    named: set[str] = set()
    for finding in report.findings:
        yield f"{place}: {_head(finding)}: {finding.message.rstrip('.')}{_fix(finding.remedy)}"
        if finding.code not in named:
            named.add(finding.code)
            yield from _samples(report, finding, place)
    for item in getattr(report.plan, "items", ()):
        yield f"{place}: plan {item.kind} {item.name}: {item.verdict}: {item.summary}"
    if report.outcomes:
        yield f"{place}: {checked_line(report, caller)}"
    counts, rules = count_words(report)
    yield f"{place}: {counts} ({rules})"
    if html is not None:
        yield f"{place}: report: {html}"
    following = next_step(report, caller)
    if following:
        yield f"{place}: next: {following}"


def _head(finding: Finding) -> str:
    return f"{finding.severity.label} {finding.code} {finding.name}"


def _fix(remedy: str | None) -> str:
    return "" if not remedy else f". Fix: {remedy}"


def _samples(report: ReportRecord, finding: Finding, place: str) -> Iterator[str]:
    """Yield a line for each sample that the finding's rule names."""
    rows = report.issues.filter(pc.equal(report.issues["code"], finding.code)).to_pylist()
    files = sample_files(report.manifest, [row["sample_id"] for row in rows])
    for row in rows:
        parts = [row["note"] or "", f"see {row['related_id']}" if row["related_id"] else ""]
        parts += [] if row["note"] or row["value"] is None else [f"value {number(row['value'])}"]
        what = ", ".join(part for part in parts if part)
        file = files.get(row["sample_id"]) or f"{place}: sample {row['sample_id']}"
        yield f"{file}: {_head(finding)}" + (f": {what}" if what else "")
