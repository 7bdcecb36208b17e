import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.samples.dc403_blurry import Blurry, blurry_images

from .examples import shown
from .quality_tables import check, digits, found_ids, photos, planted


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_finds_exactly_the_blurred_ones_however_many_they_are(share: float) -> None:
    rows = list(range(round(share * 400)))
    outcome = check(Blurry(), planted(photos(400), rows, sharpness=0.4))
    assert found_ids(outcome) == [f"s{row}" for row in rows]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING


def test_half_of_the_photos_a_little_soft_are_a_mode_of_their_own() -> None:
    columns = photos(400) | {"sharpness": np.repeat([0.75, 1.5], 200) + np.random.default_rng(0).normal(0, 0.04, 400)}
    assert found_ids(check(Blurry(), columns)) == [f"s{row}" for row in range(200)]


def test_a_soft_dataset_is_stated_once() -> None:
    outcome = check(Blurry(), photos(400) | {"sharpness": np.random.default_rng(0).normal(0.6, 0.05, 400)})
    assert isinstance(outcome, Found)
    assert (outcome.findings[0].severity, outcome.issues.num_rows) == (Severity.INFO, 0)


def test_small_and_flat_images_have_no_room_for_blur() -> None:
    assert isinstance(check(Blurry(), digits(50)), NotApplicable)
    assert isinstance(check(Blurry(), photos(50) | {"width": [32] * 50, "sharpness": [0.3] * 50}), NotApplicable)
    assert isinstance(check(Blurry(), planted(photos(50), [4], sharpness=0.0, contrast=0.001)), Passed)


def test_the_example_and_the_edges() -> None:
    outcome = check(Blurry(), planted(photos(200), [4, 5, 6], sharpness=0.4))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Blurry)
    for severe, found in ((0.5, False), (0.5001, True)):
        sharpness = np.array([1.5] * 8 + [0.5])
        assert bool(blurry_images(sharpness, limit=0.4, severe=severe, min_z=3.5)[8]) == found
    for side, judged in ((63, False), (64, True)):
        outcome = check(Blurry(), photos(9) | {"width": [side] * 9})
        assert isinstance(outcome, NotApplicable) != judged
