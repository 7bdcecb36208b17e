"""The report as JUnit XML, one test case a rule, for the test view of any CI server."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from datacheck.findings import Failed, Finding, Found, NotApplicable, Severity
from datacheck.report.outcomes import RuleOutcome
from datacheck.report.record import ReportRecord
from datacheck.report.wording import for_caller

SHOWN_SAMPLES = 10
"""Samples that a failure names; all of them are in ``issues.parquet``."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: ReportRecord, *, fail_on: Severity = Severity.ERROR) -> str:
    """Return the report as JUnit XML.

    A rule with a finding at or above ``fail_on`` is a failure, a rule that could not be judged is skipped with its
    reason, and a rule that crashed is an error. Findings below ``fail_on`` stand in the case's output.
    """
    suite = ET.Element("testsuite", name="datacheck", timestamp=xml_text(report.created), hostname="localhost")
    _read_case(suite, report)
    for outcome in report.outcomes:
        _case(suite, outcome, fail_on)
    return document(suite, seconds=sum(outcome.seconds for outcome in report.outcomes))


def document(suite: ET.Element, *, seconds: float | None = None) -> str:
    """Return the whole file of one suite, its cases counted."""
    counts = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
        "skipped": len(suite.findall("testcase/skipped")),
    }
    for name, count in counts.items():
        suite.set(name, str(count))
    if seconds is not None:
        suite.set("time", f"{seconds:.3f}")
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _read_case(suite: ET.Element, report: ReportRecord) -> None:
    """Add the case of what was given and was not judged; an error rather than a failure, as it is no finding."""
    case = ET.SubElement(suite, "testcase", classname="datacheck.gaps", name="everything given was judged")
    if report.gaps:
        texts = [xml_text(for_caller(gap.text, "shell")) for gap in report.gaps]
        ET.SubElement(case, "error", message=texts[0], type="Gap").text = "\n".join(texts)


def _case(suite: ET.Element, outcome: RuleOutcome, fail_on: Severity) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"datacheck.{xml_text(outcome.code)}",
        name=xml_text(f"{outcome.code} {outcome.name}"),
        time=f"{outcome.seconds:.3f}",
    )
    match outcome.outcome:
        case Found(findings):
            _found(case, findings, fail_on)
        case NotApplicable(reason):
            ET.SubElement(case, "skipped", message=xml_text(reason))
        case Failed(error, details):
            ET.SubElement(case, "error", message=xml_text(error), type="Failed").text = xml_text(details)


def _found(case: ET.Element, findings: tuple[Finding, ...], fail_on: Severity) -> None:
    # One failure a case: several are outside the schema that most servers read.
    failing = [finding for finding in findings if finding.severity >= fail_on]
    below = [finding for finding in findings if finding.severity < fail_on]
    if failing:
        worst = max(failing, key=lambda finding: finding.severity)
        body = "\n\n".join(_body(finding) for finding in failing)
        failure = ET.SubElement(case, "failure", message=xml_text(worst.message), type=worst.severity.label)
        failure.text = xml_text(body)
    if below:
        ET.SubElement(case, "system-out").text = xml_text("\n\n".join(_body(finding) for finding in below))


def _body(finding: Finding) -> str:
    lines = [f"{finding.severity.label}: {finding.message}", f"fix: {finding.remedy}"]
    if finding.sample_ids:
        named = ", ".join(finding.sample_ids[:SHOWN_SAMPLES])
        more = max(finding.n_affected, len(finding.sample_ids)) - min(SHOWN_SAMPLES, len(finding.sample_ids))
        lines.append(f"samples: {named}" + (f" and {more:,} more" if more > 0 else ""))
    return "\n".join(lines)


def xml_text(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
