"""Each rule belongs to a family with a name."""

from __future__ import annotations

import pytest

from datacheck.report.families import FAMILIES
from datacheck.rules import CODE_RULES, LOADER_RULES, RULES


@pytest.mark.parametrize("code", [rule.code for rule in (*RULES, *LOADER_RULES, *CODE_RULES)])
def test_each_rule_has_a_family_with_a_plain_name(code: str) -> None:
    named = [name for start, name in FAMILIES.items() if code.startswith(start)]
    assert named
    assert named[0].isalpha()
