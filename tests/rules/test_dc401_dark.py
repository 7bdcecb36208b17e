import numpy as np
import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.samples.dc401_dark import Dark, dark_images

from .examples import shown
from .quality_tables import check, digits, found_ids, photos, planted

BLACK = {"brightness": 0.03, "brightness_p01": 0.0, "brightness_p99": 0.08, "contrast": 0.02}
DIM = {"brightness": 0.08, "brightness_p01": 0.0, "brightness_p99": 0.3, "contrast": 0.07}


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95])
def test_finds_exactly_the_darkened_ones_however_many_they_are(share: float) -> None:
    rows = list(range(round(share * 400)))
    outcome = check(Dark(), planted(photos(400), rows, **BLACK))
    assert found_ids(outcome) == [f"s{row}" for row in rows]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING
    assert outcome.findings[0].evidence["share"]["value"] == pytest.approx(share)
    assert outcome.issues["value"].to_pylist() == pytest.approx([0.08] * len(rows))


def test_a_dim_photo_is_dark_only_among_bright_ones() -> None:
    assert found_ids(check(Dark(), planted(photos(400), [7], **DIM))) == ["s7"]
    night = photos(400) | {"brightness": np.random.default_rng(3).normal(0.12, 0.03, 400).clip(0.05)}
    assert isinstance(check(Dark(), planted(night, [7], **DIM)), Passed)


def test_a_dark_dataset_is_stated_once() -> None:
    rng = np.random.default_rng(0)
    night = photos(400) | {
        "brightness": rng.normal(0.08, 0.02, 400).clip(0.02),
        "brightness_p99": rng.uniform(0.2, 0.33, 400),
    }
    outcome = check(Dark(), night)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.issues.num_rows == 0
    assert "nearly all images are dark" in outcome.findings[0].message
    assert found_ids(check(Dark(), planted(night, [3], **dict.fromkeys(BLACK, 0.0)))) == ["s3"]


def test_dim_microscopy_among_bright_stains_is_not_dark() -> None:
    rng = np.random.default_rng(4)
    dim, n = 300, 400
    stained = photos(n)
    brightest = np.r_[np.exp(rng.uniform(np.log(0.08), np.log(0.35), dim)), stained["brightness_p99"][dim:]]
    brightness = np.r_[brightest[:dim] * rng.uniform(0.2, 0.6, dim), stained["brightness"][dim:]]
    fluorescence = stained | {"brightness": brightness, "brightness_p01": np.zeros(n), "brightness_p99": brightest}
    assert (brightest < Dark.severe).sum() > 30
    assert isinstance(check(Dark(), fluorescence), Passed)
    black = {**BLACK, "brightness": 0.004, "brightness_p99": 0.016, "contrast": 0.003}
    assert found_ids(check(Dark(), planted(fluorescence, [3], **black))) == ["s3"]


def test_a_bright_spot_in_less_than_a_hundredth_of_the_image_is_something_to_see() -> None:
    star = {**BLACK, "brightness_p99": 0.05, "contrast": 0.04}
    assert found_ids(check(Dark(), planted(planted(photos(400), [7], **BLACK), [9], **star))) == ["s7"]


def test_digits_on_black_are_not_dark() -> None:
    assert isinstance(check(Dark(), digits(300)), Passed)


def test_one_black_photo_of_three() -> None:
    assert found_ids(check(Dark(), planted(photos(3), [1], **BLACK))) == ["s1"]


def test_says_which_split_and_class_it_hits() -> None:
    outcome = check(
        Dark(), planted(photos(40), [0, 1, 2], **BLACK), label=["cat", "dog"] * 20, split=["train"] * 2 + ["test"] * 38
    )
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["by_split"] == {"train": 2, "test": 1}
    assert outcome.findings[0].evidence["by_class"] == {"cat": 2, "dog": 1}


def test_the_example_and_the_edges() -> None:
    outcome = check(Dark(), planted(photos(100), [4], **BLACK))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(Dark)
    brightness, brightest = np.full(9, 0.5), np.array([0.9] * 8 + [0.125])
    for severe, found in ((0.125, False), (0.1251, True)):
        assert bool(dark_images(brightness, brightest, limit=0.1, severe=severe, min_z=4.0)[8]) == found


@pytest.mark.parametrize(("n", "severity"), [(401, Severity.INFO), (400, Severity.WARNING)])
def test_four_dim_photos_of_400_are_a_warning(n: int, severity: Severity) -> None:
    outcome = check(Dark(), planted(photos(n), range(4), **DIM))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is severity
