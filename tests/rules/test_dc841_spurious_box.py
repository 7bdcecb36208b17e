from __future__ import annotations

from dataclasses import replace

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.probing.objects import BoxProbe
from datacheck.probing.objects.placement import Placement
from datacheck.rules.boxes.dc841_spurious_box import SpuriousBox
from tests.rules.examples import shown
from tests.rules.placed_boxes import drawn, placed


def test_a_box_that_looks_empty_is_named() -> None:
    outcome = SpuriousBox().check(placed(empty=0.97))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(SpuriousBox)
    assert finding.severity is Severity.INFO
    assert outcome.issues["sample_id"].to_pylist() == ["images/0002.jpg"]
    assert np.isclose(outcome.issues["suspicion"][0].as_py(), 0.97)
    evidence = finding.evidence
    counted = evidence["estimated_errors"]
    assert (counted["value"], counted["low"], round(counted["high"])) == (0, 0, 10)
    assert evidence["planted_found_share_low"] <= 0.5 <= evidence["planted_found_share_high"]


def test_ordinary_boxes_are_silent() -> None:
    assert isinstance(SpuriousBox().check(placed()), Passed)


def test_boxes_that_stand_out_like_empty_places_are_counted() -> None:
    rng = np.random.default_rng(0)
    emptiness = np.concatenate([rng.normal(0.1, 0.05, 380), rng.normal(0.9, 0.1, 20)])
    planted, boxes, objects = rng.normal(0.9, 0.1, 300), np.zeros((400, 4)), np.arange(400)
    placement = Placement(objects, emptiness, 0.1 * emptiness, boxes, planted, planted)
    count = placement.n_spurious()
    assert count.interval is not None
    assert 5 < count.interval.low <= 20 <= count.interval.high < 45
    assert count.in_words().startswith("about ")
    assert placement.n_misplaced().in_words().startswith("at most ")


def test_a_stricter_cut_names_fewer() -> None:
    assert isinstance(SpuriousBox(recall=0.2).check(placed(empty=0.85)), Passed)


def test_few_or_weak_planted_faults_cannot_tell() -> None:
    few = SpuriousBox().check(placed(empty=0.97, n_planted=10))
    assert isinstance(few, NotApplicable)
    assert few.reason == "needs 30 places for planted faults, found 10"
    context = placed(empty=0.97)
    assert context.box_probe is not None
    placement = context.box_probe.placement
    assert placement is not None
    weak = replace(
        context, box_probe=replace(context.box_probe, placement=replace(placement, emptiness=placement.emptiness + 1))
    )
    reason = SpuriousBox().check(weak).reason  # type: ignore[union-attr]
    assert reason.startswith("the probe is too weak")


def test_without_the_network_it_says_why() -> None:
    nothing = np.empty(0, dtype=np.int64)
    probe = BoxProbe(nothing, None, "one class", why_not_placed="needs the packaged weights")
    outcome = SpuriousBox().check(replace(drawn(), box_probe=probe))
    assert outcome == NotApplicable("needs the packaged weights")
