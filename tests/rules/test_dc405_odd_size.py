import numpy as np
import pytest

from datacheck.findings import Found, Passed
from datacheck.rules.samples.dc405_odd_size import OddSize, odd_sizes

from .examples import shown
from .quality_tables import check, found_ids, photos, planted


@pytest.mark.parametrize("share", [0.01, 0.4, 0.5])
def test_finds_thumbnails_however_many_they_are(share: float) -> None:
    rows = list(range(round(share * 400)))
    outcome = check(OddSize(), planted(photos(400), rows, width=96, height=72))
    assert found_ids(outcome) == [f"s{row}" for row in rows]


def test_finds_what_is_huge_and_what_is_tiny() -> None:
    outcome = check(OddSize(), planted(planted(photos(100), [3], width=20_000, height=9_000), [5], width=1, height=1))
    assert found_ids(outcome) == ["s3", "s5"]
    assert isinstance(outcome, Found)
    assert (outcome.findings[0].evidence["smaller"], outcome.findings[0].evidence["larger"]) == (1, 1)


def test_photos_of_many_sizes_are_silent() -> None:
    side = np.exp(np.random.default_rng(0).normal(6.2, 0.45, 1000)).astype(int)
    assert isinstance(check(OddSize(), photos(1000) | {"width": side, "height": side}), Passed)


def test_portrait_beside_landscape_is_silent() -> None:
    assert isinstance(check(OddSize(), planted(photos(100), range(50), width=480, height=640)), Passed)


def test_the_example_and_the_edges() -> None:
    outcome = check(OddSize(), planted(photos(200), range(6), width=96, height=72))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(OddSize)
    for factor, found in ((3.0, True), (2.999, False)):
        side = 900 / factor
        columns = planted(photos(99) | {"width": [900] * 99, "height": [900] * 99}, [4], width=side, height=side)
        assert (
            bool(odd_sizes(np.array(columns["width"], float), np.array(columns["height"], float), 3, 5, 8)[4]) == found
        )


def test_a_tiny_side_is_odd_beside_a_median_of_four_times_the_limit() -> None:
    for usual, found in ((31, False), (32, True)):
        short = np.array([7.0] + [usual] * 9)
        assert bool(odd_sizes(short, np.full(10, 60.0), 100.0, 5.0, 8)[0]) == found
