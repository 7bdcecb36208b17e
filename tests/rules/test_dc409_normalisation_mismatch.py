from typing import Any

import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.samples.dc409_normalisation_mismatch import NormalisationMismatch

from .examples import shown
from .quality_tables import check, photos

SPLIT = ["train"] * 200 + ["test"] * 200
CHANNELS = [f"{what}_{name}" for what in ("mean", "std") for name in ("red", "green", "blue")]


def changed(function: Any) -> dict[str, Any]:
    """Return 400 photos with the channel moments of the second half replaced by a function of all."""
    columns = photos(400)
    half = {name: columns[name][200:] for name in CHANNELS}
    return columns | {name: np.concatenate([columns[name][:200], values]) for name, values in function(half).items()}


def finding(columns: dict[str, Any]) -> Any:
    outcome = check(NormalisationMismatch(), columns, split=SPLIT)
    assert isinstance(outcome, Found), outcome
    assert len(outcome.findings) == 1
    return outcome.findings[0]


def test_a_scale_mistake_is_named() -> None:
    found = finding(changed(lambda half: {name: values / 255 for name, values in half.items()}))
    assert (found.evidence["cause"], found.severity) == ("scale", Severity.ERROR)
    assert found.evidence["brightness_factor"] == pytest.approx(255, rel=0.1)


def test_exchanged_channels_are_named() -> None:
    found = finding(changed(lambda half: half | {"mean_red": half["mean_blue"], "mean_blue": half["mean_red"]}))
    assert (found.evidence["cause"], found.severity) == ("channel order", Severity.ERROR)


def test_another_exposure_is_measured() -> None:
    found = finding(changed(lambda half: {name: half[name] + 0.1 for name in CHANNELS[:3]}))
    assert (found.evidence["cause"], found.severity) == ("distribution", Severity.WARNING)
    red = found.evidence["channels"][0]
    assert red["channel"] == "mean_red"
    assert red["effect"] == pytest.approx(1.0, abs=0.25)
    assert red["effect_low"] < red["effect"] < red["effect_high"]


def test_equal_splits_one_split_and_tiny_splits_are_silent() -> None:
    assert isinstance(check(NormalisationMismatch(), photos(400), split=SPLIT), Passed)
    assert isinstance(check(NormalisationMismatch(), photos(400)), NotApplicable)
    assert isinstance(check(NormalisationMismatch(), photos(3), split=["train", "train", "test"]), NotApplicable)


def test_the_example_and_the_edges() -> None:
    columns = changed(lambda half: {name: values / 255 for name, values in half.items()})
    assert finding(columns).message == shown(NormalisationMismatch)
    nine = [*["train"] * 391, *["test"] * 9]
    assert isinstance(check(NormalisationMismatch(), columns, split=nine), NotApplicable)
    ten = [*["train"] * 390, *["test"] * 10]
    assert not isinstance(check(NormalisationMismatch(), columns, split=ten), NotApplicable)
