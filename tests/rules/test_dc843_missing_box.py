from __future__ import annotations

from dataclasses import replace

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.probing.objects import BoxProbe
from datacheck.rules.boxes.dc843_missing_box import MissingBox
from tests.rules.examples import shown
from tests.rules.placed_boxes import drawn, unboxed


def test_a_place_that_looks_like_an_object_is_named() -> None:
    outcome = MissingBox().check(unboxed(0.9, 0.3))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(MissingBox)
    assert finding.severity is Severity.INFO
    assert outcome.issues["sample_id"].to_pylist() == ["images/0002.jpg"]
    assert np.isclose(outcome.issues["suspicion"][0].as_py(), 0.9)
    evidence = finding.evidence
    assert evidence["hidden_found_share_low"] <= 0.5 <= evidence["hidden_found_share_high"]
    assert evidence["examples"][0]["box"] == [10.0, 20.0, 30.0, 40.0]
    assert evidence["n_images_searched"] == 40


def test_several_places_are_counted_by_image() -> None:
    outcome = MissingBox().check(unboxed(0.85, 0.95))
    assert isinstance(outcome, Found)
    message = outcome.findings[0].message
    assert message.startswith("2 places in 1 image look like objects without a box (")
    assert message.endswith("'images/0002.jpg' (15, 25, 35, 45), 'images/0002.jpg' (10, 20, 30, 40)")
    assert np.allclose(outcome.issues["suspicion"].to_numpy(), [0.95])


def test_cool_places_are_silent() -> None:
    assert MissingBox().check(unboxed(0.3)) == Passed(
        "no place in 40 images looks like an object without a box; "
        "at most 8 objects have no box, beside 79 boxes (95 % interval from 0)"
    )
    assert isinstance(MissingBox().check(unboxed()), Passed)


def test_images_that_were_not_searched_are_counted() -> None:
    context = unboxed(0.9)
    assert context.box_probe is not None
    assert context.box_probe.missing is not None
    part = replace(context.box_probe, missing=replace(context.box_probe.missing, n_images=30))
    outcome = MissingBox().check(replace(context, box_probe=part))
    assert isinstance(outcome, Found)
    assert "(10 others were not searched)" in outcome.findings[0].message


def test_few_or_weak_hidden_boxes_cannot_tell() -> None:
    few = MissingBox().check(unboxed(0.9, n_hidden=10))
    assert few == NotApplicable("needs 30 boxes that were hidden from the model, found 10")
    weak = MissingBox().check(unboxed(0.9, hidden=0.0))
    assert isinstance(weak, NotApplicable)
    assert weak.reason.startswith("the probe is too weak: it finds 0 % of the boxes")
    many = MissingBox().check(unboxed(*np.full(20, 0.9)))
    assert isinstance(many, NotApplicable)
    assert many.reason.endswith("lists 20 places beside 79 boxes")


def test_without_a_search_it_says_why() -> None:
    probe = BoxProbe(np.empty(0, dtype=np.int64), None, "one class", why_not_missing="needs 150 boxes, found 79")
    assert MissingBox().check(replace(drawn(), box_probe=probe)) == NotApplicable("needs 150 boxes, found 79")
