from __future__ import annotations

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc916_no_gradient import NoGradient

from .examples import shown
from .loader_evidence import context, model


def test_a_clean_look_is_silent() -> None:
    assert isinstance(NoGradient().check(context()), Passed)


def test_the_example() -> None:
    outcome = NoGradient().check(context(model=model(without_gradient=("extra.weight", "extra.bias"))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(NoGradient)
    assert outcome.findings[0].severity is Severity.WARNING
    none = NoGradient().check(context(model=model(without_gradient=("a", "b"), n_parameters=2)))
    assert isinstance(none, Found)
    assert none.findings[0].severity is Severity.ERROR
