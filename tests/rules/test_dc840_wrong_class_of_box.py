from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.boxes.dc840_wrong_class_of_box import WrongClassOfBox
from tests.annotations.boxed import probed, with_probe, write_exchanged
from tests.annotations.drawn import drawn_objects
from tests.rules.examples import shown


def test_exchanged_classes_are_named() -> None:
    context, wrong = probed().context, probed().wrong
    outcome = WrongClassOfBox().check(context)
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(WrongClassOfBox)
    low, high = (finding.evidence["estimated_errors"][end] for end in ("low", "high"))
    assert 0 == low <= len(wrong) <= high
    assert finding.severity is Severity.INFO  # since all may be right
    named = set(zip(outcome.issues["sample_id"].to_pylist(), outcome.issues["note"].to_pylist(), strict=True))
    hits = [
        any(f"images/{name}" == image and f"object {line}:" in note for image, note in named) for name, line in wrong
    ]
    assert sum(hits) >= 0.85 * len(wrong)
    assert len(named) <= 1.2 * len(wrong)
    first = finding.evidence["examples"][0]
    assert set(first) == {"place", "what", "box"}
    assert len(first["box"]) == 4


def test_right_classes_are_silent() -> None:
    outcome = WrongClassOfBox().check(probed(0.0).context)
    assert isinstance(outcome, Passed), outcome


def test_without_a_probe_nothing_is_judged() -> None:
    outcome = WrongClassOfBox().check(replace(probed().context, box_probe=None))
    assert isinstance(outcome, NotApplicable)
    assert "--probe" in outcome.reason


def test_too_few_boxes_are_not_judged(tmp_path: Path) -> None:
    context, _ = write_exchanged(tmp_path, drawn_objects(10), 0.0)
    outcome = WrongClassOfBox().check(with_probe(context))
    assert isinstance(outcome, NotApplicable)
    assert "needs 30 boxes" in outcome.reason


@pytest.mark.parametrize("form", ["YOLO", "COCO"])
def test_random_classes_are_not_judged(tmp_path: Path, form: str) -> None:
    context, _ = write_exchanged(tmp_path, drawn_objects(40), 2 / 3, form)
    outcome = WrongClassOfBox().check(with_probe(context))
    assert isinstance(outcome, NotApplicable), outcome
    assert "probe" in outcome.reason
