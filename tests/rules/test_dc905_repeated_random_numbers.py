from __future__ import annotations

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc905_repeated_random_numbers import RepeatedRandomNumbers

from .examples import shown
from .loader_evidence import context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(RepeatedRandomNumbers().check(context()), Passed)


def test_the_example() -> None:
    repeating = loader(varies=True, n_workers=2, repeats=(4, 8), epochs_equal=True)
    outcome = RepeatedRandomNumbers().check(context(repeating))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(RepeatedRandomNumbers)
    assert outcome.findings[0].severity is Severity.WARNING


def test_right_random_numbers_are_silent_and_equal_epochs_are_not() -> None:
    right = loader(varies=True, n_workers=2, repeats=(8, 8), epochs_equal=False)
    assert isinstance(RepeatedRandomNumbers().check(context(right)), Passed)
    equal = loader(varies=True, n_workers=2, repeats=(8, 8), epochs_equal=True)
    assert isinstance(RepeatedRandomNumbers().check(context(equal)), Found)
    assert isinstance(RepeatedRandomNumbers().check(context(loader(varies=True))), NotApplicable)
