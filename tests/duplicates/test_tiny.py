"""Copies among images of 32 x 32 pixels, and pictures of that size that only look alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps
from sklearn.datasets import load_digits

from datacheck.duplicates import DEFAULT_NEAR_DUPLICATE_DISTANCE, DuplicateSearch
from datacheck.duplicates.search import search_duplicates
from datacheck.duplicates.tiny import resembling
from datacheck.findings import Found, Passed
from datacheck.rules.base import RuleContext
from datacheck.rules.splits.dc302_near_duplicate import NearDuplicate
from datacheck.rules.splits.dc303_split_leakage import SplitLeakage
from datacheck.scanning import scan
from datacheck.sources import open_source

Change = Callable[[Image.Image], Image.Image]


def scene(rng: np.random.Generator) -> Image.Image:
    """A picture at 40 pixels, of which 32 are shown, with details of several sizes."""
    layers = [(side, Image.fromarray(rng.uniform(0, 255, (side, side, 3)).astype(np.uint8))) for side in (4, 9, 20)]
    pictures = [np.asarray(layer.resize((40, 40), Image.Resampling.BICUBIC), np.float32) for _, layer in layers]
    return Image.fromarray(np.mean(pictures, axis=0).astype(np.uint8))


def shown_part(image: Image.Image, left: int = 4, top: int = 4, side: int = 32) -> Image.Image:
    return image.crop((left, top, left + side, top + side)).resize((32, 32), Image.Resampling.BICUBIC)


def noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, 5, (32, 32, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


CHANGES: dict[str, Change] = {
    "shifted": lambda image: shown_part(image, 6, 3),
    "shifted and mirrored": lambda image: ImageOps.mirror(shown_part(image, 2, 5)),
    "a tenth smaller crop": lambda image: shown_part(image, 6, 5, 29),
    "darker, shifted": lambda image: ImageEnhance.Brightness(shown_part(image, 5, 5)).enhance(0.7),
    "other contrast, noise": lambda image: noisy(ImageEnhance.Contrast(shown_part(image, 3, 4)).enhance(1.4)),
}


def planted(folder: Path, change: Change | None, search: DuplicateSearch = DuplicateSearch.AUTO) -> RuleContext:
    """Pictures in train and test; three of test are changed copies of those in train."""
    rng = np.random.default_rng(0)
    for number in range(60):
        place = folder / ("test" if number >= 40 else "train") / ("cat", "dog")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        picture = scene(rng)
        shown_part(picture).save(place / f"{number}.png")
        if number in (0, 4, 8) and change is not None:
            (folder / "test/cat").mkdir(parents=True, exist_ok=True)
            change(picture).save(folder / "test/cat" / f"copy_{number}.png")
    return context_of(folder, search)


def context_of(folder: Path, search: DuplicateSearch = DuplicateSearch.AUTO) -> RuleContext:
    manifest = open_source(folder)
    measurements = scan(manifest, jobs=1, thumbnails=False).measurements
    found = search_duplicates(manifest, measurements, search=search, max_distance=DEFAULT_NEAR_DUPLICATE_DISTANCE)
    return RuleContext(manifest, measurements, find_copies=lambda: found)


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_in_another_split_is_found(name: str, tmp_path: Path) -> None:
    outcome = SplitLeakage().check(planted(tmp_path, CHANGES[name]))
    assert isinstance(outcome, Found)
    assert sorted(outcome.issues["sample_id"].to_pylist()) == [f"test/cat/copy_{number}.png" for number in (0, 4, 8)]
    assert outcome.issues["related_id"].to_pylist() == [f"train/cat/{number}.png" for number in (0, 4, 8)]
    assert outcome.findings[0].message.startswith("at least 3 of 23 samples of 'test'")
    mirrored = outcome.findings[0].evidence["changes"].get("mirrored", 0)
    assert mirrored == (3 if "mirrored" in name else 0)


def test_the_clean_twin_is_silent_and_so_is_the_search_by_hash(tmp_path: Path) -> None:
    assert isinstance(SplitLeakage().check(planted(tmp_path / "clean", None)), Passed)
    by_hash = planted(tmp_path / "hash", CHANGES["shifted"], DuplicateSearch.HASH)
    assert isinstance(SplitLeakage().check(by_hash), Passed)


def test_drawings_of_one_digit_are_no_copies(tmp_path: Path) -> None:
    for number, digit in enumerate(load_digits().images[:150]):
        place = tmp_path / ("train", "test")[number % 2]
        place.mkdir(exist_ok=True)
        picture = Image.fromarray((digit * 15.9).astype(np.uint8)).resize((32, 32), Image.Resampling.BICUBIC)
        picture.save(place / f"{number}.png")
    context = context_of(tmp_path)
    for rule in (NearDuplicate(), SplitLeakage()):
        outcome = rule.check(context)
        assert isinstance(outcome, Passed)
        assert outcome.summary.endswith(
            "; not searched for: shifted copies among the images below 64 pixels, which are too alike to tell copies "
            "from other pictures"
        )


@given(st.integers(0, 2**32 - 1))
def test_the_nearest_signatures_are_those_of_comparing_all_with_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    full = np.zeros((40, 12, 12), np.float32)
    full[:, :8, :8] = rng.normal(size=(10, 8, 8))[rng.integers(0, 10, 40)] + 0.5 * rng.normal(size=(40, 8, 8))
    full[:, 0, 0] = 0
    full[rng.uniform(size=40) < 0.5] *= np.where(np.arange(12) % 2, -1, 1).astype(np.float32)
    vectors = full.reshape(40, -1)[:, 1:] / np.linalg.norm(full.reshape(40, -1), axis=1, keepdims=True)
    sign = np.tile(np.where(np.arange(12) % 2, -1, 1), 12)[1:].astype(np.float32)
    both = np.stack([vectors @ vectors.T, (vectors * sign) @ vectors.T])
    best = both.max(axis=0) - 2 * np.eye(40)
    expected = {
        (min(row, int(other)), max(row, int(other)))
        for row in range(40)
        for other in np.argsort(-best[row])[:12]
        if best[row, other] >= 0.45
    }
    pairs, mirrored = resembling(vectors)
    assert {tuple(pair) for pair in pairs.tolist()} == expected
    assert mirrored.tolist() == (both[1] > both[0])[tuple(pairs.T)].tolist()
