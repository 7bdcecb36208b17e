"""Pictures that look alike from afar: forms that are filled in otherwise, icons of one set, and copies of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.agreement import Agreement, is_copy
from datacheck.duplicates.clusters import DuplicateClusters
from datacheck.duplicates.search import search_duplicates
from datacheck.scanning import scan
from datacheck.sources import open_source

Draw = Callable[[int], Image.Image]


def form(number: int) -> Image.Image:
    """A page with the same print as the others, and other words in four lines of it."""
    page = Image.new("L", (380, 500), 250)
    draw = ImageDraw.Draw(page)
    same, other = np.random.default_rng(0), np.random.default_rng(number + 1)
    for line in range(24):
        words = other if line in (5, 9, 13, 17) else same
        text = "".join(chr(letter) for letter in words.integers(65, 91, 30))
        draw.text((30, 20 + 19 * line), text, fill=20, font_size=15)
    return page


def icon(number: int) -> Image.Image:
    """A ring with another figure in it."""
    picture = Image.new("L", (128, 128), 255)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((8, 8, 120, 120), outline=0, width=10)
    rng = np.random.default_rng(number)
    for x, y in rng.integers(40, 76, (3, 2)):
        draw.rectangle((x, y, x + 14, y + 8), fill=0)
    return picture


def stroke(number: int) -> Image.Image:
    """One stroke on black, as in enlarged handwriting of the digit 1."""
    small = Image.new("L", (112, 112))
    rng = np.random.default_rng(number)
    top, bottom = rng.uniform(-8, 8, 2)
    ImageDraw.Draw(small).line((60 + top, 20, 52 + bottom, 92), fill=255, width=int(rng.integers(8, 13)))
    return small.resize((28, 28), Image.Resampling.BOX).resize((96, 96), Image.Resampling.BICUBIC)


def found_among(draw: Draw, folder: Path, search: DuplicateSearch = DuplicateSearch.AUTO) -> DuplicateClusters:
    """The duplicates among twelve pictures and one that was saved again, smaller."""
    for number in range(12):
        draw(number).save(folder / f"{number:02d}.png")
    last = draw(11)
    ImageEnhance.Brightness(last).enhance(0.9).resize((last.width - 20, last.height - 26)).save(folder / "12.jpg")
    manifest = open_source(folder)
    measurements = scan(manifest, jobs=1, thumbnails=False).measurements
    return search_duplicates(manifest, measurements, search=search, max_distance=DEFAULT_NEAR_DUPLICATE_DISTANCE)


@pytest.mark.parametrize("draw", [form, icon])
def test_only_the_copy_among_pictures_of_one_form_is_a_near_duplicate(draw: Draw, tmp_path: Path) -> None:
    found = found_among(draw, tmp_path)
    assert found.near_pairs.tolist() == [[11, 12]]
    assert found.near.tolist() == [-1] * 11 + [0, 0]
    assert found.registered is not None
    assert found.registered.pairs[~found.registered.copies].tolist() == []


@pytest.mark.parametrize(("side", "copy"), [(64, False), (320, True)])
def test_one_unlike_block_makes_a_small_picture_another_one(side: int, copy: bool) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    assert is_copy(picture, picture, Agreement(0.95, 0.025, 40, np.eye(2, 3))) == copy
    assert is_copy(picture, picture, Agreement(0.95, 0.0, 40, np.eye(2, 3)))


def test_one_stroke_is_not_laid_over_another(tmp_path: Path) -> None:
    found = found_among(stroke, tmp_path)
    assert found.registered is not None
    assert found.registered.pairs.tolist() == []


def test_the_search_says_at_once_that_it_has_begun(tmp_path: Path) -> None:
    icon(0).save(tmp_path / "0.png")
    manifest = open_source(tmp_path)
    calls: list[tuple[int, int]] = []
    measurements = scan(manifest, jobs=1, thumbnails=False).measurements
    search_duplicates(manifest, measurements, max_distance=6, progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 2)


def test_hashes_alone_take_forms_for_near_duplicates(tmp_path: Path) -> None:
    assert len(found_among(form, tmp_path, DuplicateSearch.HASH).near_pairs) > 1


def test_more_images_than_are_compared_by_details_are_confirmed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datacheck.duplicates.search.MOST_BY_DEFAULT", 12)
    found = found_among(form, tmp_path)
    assert np.flatnonzero(found.near >= 0).tolist() == [11, 12]
    assert found.not_searched == (
        "not searched for: cropped and slightly rotated copies among 13 images (--duplicates features does)"
    )


def test_pairs_that_are_too_many_to_confirm_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datacheck.duplicates.search.MOST_BY_DEFAULT", 12)
    n_pairs = len(found_among(form, tmp_path, DuplicateSearch.HASH).near_pairs)
    monkeypatch.setattr("datacheck.duplicates.search.MOST_CONFIRMED", n_pairs - 5)
    assert "; differences within 5 pairs of images that are alike by hash" in found_among(form, tmp_path).not_searched
