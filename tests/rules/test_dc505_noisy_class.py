from dataclasses import replace

import numpy as np

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.labels.label_yield import LabelYield
from datacheck.rules.labels.dc505_noisy_class import NoisyClass
from datacheck.stats import Interval

from .examples import shown
from .probe_tables import believe, probed, truth


def test_the_class_that_others_were_called_is_named() -> None:
    true = truth()
    given = true.copy()
    owls = np.flatnonzero(true == 3)
    given[owls[:60]] = 2
    outcome = NoisyClass().check(probed(given, pred_probs=believe(true)))
    assert isinstance(outcome, Found)
    (noisy,) = outcome.findings[0].evidence["noisy"]
    assert noisy["class"] == "fox"
    assert 0.08 < noisy["low"] < noisy["share"] < 60 / 260
    assert noisy["share_elsewhere"] < 0.01


def test_noise_spread_over_all_classes_and_no_noise_are_silent() -> None:
    true = truth()
    given = true.copy()
    given[:100] = (given[:100] + 1) % 4
    assert isinstance(NoisyClass().check(probed(given, pred_probs=believe(true))), Passed)
    assert isinstance(NoisyClass().check(probed(true, pred_probs=believe(true))), Passed)


def test_the_example_and_the_edges() -> None:
    true = truth()
    given = true.copy()
    given[np.flatnonzero(true == 3)[:60]] = 2
    context = probed(given, pred_probs=believe(true))
    outcome = NoisyClass().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(NoisyClass)
    low = outcome.findings[0].evidence["noisy"][0]["low"]
    assert isinstance(NoisyClass(min_share=low).check(context), Found)
    assert isinstance(NoisyClass(min_share=low + 1e-9).check(context), Passed)


def test_no_class_is_named_where_the_count_of_wrong_labels_is_not_known() -> None:
    given = truth()
    given[np.flatnonzero(given == 3)[:60]] = 2
    one = np.ones(1)
    unknown = LabelYield(Interval(200, 0, 241, n=800), one.astype(np.int64), one, one, one, 1)
    outcome = NoisyClass().check(probed(given, pred_probs=believe(truth()), label_yield=unknown))
    assert isinstance(outcome, NotApplicable)
    assert "it is not known how many of 800 labels are wrong" in outcome.reason
    known = LabelYield(Interval(200, 1, 240, n=800), one.astype(np.int64), one, one, one, 1)
    found = NoisyClass().check(probed(given, pred_probs=believe(truth()), label_yield=known))
    assert isinstance(found, Found)
    assert found.findings[0].severity is Severity.WARNING
    unsure = replace(known, noise_certainty=0.49)
    found = NoisyClass().check(probed(given, pred_probs=believe(truth()), label_yield=unsure))
    assert isinstance(found, Found)
    assert found.findings[0].severity is Severity.INFO
