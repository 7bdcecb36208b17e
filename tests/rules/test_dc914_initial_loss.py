from __future__ import annotations

from datacheck.before_training.evidence import Mode
from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc914_initial_loss import InitialLoss

from .examples import shown
from .loader_evidence import context, model


def test_a_clean_look_is_silent() -> None:
    assert isinstance(InitialLoss().check(context()), Passed)


def test_the_example() -> None:
    outcome = InitialLoss().check(context(model=model(train=Mode(48.1), evaluation=Mode(45.2))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(InitialLoss)
    assert outcome.findings[0].severity is Severity.WARNING


def test_one_mode_alone_may_be_far_away_and_a_trained_model_is_information() -> None:
    assert isinstance(InitialLoss().check(context(model=model(train=Mode(6.0)))), Passed)
    trained = InitialLoss().check(context(model=model(train=Mode(0.1), evaluation=Mode(0.05))))
    assert isinstance(trained, Found)
    assert trained.findings[0].severity is Severity.INFO
    assert isinstance(InitialLoss().check(context(model=model(loss_name="MSELoss"))), NotApplicable)
