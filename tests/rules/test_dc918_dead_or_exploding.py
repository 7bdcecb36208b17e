from __future__ import annotations

from datacheck.before_training.evidence import Layer
from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc918_dead_or_exploding import DeadOrExploding

from .examples import shown
from .loader_evidence import context, model


def test_a_clean_look_is_silent() -> None:
    assert isinstance(DeadOrExploding().check(context()), Passed)


def test_the_example() -> None:
    outcome = DeadOrExploding().check(
        context(model=model(layers=(Layer("0", 1.0, 0.4, 0.0), Layer("1", 0.0, 0.0, 1.0))))
    )
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(DeadOrExploding)
    assert outcome.findings[0].severity is Severity.WARNING


def test_values_that_grow() -> None:
    outcome = DeadOrExploding().check(context(model=model(layers=(Layer("head", 2e5, 9e3, 0.0),))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == "1 layer gives values beyond 10000 for the first batch: 'head'"
