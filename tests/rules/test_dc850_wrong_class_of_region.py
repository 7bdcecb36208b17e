from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules import RuleContext
from datacheck.rules.masks.dc850_wrong_class_of_region import WrongClassOfRegion
from tests.rules.examples import shown
from tests.rules.segmented import judged


def test_a_region_above_the_cut_is_listed(clean_masks: Callable[[int], RuleContext]) -> None:
    outcome = WrongClassOfRegion().check(judged(clean_masks(2), "class"))
    assert isinstance(outcome, Found)
    finding = outcome.findings[0]
    assert finding.message == shown(WrongClassOfRegion)
    assert finding.severity is Severity.INFO
    assert outcome.issues["sample_id"].to_pylist() == ["images/05.png"]
    assert np.isclose(outcome.issues["suspicion"][0].as_py(), 0.95)
    counted = finding.evidence["estimated_errors"]
    assert (counted["low"], round(counted["high"])) == (0, 10)


def test_ordinary_regions_are_silent(clean_masks: Callable[[int], RuleContext]) -> None:
    assert isinstance(WrongClassOfRegion().check(judged(clean_masks(2), "class", worst=0.2)), Passed)


def test_it_says_why_it_cannot_tell(clean_masks: Callable[[int], RuleContext]) -> None:
    few = WrongClassOfRegion().check(judged(clean_masks(2), "class", n_planted=10))
    assert few == NotApplicable("needs 30 planted faults that can be judged, found 10")
    weak = WrongClassOfRegion().check(judged(clean_masks(2), "class", accuracy=0.81))
    assert isinstance(weak, NotApplicable)
    assert weak.reason.startswith("the probe is too weak: it is right at 81 % of the places")
    missing = WrongClassOfRegion().check(clean_masks(2))
    assert isinstance(missing, NotApplicable)
    assert missing.reason == "needs what the probe says of the masks: run the audit with --probe"
