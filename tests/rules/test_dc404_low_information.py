import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.samples.dc404_low_information import LowInformation

from .examples import shown
from .quality_tables import check, digits, found_ids, photos, planted

BLANK = {"contrast": 0.0, "entropy": 0.0}


@pytest.mark.parametrize(
    ("share", "severity"),
    [(0.01, Severity.WARNING), (0.5, Severity.WARNING), (0.95, Severity.ERROR), (1.0, Severity.ERROR)],
)
def test_finds_exactly_the_blank_ones_however_many_they_are(share: float, severity: Severity) -> None:
    rows = list(range(round(share * 400)))
    outcome = check(LowInformation(), planted(photos(400), rows, **BLANK))
    assert found_ids(outcome) == [f"s{row}" for row in rows]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is severity


def test_a_speck_on_white_is_nearly_blank_among_photos() -> None:
    outcome = check(LowInformation(), planted(photos(400), [9], contrast=0.05, entropy=0.8))
    assert found_ids(outcome) == ["s9"]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.INFO
    assert outcome.findings[0].evidence["low_entropy"] == 1


def test_drawings_and_digits_have_few_grey_levels_by_nature() -> None:
    assert isinstance(check(LowInformation(), digits(300)), Passed)
    assert isinstance(check(LowInformation(), photos(300) | {"entropy": [0.7] * 300}), Passed)


def test_one_blank_photo_of_three() -> None:
    assert found_ids(check(LowInformation(), planted(photos(3), [2], **BLANK))) == ["s2"]


def test_the_example_and_the_edges() -> None:
    outcome = check(LowInformation(), planted(photos(300), range(4), **BLANK))
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(LowInformation)
    for flat, found in ((0.0625, False), (0.0626, True)):
        outcome = check(LowInformation(flat=flat), planted(photos(9), [4], contrast=0.0625))
        assert isinstance(outcome, Found) == found
