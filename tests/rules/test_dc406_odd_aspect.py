import numpy as np
import pytest

from datacheck.findings import Found, Passed
from datacheck.rules.samples.dc406_odd_aspect import OddAspect

from .examples import shown
from .quality_tables import check, found_ids, photos, planted


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_finds_strips_however_many_they_are(share: float) -> None:
    rows = list(range(round(share * 400)))
    outcome = check(OddAspect(), planted(photos(400), rows, width=90, height=640))
    assert found_ids(outcome) == [f"s{row}" for row in rows]


def test_portrait_beside_landscape_and_panoramas_by_nature_are_silent() -> None:
    assert isinstance(check(OddAspect(), planted(photos(100), range(50), width=480, height=640)), Passed)
    width = np.random.default_rng(0).integers(1400, 1700, 100)
    assert isinstance(check(OddAspect(), photos(100) | {"width": width}), Passed)


def test_the_example_and_the_edges() -> None:
    outcome = check(OddAspect(), planted(photos(100), [3, 4], width=900, height=90))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(OddAspect)
    for width, found in ((1199, False), (1200, True)):
        assert isinstance(check(OddAspect(), planted(photos(100), [3], width=width)), Found) == found
