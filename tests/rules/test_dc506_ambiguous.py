import numpy as np
import pytest

from datacheck.findings import Found, Passed
from datacheck.rules.labels.dc506_ambiguous import Ambiguous, between_two

from .examples import shown
from .probe_tables import believe, probed, truth


def test_samples_between_two_classes_are_listed() -> None:
    probs = believe(truth())
    probs[10:40] = [0.48, 0.47, 0.03, 0.02]
    outcome = Ambiguous().check(probed(truth(), pred_probs=probs))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].n_affected == 30
    assert outcome.findings[0].evidence["pairs"] == [{"pair": "cat or dog", "n": 30}]
    assert outcome.issues["value"].to_pylist() == pytest.approx([0.01] * 30, abs=1e-6)


def test_the_clean_twin_is_silent() -> None:
    assert isinstance(Ambiguous().check(probed(truth(), pred_probs=believe(truth()))), Passed)


def test_the_example_and_the_edges() -> None:
    probs = believe(truth())
    probs[10:40] = [0.48, 0.47, 0.03, 0.02]
    context = probed(truth(), pred_probs=probs)
    outcome = Ambiguous().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Ambiguous)
    low = outcome.findings[0].evidence["share"]["low"]
    assert isinstance(Ambiguous(min_share=low).check(context), Found)
    assert isinstance(Ambiguous(min_share=low + 1e-9).check(context), Passed)
    halves = np.array([[0.5, 0.375, 0.125]])
    assert between_two(halves, min_together=0.875, max_gap=0.125).all()
    assert not between_two(halves, min_together=0.876, max_gap=0.125).any()
    assert not between_two(halves, min_together=0.875, max_gap=0.124).any()


def test_the_most_common_pair_comes_first() -> None:
    probs = believe(truth())
    probs[10:40] = [0.48, 0.47, 0.03, 0.02]
    probs[50:70] = [0.02, 0.47, 0.48, 0.03]
    outcome = Ambiguous().check(probed(truth(), pred_probs=probs))
    assert isinstance(outcome, Found)
    assert [(one["pair"], one["n"]) for one in outcome.findings[0].evidence["pairs"]] == [
        ("cat or dog", 30),
        ("fox or dog", 20),
    ]
