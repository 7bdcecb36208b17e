from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.boxes.dc842_misplaced_box import MisplacedBox
from tests.rules.examples import shown
from tests.rules.placed_boxes import placed


def test_a_box_that_lies_elsewhere_is_named() -> None:
    outcome = MisplacedBox().check(placed(shift=0.9))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(MisplacedBox)
    assert finding.severity is Severity.INFO
    assert outcome.issues["sample_id"].to_pylist() == ["images/0002.jpg"]
    assert finding.evidence["examples"][0]["what"].startswith("overlaps 10 % with the corrected box (")


def test_ordinary_boxes_are_silent() -> None:
    assert isinstance(MisplacedBox().check(placed()), Passed)


def test_a_box_that_looks_empty_is_left_to_the_other_rule() -> None:
    assert isinstance(MisplacedBox().check(placed(empty=0.97, shift=0.9)), Passed)


def test_few_planted_faults_cannot_tell() -> None:
    assert isinstance(MisplacedBox().check(placed(shift=0.9, n_planted=10)), NotApplicable)
