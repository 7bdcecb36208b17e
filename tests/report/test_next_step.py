"""What a report proposes next: never a command that then fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from datacheck.findings import Failed, Finding, Found, NotApplicable, Passed, Severity
from datacheck.manifest import HoldsLabels, Inventory, ItemKind, Manifest, Remedy, Task, Unread
from datacheck.probing.segments import MaskProbe
from datacheck.report import Report, RuleOutcome
from datacheck.report.next_step import can_probe, next_step
from tests.annotations.drawn_masks import write_masks

PASSED = (RuleOutcome("DC202", "rare-class", Passed()),)


def table(labels: list[str], **columns: object) -> Report:
    return Report(Manifest.from_columns({"label": labels, **columns}), outcomes=PASSED)


def test_the_probe_is_proposed_where_it_has_labels_and_features() -> None:
    report = table(["cat", "dog"] * 20, age=np.arange(40.0))
    assert can_probe(report)
    assert next_step(report, "shell") == "the same with --probe"
    assert next_step(report, "python") == "the same with probe=True"


def test_the_probe_is_not_proposed_where_it_would_fail() -> None:
    assert not can_probe(table(["cat", "dog"] * 20))  # nothing to predict from
    assert not can_probe(table(["cat"] * 40, age=np.arange(40.0)))  # one class
    assert not can_probe(table(["cat", "dog"] * 10, age=np.arange(20.0)))  # too few samples
    assert not can_probe(table(["cat"] * 36 + ["dog"] * 4, age=np.arange(40.0)))  # too few of the second class
    assert can_probe(table(["cat"] * 35 + ["dog"] * 5, age=np.arange(40.0)))
    assert can_probe(table(["cat", "dog"] * 15, age=np.arange(30.0)))
    pairs = Manifest.from_columns({"uri": ["a.png"] * 40, "label_uri": ["a.txt"] * 40}, task=Task.PAIRED)
    assert not can_probe(Report(pairs, outcomes=PASSED))
    unreachable = Manifest.from_columns({"uri": [f"{n}.png" for n in range(40)], "label": ["cat", "dog"] * 20})
    assert not can_probe(Report(unreachable, outcomes=PASSED))


def test_a_remedy_a_finding_and_a_crash_come_first() -> None:
    finding = Finding(code="DC203", name="x", severity=Severity.INFO, message="m", remedy="r")
    report = table(["cat", "dog"] * 20, age=np.arange(40.0))
    found = replace(report, outcomes=(RuleOutcome("DC203", "x", Found((finding,))),))
    assert next_step(found, "shell") == "datacheck explain DC203"
    crashed = replace(found, outcomes=(*found.outcomes, RuleOutcome("DC405", "y", Failed("z"))))
    assert next_step(crashed, "shell") == "datacheck explain DC405"
    for command_line, expected in (
        ("--label species", "the same with --label species"),
        ("datacheck audit a.csv", "datacheck audit a.csv"),
    ):
        remedy = Remedy(command_line, "label='species'")
        unread = Unread("species", ItemKind.COLUMN, "why", HoldsLabels.YES, remedy=remedy)
        gap = replace(found, manifest=replace(report.manifest, inventory=Inventory(unread=(unread,))))
        assert next_step(gap, "shell") == expected
        assert next_step(gap, "python") == "the same with label='species'"


def test_nothing_is_proposed_where_nothing_helps() -> None:
    report = Report(Manifest.from_columns({"label": ["cat", "dog"]}), outcomes=PASSED)
    assert next_step(report, "shell") == ""
    blind = replace(report, outcomes=(RuleOutcome("DC401", "dark", NotApplicable("no image")),))
    assert next_step(blind, "shell") == ""


def test_the_probe_of_masks_is_proposed_once(tmp_path: Path) -> None:
    context = write_masks(tmp_path)
    report = Report(context.manifest, measurements=context.measurements, outcomes=PASSED)
    assert next_step(report, "shell") == "the same with --probe"
    assert not can_probe(replace(report, mask_probe=MaskProbe.none("too few")))
