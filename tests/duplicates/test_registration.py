"""Crops, small rotations and watermarks, and the same thing photographed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.laid_over import in_pixels, in_shares, refined
from datacheck.duplicates.search import search_duplicates
from datacheck.findings import Found, NotApplicable, Passed
from datacheck.rules.base import RuleContext
from datacheck.rules.splits.dc303_split_leakage import SplitLeakage
from datacheck.rules.splits.dc310_scene_leakage import SceneLeakage
from datacheck.scanning import scan
from datacheck.sources import open_source

Change = Callable[[Image.Image], Image.Image]


def scene(rng: np.random.Generator) -> Image.Image:
    """A textured picture: shapes of many sizes over a coarse ground."""
    picture = Image.fromarray(rng.uniform(60, 200, (4, 5, 3)).astype(np.uint8)).resize(
        (320, 240), Image.Resampling.BICUBIC
    )
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, size = rng.uniform(0, 320), rng.uniform(0, 240), rng.uniform(4, 40)
        colour = tuple(int(value) for value in rng.uniform(0, 255, 3))
        draw.rectangle((x, y, x + size, y + size * rng.uniform(0.3, 1.5)), fill=colour)
    return picture


def cropped(image: Image.Image, share: float = 0.8) -> Image.Image:
    width, height = image.size
    left, top = round(width * (1 - share) / 2), round(height * (1 - share) / 2)
    return image.crop((left, top, width - left, height - top)).resize(image.size)


def with_other_things(image: Image.Image) -> Image.Image:
    """The same ground and most of the same shapes, with other things in a quarter of the picture."""
    image, other = image.copy(), scene(np.random.default_rng(99))
    for left, top in ((30, 20), (180, 30), (60, 140), (210, 130)):
        image.paste(other.crop((left, top, left + 76, top + 70)), (left, top))
    return image


def marked(image: Image.Image) -> Image.Image:
    image = image.copy()
    ImageDraw.Draw(image).rectangle((90, 100, 230, 130), fill=(250, 250, 250))
    return image


def photographed_again(image: Image.Image) -> Image.Image:
    """The same thing from a little to the side, in other light that falls from one side."""
    height, width = 240, 320
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    target = np.array([[6, 10], [width - 4, 2], [width, height], [0, height - 8]], np.float32)
    moved = cv2.warpPerspective(np.asarray(image), cv2.getPerspectiveTransform(source, target), (width, height))
    light = np.linspace(1.25, 0.55, width)[None, :, None]
    noise = np.random.default_rng(0).normal(0, 14, moved.shape)
    return Image.fromarray(np.clip(moved * light + noise, 0, 255).astype(np.uint8))


def planted(folder: Path, change: Change | None, search: DuplicateSearch = DuplicateSearch.AUTO) -> RuleContext:
    rng = np.random.default_rng(0)
    for number in range(24):
        place = folder / ("test" if number >= 16 else "train") / ("cat", "dog")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        picture = scene(rng)
        picture.save(place / f"{number}.png")
        if number in (0, 4) and change is not None:
            (folder / "test/cat").mkdir(parents=True, exist_ok=True)
            change(picture).save(folder / "test/cat" / f"copy_{number}.jpg", quality=90)
    manifest = open_source(folder)
    measurements = scan(manifest, jobs=1, thumbnails=False).measurements
    found = search_duplicates(manifest, measurements, search=search, max_distance=DEFAULT_NEAR_DUPLICATE_DISTANCE)
    return RuleContext(manifest, measurements, find_copies=lambda: found)


CHANGES: dict[str, tuple[Change, str]] = {
    "crop": (cropped, "cropped"),
    "corner": (lambda image: image.crop((0, 0, 250, 190)), "cropped"),
    "mirrored crop": (lambda image: ImageOps.mirror(cropped(image)), "mirrored, cropped"),
    "rotation": (lambda image: image.rotate(8, fillcolor=(128, 128, 128)), "turned by 8°"),
    "watermark": (marked, ""),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_in_another_split_is_found_and_named(name: str, tmp_path: Path) -> None:
    change, words = CHANGES[name]
    outcome = SplitLeakage().check(planted(tmp_path, change))
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == ["test/cat/copy_0.jpg", "test/cat/copy_4.jpg"]
    assert outcome.issues["related_id"].to_pylist() == ["train/cat/0.png", "train/cat/4.png"]
    note = "near duplicate in train" + (f": {words}" if words else "")
    assert set(outcome.issues["note"].to_pylist()) == {note}


def test_the_clean_twin_is_silent(tmp_path: Path) -> None:
    context = planted(tmp_path, None)
    assert isinstance(SplitLeakage().check(context), Passed)
    assert isinstance(SceneLeakage().check(context), Passed)


def test_the_same_thing_photographed_again_is_no_copy_but_a_group(tmp_path: Path) -> None:
    context = planted(tmp_path, photographed_again)
    assert isinstance(SplitLeakage().check(context), Passed)
    outcome = SceneLeakage().check(context)
    assert isinstance(outcome, Found)
    assert outcome.findings[0].message == (
        "at least 2 of 10 images of 'test' (20 %) show the same object or scene as an image of 'train'"
    )
    assert outcome.issues["related_id"].to_pylist() == ["train/cat/0.png", "train/cat/4.png"]


def test_another_scene_before_the_same_ground_is_no_copy(tmp_path: Path) -> None:
    assert isinstance(SplitLeakage().check(planted(tmp_path, with_other_things)), Passed)


@pytest.mark.parametrize("search", [DuplicateSearch.EXACT, DuplicateSearch.HASH])
def test_what_was_not_searched_for_is_not_found(search: DuplicateSearch, tmp_path: Path) -> None:
    context = planted(tmp_path, cropped, search)
    assert isinstance(SplitLeakage().check(context), Passed)
    outcome = SceneLeakage().check(context)
    assert isinstance(outcome, NotApplicable)
    assert outcome.reason.endswith("pass duplicates='features'")


def test_pictures_that_are_gone_after_the_scan_are_counted(tmp_path: Path) -> None:
    context = planted(tmp_path, cropped)
    gone = sorted((tmp_path / "train").rglob("*.png"))[:2]
    for path in gone:
        path.unlink()
    manifest, measurements = context.manifest, context.measurements
    assert measurements is not None
    found = search_duplicates(manifest, measurements, search=DuplicateSearch.FEATURES, max_distance=6)
    assert found.not_searched == "not searched for: changed copies of 2 images that could not be read a second time"


def test_blank_pictures_match_nothing(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for number in range(6):
            (tmp_path / split / "page").mkdir(parents=True, exist_ok=True)
            page = Image.new("L", (200, 260), 250)
            ImageDraw.Draw(page).line((20, 30 + 9 * number, 120, 30 + 9 * number), fill=0)
            page.save(tmp_path / split / "page" / f"{number}{split}.png")
    manifest = open_source(tmp_path)
    measurements = scan(manifest, jobs=1, thumbnails=False).measurements
    found = search_duplicates(manifest, measurements, search=DuplicateSearch.FEATURES, max_distance=6)
    assert found.registered is None or len(found.registered.pairs) == 0


def test_a_map_that_is_off_by_pixels_is_refined() -> None:
    first = np.asarray(ImageOps.grayscale(scene(np.random.default_rng(3))))
    true = np.array([[1.4, 0, -40], [0, 1.4, -30]])
    second = np.asarray(cv2.warpAffine(first, true, (320, 240)))
    given = true + np.array([[0.01, 0, 2.5], [0, -0.01, -2]])
    found = in_pixels(refined(first, second, in_shares(given, first, second)), first, second)
    assert np.abs(found - true)[:, 2].max() < 0.5
    assert np.abs(found - true)[:, :2].max() < 0.004


def test_a_map_that_does_not_settle_is_kept() -> None:
    given = np.array([[1.4, 0, 5], [0, 1.4, 5]])
    assert refined(np.zeros((240, 320), np.uint8), np.zeros((240, 320), np.uint8), given).tolist() == given.tolist()
