from __future__ import annotations

import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc909_normalisation import Normalisation, kind_of

from .examples import shown
from .loader_evidence import context, found


def test_a_clean_look_is_silent() -> None:
    assert isinstance(Normalisation().check(context()), Passed)


def test_the_example() -> None:
    outcome = Normalisation().check(context(found(std=np.full(3, 255.0))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Normalisation)
    assert outcome.findings[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("std", "words"),
    [
        (0.225, None),
        (0.5, None),
        (1.0, None),
        (58.0, "divided by 255 twice"),
        (0.053, "normalised twice"),
        (0.0009, "without dividing by 255 first"),
        (1 / 255, "not scaled"),
    ],
)
def test_the_standard_deviations_that_were_measured(std: float, words: str | None) -> None:
    found_kind = kind_of(std)
    assert (found_kind is None) == (words is None)
    assert found_kind is None or words is None or words in found_kind[0]


def test_values_that_cannot_be_traced_are_not_judged() -> None:
    assert isinstance(Normalisation().check(context(found(fit=0.9), val=None)), NotApplicable)
