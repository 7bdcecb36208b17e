from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc917_batch_dependence import BatchDependence

from .examples import shown
from .loader_evidence import context, model


def test_a_clean_look_is_silent() -> None:
    assert isinstance(BatchDependence().check(context()), Passed)


def test_the_example_and_the_edge() -> None:
    outcome = BatchDependence().check(context(model=model(batch_dependence=0.62)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(BatchDependence)
    assert outcome.findings[0].severity is Severity.ERROR
    assert isinstance(BatchDependence().check(context(model=model(batch_dependence=1e-3))), Passed)
    assert isinstance(BatchDependence().check(context(model=model(batch_dependence=float("nan")))), NotApplicable)
