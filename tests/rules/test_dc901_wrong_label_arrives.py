from __future__ import annotations

from dataclasses import replace

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.loader.class_numbers import class_of_number
from datacheck.rules.loader.dc901_wrong_label_arrives import WrongLabelArrives

from .examples import shown
from .loader_evidence import context, found, loader, manifest


def test_a_clean_look_is_silent() -> None:
    assert isinstance(WrongLabelArrives().check(context()), Passed)


def test_the_example() -> None:
    outcome = WrongLabelArrives().check(context(manifest=manifest(shuffled=True), val=None))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.ERROR
    assert outcome.findings[0].message == shown(WrongLabelArrives)
    assert outcome.findings[0].n_affected == outcome.findings[0].evidence["n_wrong"] == 41


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


def test_what_validation_shows_is_no_pass_for_training() -> None:
    outcome = WrongLabelArrives().check(context(loader(), val=found("val")))
    assert isinstance(outcome, NotApplicable)
    assert outcome.reason.startswith("'train': fewer than 16 images")
    assert "'val': 64 images found again" in outcome.reason
    outcome = WrongLabelArrives().check(context(found(), val=loader("val")))
    assert isinstance(outcome, Passed)
    assert "'val': fewer than 16 images" in outcome.summary


def test_classes_that_are_all_renumbered_or_joined_cannot_be_told_from_what_is_meant() -> None:
    outcome = WrongLabelArrives().check(context(manifest=manifest(shift=2), val=None))
    assert isinstance(outcome, NotApplicable)
    assert "its classes are others than the audited: 'box' as 1, 'cone' as 2, 'ring' as 0" in outcome.reason
    own = found()
    joined = tuple(replace(each, labels=np.minimum(each.labels, 1)) for each in own.batches)  # type: ignore[type-var]
    outcome = WrongLabelArrives().check(context(replace(own, batches=joined), val=None))
    assert isinstance(outcome, NotApplicable)
    assert "'box' as 0, 'cone' as 1, 'ring' as 1" in outcome.reason


def test_numbers_of_another_order_are_matched_by_what_they_come_with() -> None:
    audited = np.array([0, 0, 1, 1, 2, 2])
    given = np.array([2, 2, 0, 0, 1, 1])
    assert class_of_number(manifest(), None, audited, given).tolist() == [1, 2, 0]
    assert class_of_number(manifest(), ("ring", "box"), audited, given).tolist() == [2, 0, -1]
