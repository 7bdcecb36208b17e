import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.samples.dc408_greyscale_among_colour import GreyscaleAmongColour

from .examples import shown
from .quality_tables import check, digits, found_ids, photos, planted


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_finds_the_grey_ones_up_to_half(share: float) -> None:
    rows = list(range(round(share * 400)))
    outcome = check(GreyscaleAmongColour(), planted(photos(400), rows, greyscale=True))
    assert found_ids(outcome) == [f"s{row}" for row in rows]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is Severity.WARNING


def test_finds_colour_among_grey() -> None:
    outcome = check(GreyscaleAmongColour(), planted(digits(400), [4, 5, 6, 7], greyscale=False))
    assert found_ids(outcome) == ["s4", "s5", "s6", "s7"]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["colour"] == 4


def test_one_grey_photo_is_an_info_unless_its_mode_is_grey() -> None:
    foggy = planted(photos(400), [4], greyscale=True)
    for columns, severity in ((foggy, Severity.INFO), (planted(foggy, [4], mode="L"), Severity.WARNING)):
        outcome = check(GreyscaleAmongColour(), columns)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity


def test_all_grey_and_blank_images_are_silent() -> None:
    assert check(GreyscaleAmongColour(), digits(50)) == Passed("all greyscale")
    assert isinstance(check(GreyscaleAmongColour(), planted(photos(50), [3], greyscale=True, contrast=0.0)), Passed)


def test_the_example_and_the_edge() -> None:
    columns = planted(photos(50), range(5), greyscale=True)
    for share, severity in ((0.1, Severity.WARNING), (0.101, Severity.INFO)):
        outcome = check(GreyscaleAmongColour(warning_share=share), columns)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].message == shown(GreyscaleAmongColour)
        assert outcome.findings[0].severity is severity
