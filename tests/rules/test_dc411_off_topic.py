from typing import Any

import numpy as np
import pytest

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.samples.dc411_off_topic import OffTopic, joint_deviations

from .examples import shown
from .quality_tables import check, digits, found_ids, photos, planted

SCREENSHOT = {"entropy": 2.1, "contrast": 0.08, "brightness": 0.95, "brightness_p01": 0.5, "sharpness": 1.9}


def signature(share: float) -> bytes:
    """A signature whose fine rows have this share."""
    rows = np.zeros(143)
    rows[5], rows[100] = np.sqrt(1 - share**2), share
    return np.rint(127 * rows / rows.max()).astype(np.int8).tobytes()


def signed(columns: dict[str, Any], fine: tuple[int, ...] = ()) -> dict[str, Any]:
    shares = np.random.default_rng(3).uniform(0.1, 0.4, len(columns["readable"]))
    shares[list(fine)] = 0.8
    return columns | {"perceptual_signature": [signature(share) for share in shares]}


def test_two_screenshots_among_photos() -> None:
    outcome = check(OffTopic(), signed(planted(photos(200), [7, 130], **SCREENSHOT), fine=(7, 130)))
    assert isinstance(outcome, Found)
    assert sorted(found_ids(outcome)) == ["s130", "s7"]
    assert outcome.findings[0].message == shown(OffTopic)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.findings[0].evidence["min_deviations"] == 7.0
    assert min(outcome.issues["value"].to_pylist()) >= 7.0


def test_ten_alike_are_found_too() -> None:
    rows = list(range(40, 50))
    outcome = check(OffTopic(), signed(planted(photos(200), rows, **SCREENSHOT), fine=tuple(rows)))
    assert isinstance(outcome, Found)
    assert sorted(found_ids(outcome)) == [f"s{row}" for row in rows]


@pytest.mark.parametrize("seed", range(5))
def test_clean_photos_are_silent(seed: int) -> None:
    assert isinstance(check(OffTopic(), signed(photos(200, seed))), Passed)


def test_drawings_are_not_judged() -> None:
    outcome = check(OffTopic(), digits(200))
    assert isinstance(outcome, NotApplicable)
    assert outcome.reason.startswith("the images are drawings or tiny (median entropy 2.6 bits, and 4 are needed)")


def test_one_property_alone_and_blank_images_are_left_to_other_rules() -> None:
    assert isinstance(check(OffTopic(), planted(photos(200), [3], colourfulness=0.0)), Passed)
    blank = {"contrast": 0.001, "entropy": 0.0, "brightness": 0.0, "brightness_p99": 0.0}
    assert isinstance(check(OffTopic(), planted(photos(200), [3], **blank)), Passed)


def test_images_that_were_not_measured_are_not_judged() -> None:
    outcome = check(OffTopic(), planted(photos(52), [0, 1, 2], entropy=None))
    assert outcome == NotApplicable("needs 50 or more measured images that are not blank, found 49")


def test_the_edge() -> None:
    columns = signed(planted(photos(200), [7], **SCREENSHOT), fine=(7,))
    outcome = check(OffTopic(), columns)
    assert isinstance(outcome, Found)
    (deviation,) = outcome.issues["value"].to_pylist()
    assert isinstance(check(OffTopic(min_deviations=deviation), columns), Found)
    assert isinstance(check(OffTopic(min_deviations=np.nextafter(deviation, np.inf)), columns), Passed)


def test_half_of_another_kind_is_no_exception() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 4)) + np.repeat([[0.0], [6.0]], 100, axis=0)
    assert (joint_deviations(values, min_z=2.5) < 7).all()
