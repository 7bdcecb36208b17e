from __future__ import annotations

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.dc901_wrong_label_arrives import WrongLabelArrives, class_of_number

from .examples import shown
from .loader_evidence import context, found, manifest


def test_a_clean_look_is_silent() -> None:
    assert isinstance(WrongLabelArrives().check(context()), Passed)


def test_the_example() -> None:
    outcome = WrongLabelArrives().check(context(manifest=manifest(shift=2)))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.ERROR
    assert outcome.findings[0].message == shown(WrongLabelArrives)
    assert outcome.findings[0].n_affected == 64


def test_a_few_wrong_labels_and_images_that_were_not_found() -> None:
    row = found().found.row.copy()  # type: ignore[union-attr]
    row[:10] = -1
    row[10] = (row[10] + 1) % 64
    outcome = WrongLabelArrives().check(context(found(row=row), val=None))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["n_wrong"] == 1
    assert outcome.findings[0].evidence["n_compared"] == 54
    row[:50] = -1
    assert isinstance(WrongLabelArrives().check(context(found(row=row), val=None)), NotApplicable)


def test_numbers_of_another_order_are_matched_by_what_they_come_with() -> None:
    audited = np.array([0, 0, 1, 1, 2, 2])
    given = np.array([2, 2, 0, 0, 1, 1])
    assert class_of_number(manifest(), None, audited, given).tolist() == [1, 2, 0]
    assert class_of_number(manifest(), ("ring", "box"), audited, given).tolist() == [2, 0, -1]
