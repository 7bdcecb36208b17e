import numpy as np

from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules.readiness.dc603_learning_curve import Curve, LearningCurve, class_gains, fit_power_law

from .examples import shown
from .probe_tables import embed, probed, truth


def test_a_curve_that_still_rises_asks_for_more_data() -> None:
    given = truth(600)
    embeddings = embed(given, separation=2.0, width=120)
    outcome = LearningCurve().check(probed(given, embeddings=embeddings))
    assert isinstance(outcome, Found)
    evidence = outcome.findings[0].evidence
    accuracy = [point["accuracy"] for point in evidence["curve"]]
    assert accuracy[-1] > accuracy[0] + 0.1
    assert 0.01 <= evidence["gain_at_twice"]["low"] <= evidence["gain_at_twice"]["value"]
    assert [point["n"] for point in evidence["curve"]][-1] == 480
    assert {one["class"] for one in evidence["classes"]} == {"cat", "dog", "fox", "owl"}


def test_a_flat_curve_is_silent() -> None:
    given = truth(1200)
    assert isinstance(LearningCurve().check(probed(given, embeddings=embed(given, separation=6.0))), Passed)


def test_the_power_law_is_recovered() -> None:
    sizes = np.array([50.0, 100, 200, 400, 800])
    floor, scale, rate = fit_power_law(sizes, 0.05 + 1.5 * sizes**-0.4)
    np.testing.assert_allclose([floor, scale, rate], [0.05, 1.5, 0.4], rtol=0.02)


def test_few_samples_are_not_judged() -> None:
    assert isinstance(LearningCurve().check(probed(truth(80), embeddings=embed(truth(80)))), NotApplicable)


def test_embeddings_that_the_labels_shaped_are_not_judged() -> None:
    given = truth(600)
    context = probed(given, embeddings=embed(given, separation=2.0, width=120), embeddings_label_free=False)
    outcome = LearningCurve().check(context)
    assert isinstance(outcome, NotApplicable)
    assert "made without the labels" in outcome.reason


def test_the_example_and_the_edges() -> None:
    given = truth(600)
    context = probed(given, embeddings=embed(given, separation=2.0, width=120))
    outcome = LearningCurve().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(LearningCurve)
    low = outcome.findings[0].evidence["gain_at_twice"]["low"]
    assert isinstance(LearningCurve(min_gain=low).check(context), Found)
    assert isinstance(LearningCurve(min_gain=low + 1e-9).check(context), Passed)
    assert isinstance(LearningCurve(min_samples=601).check(context), NotApplicable)


def test_the_classes_are_ordered_by_what_the_second_half_of_the_data_brought() -> None:
    recall = np.full((1, 6, 3), 0.5)
    recall[0, 3:] = [[0.5, 0.9, 0.6], [0.5, 0.9, 0.6], [0.55, 0.9, 0.8]]
    gains = class_gains(Curve(np.arange(1.0, 7), np.zeros((1, 6)), recall), ("cat", "dog", "owl"))
    assert [(one["class"], round(one["gain_from_half"], 2)) for one in gains] == [
        ("owl", 0.2),
        ("cat", 0.05),
        ("dog", 0.0),
    ]
