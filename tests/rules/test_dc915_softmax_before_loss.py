from __future__ import annotations

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc915_softmax_before_loss import SoftmaxBeforeLoss

from .examples import shown
from .loader_evidence import context, model


def test_a_clean_look_is_silent() -> None:
    assert isinstance(SoftmaxBeforeLoss().check(context()), Passed)


def test_the_example() -> None:
    outcome = SoftmaxBeforeLoss().check(context(model=model(sums_to_one=True)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(SoftmaxBeforeLoss)
    assert outcome.findings[0].severity is Severity.ERROR
    assert isinstance(SoftmaxBeforeLoss().check(context(model=model(sums_to_one=True, loss_name="NLLLoss"))), Passed)
