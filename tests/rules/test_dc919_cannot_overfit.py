from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc919_cannot_overfit import CannotOverfit

from .examples import shown
from .loader_evidence import context, model


def test_a_clean_look_is_silent() -> None:
    assert isinstance(CannotOverfit().check(context()), NotApplicable)


def test_the_example() -> None:
    outcome = CannotOverfit().check(context(model=model(overfit=(1.1, 1.1, 0.3))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(CannotOverfit)
    assert outcome.findings[0].severity is Severity.ERROR
    assert isinstance(CannotOverfit().check(context(model=model(overfit=(1.1, 0.2, 0.9)))), Passed)
