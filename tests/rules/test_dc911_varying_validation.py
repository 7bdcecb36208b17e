from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc911_varying_validation import VaryingValidation

from .examples import shown
from .loader_evidence import context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(VaryingValidation().check(context()), Passed)


def test_the_example() -> None:
    outcome = VaryingValidation().check(context(val=loader("val", varies=True)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(VaryingValidation)
    assert outcome.findings[0].severity is Severity.ERROR
    assert isinstance(VaryingValidation().check(context(val=loader("val", varies=None))), NotApplicable)
