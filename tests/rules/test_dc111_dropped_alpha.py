from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

from datacheck.findings import Found, NotApplicable, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.files.dc111_dropped_alpha import DroppedAlpha
from datacheck.rules.samples.dc404_low_information import LowInformation
from datacheck.scanning import scan
from datacheck.sources import open_source

from .examples import shown
from .quality_tables import check, found_ids, photos, planted


def test_the_example_and_the_edge() -> None:
    logos = photos(12) | {"mode": ["RGBA"] * 12, "contrast": [0.0] * 12}
    outcome = check(DroppedAlpha(), logos)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == shown(DroppedAlpha)
    assert outcome.findings[0].severity is Severity.ERROR
    for flat, found in ((0.0625, False), (0.0626, True)):
        outcome = check(DroppedAlpha(flat=flat), planted(photos(9), [4], mode="LA", contrast=0.0625))
        assert isinstance(outcome, Found) == found


def test_transparent_photos_and_blank_images_without_alpha_are_silent() -> None:
    assert isinstance(check(DroppedAlpha(), photos(9) | {"mode": ["RGBA"] * 9}), Passed)
    assert isinstance(check(DroppedAlpha(), planted(photos(9), [4], contrast=0.0)), NotApplicable)


def test_line_art_is_found_in_real_files_and_not_called_blank(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(6):
            drawn = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
            ImageDraw.Draw(drawn).line((2, 2 + number, 28, 20), fill=(0, 0, 0, 255), width=3)
            drawn.save(tmp_path / name / f"{number}.png")
    manifest = open_source(tmp_path)
    context = RuleContext(manifest, scan(manifest, jobs=1).measurements)
    assert len(found_ids(DroppedAlpha().check(context))) == 12
    assert isinstance(LowInformation().check(context), Passed)


def test_faint_images_whose_alpha_hides_nothing_are_silent(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(3):
            drawn = Image.new("RGBA", (32, 32), (9, 9, 9, 255))
            ImageDraw.Draw(drawn).line((2, 2 + number, 28, 20), fill=(12, 12, 12, 255), width=3)
            drawn.save(tmp_path / name / f"{number}.png")
    manifest = open_source(tmp_path)
    assert isinstance(DroppedAlpha().check(RuleContext(manifest, scan(manifest, jobs=1).measurements)), Passed)


def test_a_palette_with_a_transparent_colour_has_alpha(tmp_path: Path) -> None:
    for number in range(6):
        drawn = Image.new("P", (32, 32), 0)
        drawn.putpalette([0, 0, 0, 0, 0, 0, 200, 30, 30])
        ImageDraw.Draw(drawn).line((2, 2 + number, 28, 20), fill=1, width=3)
        (tmp_path / "art").mkdir(exist_ok=True)
        (tmp_path / "flags").mkdir(exist_ok=True)
        drawn.save(tmp_path / f"art/{number}.png", transparency=0)
        ImageDraw.Draw(drawn).rectangle((4, 4 + number, 20, 28), fill=2)
        drawn.save(tmp_path / f"flags/{number}.png")
    manifest = open_source(tmp_path)
    context = RuleContext(manifest, scan(manifest, jobs=1).measurements)
    assert found_ids(DroppedAlpha().check(context)) == [f"art/{number}.png" for number in range(6)]
    assert isinstance(LowInformation().check(context), Passed)
