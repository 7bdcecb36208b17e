import numpy as np
import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.samples.dc402_bright import Bright, bright_images

from .examples import shown
from .quality_tables import check, found_ids, photos, planted

WHITE = {"brightness": 0.97, "brightness_p01": 0.9}


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_finds_exactly_the_washed_out_ones_however_many_they_are(share: float) -> None:
    rows = list(range(round(share * 400)))
    outcome = check(Bright(), planted(photos(400), rows, **WHITE))
    assert found_ids(outcome) == [f"s{row}" for row in rows]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING
    assert outcome.issues["value"].to_pylist() == pytest.approx([0.9] * len(rows))


def test_an_object_on_white_is_not_bright() -> None:
    assert isinstance(check(Bright(), planted(photos(400), [7], brightness=0.95, brightness_p01=0.1)), Passed)


def test_a_bright_dataset_is_stated_once() -> None:
    rng = np.random.default_rng(0)
    paper = photos(400) | {
        "brightness": rng.normal(0.95, 0.01, 400).clip(0, 0.99),
        "brightness_p01": rng.uniform(0.72, 0.79, 400),
    }
    outcome = check(Bright(), paper)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.issues.num_rows == 0
    assert found_ids(check(Bright(), planted(paper, [3], brightness=1.0, brightness_p01=1.0))) == ["s3"]


def test_the_example_and_the_edges() -> None:
    outcome = check(Bright(), planted(photos(50), [4, 5], **WHITE))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Bright)
    brightness, darkest = np.full(9, 0.5), np.array([0.1] * 8 + [0.875])
    for severe, found in ((0.875, False), (0.8749, True)):
        assert bool(bright_images(brightness, darkest, limit=0.9, severe=severe, min_z=4.0)[8]) == found
