import numpy as np

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.labels.dc502_confusable_classes import ConfusableClasses, confused_pairs

from .examples import shown
from .probe_tables import believe, probed, truth


def test_two_classes_that_cross_are_named_with_their_share() -> None:
    given = truth()
    seen = given.copy()
    cats = np.flatnonzero(given == 0)
    seen[cats[:60]] = 1
    outcome = ConfusableClasses().check(probed(given, pred_probs=believe(seen)))
    assert isinstance(outcome, Found)
    (pair,) = outcome.findings[0].evidence["pairs"]
    assert (pair["first"], pair["second"], pair["first_as_second"], pair["second_as_first"]) == ("cat", "dog", 60, 0)
    assert pair["share"] == 60 / 400
    assert pair["low"] < 0.15 < pair["high"]


def test_classes_that_are_told_apart_are_silent() -> None:
    assert isinstance(ConfusableClasses().check(probed(truth(), pred_probs=believe(truth()))), Passed)


def test_a_class_without_samples_does_no_harm() -> None:
    assert confused_pairs(np.array([0, 0]), np.array([0, 2]), 3)[0]["crossing"] == 1


def test_the_example_and_the_edges() -> None:
    given = truth()
    seen = given.copy()
    seen[np.flatnonzero(given == 0)[:60]] = 1
    context = probed(given, pred_probs=believe(seen))
    outcome = ConfusableClasses().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(ConfusableClasses)
    low = outcome.findings[0].evidence["pairs"][0]["low"]
    assert isinstance(ConfusableClasses(min_share=low).check(context), Found)
    assert isinstance(ConfusableClasses(min_share=low + 1e-9).check(context), Passed)
    for share, severity in ((low, Severity.WARNING), (low + 1e-9, Severity.INFO)):
        outcome = ConfusableClasses(warning_share=share).check(context)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity


def test_what_merging_would_bring_is_measured() -> None:
    given = truth()
    seen = given.copy()
    seen[np.flatnonzero(given == 0)[:60]] = 1
    seen[np.flatnonzero(given == 2)[:8]] = 3
    outcome = ConfusableClasses().check(probed(given, pred_probs=believe(seen)))
    assert isinstance(outcome, Found)
    found = outcome.findings[0].evidence["pairs"][0]["merged"]
    assert found["before"] == (800 - 68) / 800
    assert found["after"] == (800 - 8) / 800
    assert found["gain"]["low"] < 60 / 800 < found["gain"]["high"]
