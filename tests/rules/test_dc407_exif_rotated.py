import pytest

from datacheck.findings import Found, Passed, Severity
from datacheck.rules.samples.dc407_exif_rotated import ExifRotated

from .examples import shown
from .quality_tables import check, found_ids, photos, planted


@pytest.mark.parametrize(
    ("rows", "severity"),
    [
        (range(1), Severity.INFO),
        (range(20), Severity.WARNING),
        (range(200), Severity.WARNING),
        (range(400), Severity.INFO),
    ],
)
def test_turned_images_are_found_and_warned_of_where_mixed(rows: range, severity: Severity) -> None:
    columns = photos(400) | {"exif_orientation": [1, None] * 200}
    outcome = check(ExifRotated(), planted(columns, rows, exif_orientation=6))
    assert found_ids(outcome) == [f"s{row}" for row in rows]
    assert isinstance(outcome, Found)
    assert outcome.findings[0].severity is severity
    assert outcome.findings[0].evidence["orientations"] == {"6": len(rows)}
    assert outcome.findings[0].evidence["lying"] == len(rows)


def test_upright_and_impossible_tags_are_silent() -> None:
    assert isinstance(check(ExifRotated(), photos(4) | {"exif_orientation": [1, None, 0, 9]}), Passed)


def test_upside_down_is_not_lying() -> None:
    outcome = check(ExifRotated(), photos(2) | {"exif_orientation": [3, 1]})
    assert isinstance(outcome, Found)
    assert outcome.findings[0].evidence["lying"] == 0


def test_the_example_and_the_edge() -> None:
    columns = planted(photos(80) | {"exif_orientation": [1] * 80}, range(12), exif_orientation=6)
    outcome = check(ExifRotated(), columns)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(ExifRotated)
    for share, severity in ((0.15, Severity.WARNING), (0.151, Severity.INFO)):
        outcome = check(ExifRotated(mixed_share=share), columns)
        assert isinstance(outcome, Found)
        assert outcome.findings[0].severity is severity
