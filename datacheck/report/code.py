"""What was found in code, in the formats of an audit: terminal, concise, json, junit, sarif and github."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from datacheck.findings import Severity
from datacheck.linting.results import CodeFinding, LintReport
from datacheck.report.github import COMMANDS, data_text, property_text
from datacheck.report.junit import document, xml_text
from datacheck.report.places import from_working_directory
from datacheck.report.rule_pages import RulePage, rule_pages
from datacheck.report.sarif import BASE, LEVELS, location_of, log_of, rule_entry
from datacheck.text import clean, plural
from datacheck.version import __version__


def render_code(report: LintReport, format: str, *, fail_on: Severity = Severity.ERROR, verbose: bool = False) -> str:
    """Return the report in a format; ``fail_on`` decides what is a failure where a format knows failures.

    ``verbose`` has the formats for people list each file that was read, and each rule with its count.

    Examples
    --------
    >>> print(render_code(LintReport(files=("a.py", "b.py")), "concise"), end="")
    2 files read, nothing found
    """
    everything = _everything(report) if verbose and format in {"terminal", "concise"} else ""
    return everything + _FORMATS[format](report, fail_on)


def _everything(report: LintReport) -> str:
    lines = [f"{from_working_directory(path, None)}: read" for path in report.files]
    lines += [f"{code} {name}: {plural(len(report.of_rule(code)), 'finding')}" for code, name in report.rules]
    return "".join(f"{clean(line)}\n" for line in lines)


def _place(one: CodeFinding) -> str:
    cell = "" if one.place.cell is None else f"cell{one.place.cell}:"
    return f"{from_working_directory(one.path, None)}:{cell}{one.place.line}:{one.place.column}"


def _counts(report: LintReport) -> str:
    found = []
    for severity in sorted(Severity, reverse=True):
        count = sum(one.finding.severity is severity for one in report.findings)
        if count:
            found.append(f"{count} info" if severity is Severity.INFO else plural(count, severity.label))
    unread = f", {plural(len(report.unread), 'file')} not read" if report.unread else ""
    fixed = f", {plural(report.fixed, 'listing')} sorted by --fix" if report.fixed else ""
    fixable = sum(one.fixable for one in report.findings)
    hint = f"; --fix corrects {fixable}" if fixable else ""
    return f"{plural(len(report.files), 'file')} read{unread}, {', '.join(found) or 'nothing found'}{fixed}{hint}"


def _unread(report: LintReport) -> list[str]:
    return [f"{from_working_directory(one.path, None)}: not read: it {one.reason}" for one in report.unread]


def _terminal(report: LintReport, fail_on: Severity) -> str:
    lines = _unread(report)
    for one in report.findings:
        finding = one.finding
        lines += [f"{_place(one)}: {finding.severity} {finding.code} {finding.name}", f"    {one.line}"]
        lines += [f"  {finding.message}", f"  fix: {finding.remedy}", ""]
    return "".join(f"{clean(line)}\n" for line in [*lines, _counts(report)])


def _concise(report: LintReport, fail_on: Severity) -> str:
    lines = _unread(report)
    for one in report.findings:
        finding = one.finding
        lines.append(f"{_place(one)}: {finding.severity} {finding.code} {finding.message}; fix: {finding.remedy}")
    return "".join(f"{clean(line)}\n" for line in [*lines, _counts(report)])


def _json(report: LintReport, fail_on: Severity) -> str:
    findings = [
        {
            "file": from_working_directory(one.path, None),
            "line": one.place.line,
            "column": one.place.column,
            "end_line": one.place.end_line,
            "end_column": one.place.end_column,
            "cell": one.place.cell,
            "code": one.finding.code,
            "name": one.finding.name,
            "severity": one.finding.severity.label,
            "message": one.finding.message,
            "remedy": one.finding.remedy,
            "fixable": one.fixable,
        }
        for one in report.findings
    ]
    value = {
        "schema": "datacheck/lint",
        "version": 1,
        "datacheck": __version__,
        "files": [from_working_directory(path, None) for path in report.files],
        "unread": [{"file": from_working_directory(one.path, None), "reason": one.reason} for one in report.unread],
        "rules": [code for code, _ in report.rules],
        "fixed": report.fixed,
        "findings": findings,
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _github(report: LintReport, fail_on: Severity) -> str:
    lines = []
    for unread in report.unread:
        place = property_text(from_working_directory(unread.path, None))
        lines.append(f"::error file={place},title=not read::it {data_text(unread.reason)}")
    for one in report.findings:
        finding = one.finding
        where = f"file={property_text(from_working_directory(one.path, None))}"
        if one.place.cell is None:
            where += f",line={one.place.line},endLine={one.place.end_line},col={one.place.column}"
        title = property_text(f"{finding.code} {finding.name}")
        text = data_text(f"{finding.message}\nFix: {finding.remedy}")
        lines.append(f"::{COMMANDS[finding.severity]} {where},title={title}::{text}")
    return "".join(f"{line}\n" for line in lines)


def _junit(report: LintReport, fail_on: Severity) -> str:
    suite = ET.Element("testsuite", name="datacheck lint", hostname="localhost")
    case = ET.SubElement(suite, "testcase", classname="datacheck.lint", name="every file was read")
    if report.unread:
        ET.SubElement(case, "error", message=xml_text(_unread(report)[0])).text = xml_text("\n".join(_unread(report)))
    for code, name in report.rules:
        case = ET.SubElement(suite, "testcase", classname=f"datacheck.{code}", name=f"{code} {name}")
        found = report.of_rule(code)
        failing = [one for one in found if one.finding.severity >= fail_on]
        texts = [f"{_place(one)}: {one.finding.message}; fix: {one.finding.remedy}" for one in failing or found]
        if failing:
            worst = max(one.finding.severity for one in failing)
            failure = ET.SubElement(case, "failure", message=xml_text(texts[0]), type=worst.label)
            failure.text = xml_text("\n".join(texts))
        elif found:
            ET.SubElement(case, "system-out").text = xml_text("\n".join(texts))
    return document(suite)


def _sarif(report: LintReport, fail_on: Severity) -> str:
    pages = rule_pages()
    index = {code: position for position, (code, _) in enumerate(report.rules)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "datacheck lint",
                "version": __version__,
                "rules": [rule_entry(code, name, pages.get(code, RulePage())) for code, name in report.rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not report.unread,
                "exitCode": report.exit_code(fail_on),
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": text}} for text in _unread(report)
                ],
            }
        ],
        "originalUriBaseIds": {BASE: {"uri": Path.cwd().as_uri().rstrip("/") + "/"}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, index[one.finding.code]) for one in report.findings],
    }
    return log_of(run)


def _result(one: CodeFinding, position: int) -> dict[str, Any]:
    location = location_of(from_working_directory(one.path, None))
    if one.place.cell is None:
        location["physicalLocation"]["region"] = {
            "startLine": one.place.line,
            "startColumn": one.place.column,
            "endLine": one.place.end_line,
            "endColumn": one.place.end_column,
        }
    message = f"{one.finding.message} Fix: {one.finding.remedy}"
    if one.place.cell is not None:
        message = f"cell {one.place.cell}, line {one.place.line}: {message}"
    return {
        "ruleId": one.finding.code,
        "ruleIndex": position,
        "level": LEVELS[one.finding.severity],
        "message": {"text": message},
        "locations": [location],
        "partialFingerprints": {"datacheck/v1": f"{one.finding.code}/{one.line}"},
    }


_FORMATS: dict[str, Callable[[LintReport, Severity], str]] = {
    "terminal": _terminal,
    "concise": _concise,
    "json": _json,
    "junit": _junit,
    "sarif": _sarif,
    "github": _github,
}
