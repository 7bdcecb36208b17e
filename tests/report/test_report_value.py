"""The report as a value: order, counts, exit codes, selection, tables."""

from __future__ import annotations

import pytest

from datacheck.errors import ConfigError
from datacheck.findings import NotApplicable, Passed, Severity
from datacheck.manifest import Manifest
from datacheck.report import FORMATS, Report, RuleOutcome, render

from .conftest import Pictures


def test_findings_stand_worst_first_then_by_samples_then_by_code(report: Report) -> None:
    assert [finding.code for finding in report.findings] == ["DC304", "DC401", "DC203"]
    assert report.worst is Severity.ERROR
    assert dict(report.counts) == {"error": 1, "warning": 1, "info": 1}


@pytest.mark.parametrize(
    ("codes", "fail_on", "expected"),
    [
        (("DC3",), Severity.ERROR, 1),
        (("DC4",), Severity.ERROR, 0),
        (("DC4",), Severity.WARNING, 1),
        (("DC203",), Severity.WARNING, 0),
        (("DC203",), Severity.INFO, 1),
        (("DC101",), Severity.INFO, 0),
    ],
)
def test_exit_code(report: Report, codes: tuple[str, ...], fail_on: Severity, expected: int) -> None:
    assert report.select(*codes).exit_code(fail_on) == expected


def test_a_crashed_rule_fails_the_audit_whatever_was_found(crashed: Report) -> None:
    assert [outcome.code for outcome in crashed.failed] == ["DC405"]
    assert crashed.exit_code(Severity.ERROR) == 2
    assert crashed.select("odd-size").exit_code(Severity.ERROR) == 2


def test_nothing_found(manifest: Manifest) -> None:
    empty = Report(manifest)
    assert empty.worst is None
    assert empty.exit_code(Severity.INFO) == 0
    assert empty.issues.num_rows == 0
    assert len(empty.to_frame()) == 0
    for name in FORMATS:
        assert isinstance(render(empty, name), str)


def test_select_refuses_an_unknown_rule_and_suggests_the_near_one(report: Report) -> None:
    with pytest.raises(ConfigError, match=r"found 'drak' .did you mean 'dark'"):
        report.select("drak")


def test_render_refuses_an_unknown_format(report: Report) -> None:
    with pytest.raises(ConfigError, match=r"found 'junti' .did you mean 'junit'"):
        render(report, "junti")


def test_issues_are_one_table_of_all_rules(report: Report) -> None:
    assert report.issues["code"].to_pylist() == ["DC304", "DC304", "DC401", "DC401", "DC401"]


def test_to_frame_joins_the_samples(report: Report) -> None:
    frame = report.to_frame()
    assert frame["name"].tolist() == ["conflicting-duplicates"] * 2 + ["dark"] * 3
    assert frame["uri"].tolist() == frame["sample_id"].tolist()
    assert frame["label"].tolist() == ["cat", *["<script>alert(1)</script>"] * 3, "cat"]
    assert frame["split"].tolist() == ["train", "train", "test", "train", "test"]


def test_notebook_summary_escapes_and_names_every_finding(crashed: Report) -> None:
    html = crashed._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    for finding in crashed.findings:
        assert finding.code in html
    assert "DC405" in html


def test_repr_is_one_line(report: Report) -> None:
    assert repr(report) == "<Report of 6 samples: 1 error, 1 warning, 1 info; 5 rules>"


def test_a_dataset_of_which_nothing_could_be_judged_is_not_clean(manifest: Manifest) -> None:
    outcomes = tuple(RuleOutcome(f"DC10{n}", f"rule-{n}", NotApplicable("needs class labels")) for n in (1, 2))
    blind = Report(manifest, outcomes=outcomes)
    assert blind.exit_code() == 2
    assert "nothing could be judged" in render(blind, "terminal")
    assert "(2 rules: needs class labels)" in " ".join(render(blind, "terminal").split())
    seeing = Report(manifest, outcomes=(*outcomes, RuleOutcome("DC101", "unreadable-sample", Passed())))
    assert seeing.exit_code() == 0


def test_a_notebook_shows_pictures_of_the_samples_within_a_budget(
    crashed: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datacheck.report.notebook.open_thumbnails", lambda report: Pictures(128, noise=True))
    for html in (crashed._repr_html_(), crashed.bad("DC3")._repr_html_()):
        assert html.count('src="data:image/jpeg;base64,') >= 2
        assert "<script" not in html
        assert 'alt="cat/1.jpg"' in html
        assert len(html) < 500_000
    monkeypatch.setattr("datacheck.report.notebook.open_thumbnails", lambda report: None)
    assert "<img" not in crashed._repr_html_()
    assert "cat/1.jpg" in crashed.bad("DC3")._repr_html_()
