"""Golden files of the text formats, and what each format promises.

Set ``DATACHECK_UPDATE_GOLDEN=1`` to write the golden files again; read their diff before keeping it.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from datacheck.findings import Finding, Severity
from datacheck.report import Report, print_report, render
from datacheck.report.json import schema
from datacheck.report.rule_pages import RulePage, rule_pages
from datacheck.report.terminal import Screen, _short
from datacheck.report.terminal import render as render_terminal
from datacheck.rules import CODE_RULES, LOADER_RULES, RULES

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {"terminal": "txt", "concise": "txt", "json": "json", "junit": "xml", "sarif": "sarif", "github": "txt"}


@pytest.mark.parametrize("name", SUFFIXES)
def test_golden(crashed: Report, pages: dict[str, RulePage], name: str) -> None:
    path = GOLDEN / f"{name}.{SUFFIXES[name]}"
    found = render(crashed, name, fail_on=Severity.WARNING)
    if os.environ.get("DATACHECK_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


def test_json_keeps_its_published_schema(crashed: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(render(crashed, "json")), schema())


def test_json_schema_refuses_what_is_no_report(report: Report) -> None:
    value = report.to_json()
    value["outcomes"][0]["status"] = "odd"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema())


def test_junit_counts_by_outcome(crashed: Report) -> None:
    suite = ET.fromstring(render(crashed, "junit", fail_on=Severity.WARNING)).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    skipped = suite.find("testcase[@name='DC102 unpaired-sample']/skipped")
    assert skipped is not None
    assert skipped.get("message") == "not a pair of listings: <script>alert(1)</script>"
    below = suite.find("testcase[@name='DC203 class-imbalance']/system-out")
    assert below is not None


def test_junit_is_xml_whatever_a_crash_says(crashed: Report) -> None:
    assert "\x1b" not in render(crashed, "junit")


def sarif(report: Report) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(render(report, "sarif"))
    assert value["version"] == "2.1.0"
    run: dict[str, Any] = value["runs"][0]
    return run


def test_sarif_results_point_at_their_rules_and_files(crashed: Report, pages: dict[str, RulePage]) -> None:
    run = sarif(crashed)
    rules = run["tool"]["driver"]["rules"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note"]
    for result, finding in zip(run["results"], crashed.findings, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.code
        places = [
            place["physicalLocation"]["artifactLocation"] for place in result["locations"] + result["relatedLocations"]
        ]
        assert [unquote(place["uri"]) for place in places] == [
            f"file:///data/pets/{name}" for name in finding.sample_ids
        ]
        assert rules[result["ruleIndex"]]["help"]["text"].startswith("What\n")
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["associatedRule"]["id"] == "DC405"


def test_sarif_escapes_the_places(report: Report) -> None:
    uri = sarif(report)["results"][0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "file:///data/pets/dog/10%25%2C%20a%3Ab.jpg"


def test_annotated_files_are_relative_to_the_working_directory(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inside = replace(report, manifest=replace(report.manifest, root=tmp_path / "data" / "pets"))
    run = sarif(inside)
    (place,) = [result["locations"][0] for result in run["results"] if result["ruleId"] == "DC304"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "data/pets/cat/1.jpg", "uriBaseId": "%SRCROOT%"}
    assert run["originalUriBaseIds"] == {"%SRCROOT%": {"uri": tmp_path.as_uri() + "/"}}
    assert render(inside, "github").startswith("::error file=data/pets/cat/1.jpg,title=DC304")
    monkeypatch.chdir(tmp_path.parent)
    assert f"file={tmp_path.name}/data/pets/cat/1.jpg," in render(inside, "github")


def test_github_escapes_data_and_properties(crashed: Report) -> None:
    lines = render(crashed, "github").splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("::error title=DC405 odd-size crashed::ValueError")
    assert lines[1].startswith("::error file=/data/pets/cat/1.jpg,title=DC304 conflicting-duplicates::2 images")
    assert "50 %25, 1 line%0Aand another%0AFix: Look" in lines[2]
    assert "dog/10%25, a:b.jpg" in lines[1]
    assert lines[3].startswith("::notice title=DC203 class-imbalance::")


def test_github_escapes_commas_and_colons_of_a_file(report: Report) -> None:
    from datacheck.report.github import property_text

    assert property_text("dog/10%, a:b.jpg") == "dog/10%25%2C a%3Ab.jpg"


@pytest.fixture
def long_report(report: Report) -> Report:
    """Thirty findings."""
    return replace(report, outcomes=report.outcomes * 10)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_terminal_keeps_within_the_width_and_one_screen(long_report: Report, width: int) -> None:
    lines = render_terminal(long_report, html=Path("run/report.html"), screen=Screen(width)).splitlines()
    assert max(len(line) for line in lines) <= width
    assert len(lines) <= 24


def test_terminal_folds_the_tail_and_verbose_shows_it(long_report: Report) -> None:
    short = render_terminal(long_report)
    lines = short.splitlines()
    assert len(lines) <= 24
    in_full = lines.count("✖ error    DC304 conflicting-duplicates")
    one_liners = sum(line.startswith("✖ error    DC304 ") for line in lines) - in_full
    assert in_full == 2
    assert one_liners >= 4
    more = 10 - in_full - one_liners
    assert f"… and {more} more at error, 10 more at warning, 10 more at info (--verbose shows all)" in short
    full = render_terminal(long_report, screen=Screen(verbose=True))
    assert full.count("class-imbalance") == 10
    assert "DC102 unpaired-sample: not applicable, not a pair" in full


def test_terminal_neutralises_control_characters(crashed: Report) -> None:
    assert "\x1b" not in render(crashed, "terminal")


def test_terminal_has_no_colour_outside_a_terminal(report: Report) -> None:
    stream = io.StringIO()
    print_report(report, html=Path("run/report.html"), file=stream)
    assert "\x1b" not in stream.getvalue()
    assert "report  run/report.html" in stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_colours_unless_told_not_to(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    print_report(report, file=coloured)
    assert "\x1b[1;31m" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    print_report(report, file=plain)
    assert "\x1b[1;31m" not in plain.getvalue()


def test_terminal_falls_back_to_ascii(report: Report) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_report(report, file=stream)
    stream.flush()
    text = raw.getvalue().decode("ascii")
    assert "x error    DC304 conflicting-duplicates" in text
    assert "> Decide on one label" in text


def test_terminal_says_when_nothing_was_found(report: Report) -> None:
    assert "✔ 1 rule judged, nothing found" in render(report.select("DC101"), "terminal")


def test_every_rule_has_a_page_with_its_sections() -> None:
    pages = rule_pages()
    for rule in (*RULES, *CODE_RULES, *LOADER_RULES):
        assert pages[rule.code].summary
        assert list(pages[rule.code].sections)[:2] == ["What", "Why it hurts training"]


def test_a_finding_that_is_shortened_to_one_line_names_its_only_sample() -> None:
    found = Finding(code="DC101", name="unreadable-sample", severity=Severity.ERROR, message="cannot be read " * 9,
                    remedy="fetch it again", n_affected=1, sample_ids=("train/4/1767.png",))  # fmt: skip
    (line,) = _short(found, Screen(80))
    assert line.plain == "✖ error    DC101 unreadable-sample: train/4/1767.png"
    assert _short(replace(found, sample_ids=("x" * 60,)), Screen(80))[0].plain.endswith(": 1 sample")
