from __future__ import annotations

from datacheck.before_training.evidence import Mode
from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc913_model_fails import ModelFails

from .examples import shown
from .loader_evidence import context, model


def test_a_clean_look_is_silent() -> None:
    assert isinstance(ModelFails().check(context()), Passed)


def test_the_example() -> None:
    outcome = ModelFails().check(context(model=model(output_shape=(16, 2))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(ModelFails)
    assert outcome.findings[0].severity is Severity.ERROR


def test_an_error_is_shown() -> None:
    failing = Mode(float("nan"), "the model raised RuntimeError: expected 1 channel")
    outcome = ModelFails().check(context(model=model(output_shape=(), train=failing)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == "in training mode the model raised RuntimeError: expected 1 channel"
