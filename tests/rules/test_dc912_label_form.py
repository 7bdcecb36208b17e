from __future__ import annotations

import numpy as np

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.loader.dc912_label_form import LabelForm

from .examples import shown
from .loader_evidence import batches, context, loader


def test_a_clean_look_is_silent() -> None:
    assert isinstance(LabelForm().check(context()), Passed)


def test_the_example() -> None:
    outcome = LabelForm().check(context(loader(batches=batches(labels=np.arange(16) % 3 + 1))))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(LabelForm)
    assert outcome.findings[0].severity is Severity.ERROR


def test_other_forms() -> None:
    ignored = np.where(np.arange(16) % 5, np.arange(16) % 3, -100)
    assert isinstance(LabelForm().check(context(loader(batches=batches(labels=ignored)))), Passed)
    for labels, words, severity in (
        (np.arange(16) % 3 - 1, "go down to -1", Severity.ERROR),
        (np.arange(16.0) % 3, "decimal numbers", Severity.ERROR),
        (np.full(16, np.nan), "not numbers", Severity.ERROR),
        (np.eye(3)[np.arange(16) % 3], "one-hot", Severity.INFO),
    ):
        outcome = LabelForm().check(context(loader(batches=batches(labels=labels))))
        assert isinstance(outcome, Found)
        assert words in outcome.findings[0].message
        assert outcome.findings[0].severity is severity
