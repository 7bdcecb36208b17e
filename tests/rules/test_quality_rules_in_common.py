"""What holds for every rule that looks at image quality."""

import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.manifest import Manifest
from datacheck.rules import RULES
from datacheck.rules.base import Rule, RuleContext
from datacheck.rules.samples.shared import mode_boundary

from .quality_tables import check, context_of, photos

QUALITY = [rule for rule in RULES if rule.code.startswith("DC4")]


@pytest.mark.parametrize("rule", QUALITY, ids=lambda rule: rule.code)
class TestEveryQualityRule:
    def test_ordinary_photos_are_silent(self, rule: type[Rule]) -> None:
        assert isinstance(check(rule(), photos(500), split=["train", "test"] * 250), Passed)

    def test_three_photos_are_silent(self, rule: type[Rule]) -> None:
        assert isinstance(check(rule(), photos(3)), Passed | NotApplicable)

    def test_no_photo_is_not_judged(self, rule: type[Rule]) -> None:
        assert isinstance(check(rule(), photos(0)), NotApplicable)

    def test_unreadable_photos_are_left_out(self, rule: type[Rule]) -> None:
        broken = {name: [None] * 4 for name in photos(1)} | {"readable": [False] * 4}
        outcome = check(rule(), broken)
        assert isinstance(outcome, NotApplicable)
        assert "DC101" in outcome.reason
        ordinary = photos(100)
        mixed = {name: [*list(ordinary[name]), *broken[name]] for name in broken}
        assert not isinstance(check(rule(), mixed), Found)

    def test_a_table_has_no_pixels(self, rule: type[Rule]) -> None:
        outcome = rule().check(RuleContext(Manifest.from_columns({"label": ["a", "b"]})))
        assert outcome == NotApplicable("reads pixels, and this dataset is a table")

    def test_without_a_scan_it_says_so(self, rule: type[Rule]) -> None:
        outcome = rule().check(RuleContext(context_of(photos(3)).manifest))
        assert isinstance(outcome, NotApplicable)
        assert "no image was scanned" in outcome.reason


@pytest.mark.parametrize("side", ["low", "high"])
def test_five_values_form_a_mode_and_four_do_not(side: str) -> None:
    sign = 1 if side == "high" else -1
    bulk = np.linspace(0, 1, 50)
    for n, found in ((5, True), (4, False)):
        values = sign * np.r_[bulk, np.full(n, 9.0)]
        assert (mode_boundary(values) is not None) == found
