"""Copies that were mirrored, turned, stretched or changed in tone; and images that only look alike."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from datacheck.duplicates.clusters import find_duplicates
from datacheck.duplicates.orientations import ORIENTATIONS
from datacheck.duplicates.twins import MAX_DISTANCE, find_twins, neighbours, neighbours_of
from datacheck.findings import Found, Passed, Severity
from datacheck.rules.base import RuleContext
from datacheck.rules.splits.dc303_split_leakage import SplitLeakage
from datacheck.rules.splits.dc304_conflicting_duplicates import ConflictingDuplicates
from datacheck.scanning import scan
from datacheck.scanning.measure import perceptual_hashes
from datacheck.sources import open_source

Change = Callable[[Image.Image], Image.Image]

CHANGES: dict[str, tuple[Change, str]] = {
    "mirrored": (ImageOps.mirror, "mirrored"),
    "upside down": (ImageOps.flip, "upside down and mirrored"),
    "turned left": (lambda image: image.transpose(Image.Transpose.ROTATE_90), "turned left by 90°"),
    "turned right": (lambda image: image.transpose(Image.Transpose.ROTATE_270), "turned right by 90°"),
    "turned round": (lambda image: image.transpose(Image.Transpose.ROTATE_180), "turned by 180°"),
    "brighter": (lambda image: ImageEnhance.Brightness(image).enhance(1.15), "brighter"),
    "darker": (lambda image: ImageEnhance.Brightness(image).enhance(0.6), "darker"),
    "grey": (lambda image: ImageOps.grayscale(image).convert("RGB"), "grey"),
    "squashed": (lambda image: image.resize((90, 90)), "other proportions"),
    "mirrored and darker": (
        lambda image: ImageEnhance.Brightness(ImageOps.mirror(image)).enhance(0.6),
        "mirrored, darker",
    ),
}


def scene(rng: np.random.Generator) -> Image.Image:
    """A picture of random blots: like photos in that each is its own."""
    small = rng.uniform(40, 215, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(small).resize((160, 120), Image.Resampling.BICUBIC)


def unit(signatures: NDArray[np.int8]) -> NDArray[np.float32]:
    vectors = signatures.astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@given(st.integers(0, 2**32 - 1), st.sampled_from(range(len(ORIENTATIONS))))
def test_an_orientation_of_the_signature_is_the_signature_of_the_turned_image(seed: int, number: int) -> None:
    orientation = ORIENTATIONS[number]
    grey = np.random.default_rng(seed).uniform(0, 255, (1, 32, 32)).astype(np.float32)
    turned = grey.transpose(0, 2, 1) if orientation.transposed else grey
    turned = turned[:, ::-1] if orientation.upside_down else turned
    turned = turned[:, :, ::-1] if orientation.mirrored else turned
    expected = unit(perceptual_hashes(np.ascontiguousarray(turned))[1])
    found = orientation.of(unit(perceptual_hashes(grey)[1]))
    assert float((expected * found).sum()) > 0.999


@given(st.integers(0, 2**32 - 1))
def test_neighbours_are_those_of_comparing_all_with_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 143))
    vectors = unit(
        np.clip(60 * (centres[rng.integers(0, 4, 30)] + rng.normal(0, 0.4, (30, 143))), -127, 127).astype(np.int8)
    )
    found = neighbours(vectors, 0.2)
    distance = np.min([1 - orientation.of(vectors) @ vectors.T for orientation in ORIENTATIONS], axis=0)
    distance = np.minimum(distance, distance.T)
    expected = np.argwhere(np.triu(distance <= 0.2 - 1e-6, 1))
    assert {tuple(pair) for pair in expected.tolist()} <= {tuple(pair) for pair in found.pairs.tolist()}
    assert np.allclose(found.distance, distance[tuple(found.pairs.T)], atol=1e-5)
    images = np.flatnonzero(rng.uniform(size=len(vectors)) < 0.3)
    some = neighbours_of(images, vectors, 0.2)
    of_these = np.isin(found.pairs, images).any(axis=1)
    assert some.pairs.tolist() == found.pairs[of_these].tolist()
    assert some.orientation.tolist() == found.orientation[of_these].tolist()


@given(st.integers(0, 2**32 - 1))
def test_twins_do_not_depend_on_the_order_of_the_images(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(8, 143))
    spread = rng.choice([0.01, 0.05, 0.2], size=(40, 1))
    vectors = (places[rng.integers(0, 8, 40)] + spread * rng.normal(size=(40, 143))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = rng.permutation(40)
    found = {tuple(pair) for pair in find_twins(vectors).pairs.tolist()}
    shuffled = np.sort(order[find_twins(vectors[order]).pairs], axis=1)
    assert {tuple(pair) for pair in shuffled.tolist()} == found


def test_an_image_before_a_pair_counts_for_the_gap_as_one_after_it_does() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 143)).astype(np.float32)
    copy, sibling = (vectors[20] + size * rng.normal(size=143).astype(np.float32) for size in (0.15, 0.3))
    for place in (3, 30):
        images = vectors.copy()
        images[[25, place]] = [copy, sibling]
        twins = find_twins(images / np.linalg.norm(images, axis=1, keepdims=True))
        assert twins.pairs.tolist() == [], f"distances 0.01 and 0.04 have no gap, sibling at {place}"


def test_a_symmetric_picture_and_its_copy_are_not_called_mirrored() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 143)).astype(np.float32)
    symmetric = vectors[4] + ORIENTATIONS[1].of(vectors[4:5])[0]
    vectors[[4, 9]] = [symmetric, symmetric + 0.01 * ORIENTATIONS[1].of(symmetric[None])[0]]
    twins = find_twins(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    assert (twins.pairs.tolist(), twins.orientation.tolist()) == ([[4, 9]], [0])


def test_several_copies_of_one_picture_are_all_found() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 143)).astype(np.float32)
    near = vectors[0] + 0.05 * rng.normal(size=143).astype(np.float32)
    vectors[[5, 9]] = [ORIENTATIONS[1].of(vectors[:1])[0], near]
    twins = find_twins(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    assert twins.pairs.tolist() == [[0, 5], [0, 9], [5, 9]]
    assert [ORIENTATIONS[number].words for number in twins.orientation] == ["mirrored", "", "mirrored"]


def test_frames_of_a_film_have_no_gap_and_are_no_copies() -> None:
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 143)).astype(np.float32)
    share = np.linspace(0, 1, 60, dtype=np.float32)[:, None]
    vectors = (1 - share) * start + share * end
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert float(1 - vectors[30] @ vectors[31]) < MAX_DISTANCE
    assert len(find_twins(vectors).pairs) == 0


def test_too_many_images_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datacheck.duplicates.twins.MAX_IMAGES", 2)
    assert len(find_twins(np.ones((3, 143), np.float32) / 143**0.5).pairs) == 0


def planted(folder: Path, change: Change, label: str = "cat") -> RuleContext:
    """Photos of two classes in train and val; four of val are changed copies, under ``label``."""
    rng = np.random.default_rng(0)
    for number in range(40):
        place = folder / ("val" if number >= 28 else "train") / ("cat", "dog")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        picture = scene(rng)
        picture.save(place / f"{number}.png")
        if number in (0, 4, 8, 12):
            (folder / "val" / label).mkdir(parents=True, exist_ok=True)
            change(picture).save(folder / "val" / label / f"copy_{number}.jpg", quality=90)
    manifest = open_source(folder)
    return RuleContext(manifest, scan(manifest, jobs=1, thumbnails=False).measurements)


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_in_another_split_is_found_and_its_change_is_named(name: str, tmp_path: Path) -> None:
    change, words = CHANGES[name]
    outcome = SplitLeakage().check(planted(tmp_path, change))
    assert isinstance(outcome, Found)
    ids = [f"val/cat/copy_{number}.jpg" for number in (0, 4, 8, 12)]
    assert sorted(outcome.issues["sample_id"].to_pylist()) == sorted(ids)
    assert set(outcome.issues["note"].to_pylist()) == {f"near duplicate in train: {words}"}
    assert outcome.findings[0].evidence["changes"] == dict.fromkeys(words.split(", "), 4)


def test_the_clean_twin_is_silent(tmp_path: Path) -> None:
    context = planted(tmp_path, lambda image: scene(np.random.default_rng(image.getpixel((3, 3))[0])))  # type: ignore[index]
    assert isinstance(SplitLeakage().check(context), Passed)


def test_turned_copies_with_another_label_may_be_right(tmp_path: Path) -> None:
    outcome = ConflictingDuplicates().check(planted(tmp_path / "mirrored", ImageOps.mirror, "dog"))
    assert isinstance(outcome, Found)
    (finding,) = outcome.findings
    assert finding.severity is Severity.INFO
    assert finding.message == "at least 8 samples are mirrored or turned copies with different labels (4 clusters)"
    darker = ConflictingDuplicates().check(planted(tmp_path / "darker", CHANGES["darker"][0], "dog"))
    assert isinstance(darker, Found)
    assert darker.findings[0].severity is Severity.WARNING


@pytest.mark.slow
def test_changed_copies_of_real_photos_are_found_and_hardly_anything_else(shared_data: Path, tmp_path: Path) -> None:
    with tarfile.open(shared_data / "trashnet-subset.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    folder = tmp_path / "trashnet"
    before = _pairs(folder)
    changes: dict[str, Change] = {
        **{name: change for name, (change, _) in CHANGES.items() if name != "squashed"},
        "stretched": lambda image: image.resize((300, 300)),
        "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(3)),
    }
    photos = sorted(folder.rglob("*.jpg"))[::16][: 5 * len(changes)]
    made = {}
    for number, photo in enumerate(photos):
        name = list(changes)[number % len(changes)]
        copy = photo.with_name(f"copy_{photo.stem}.png")
        changes[name](Image.open(photo).convert("RGB")).save(copy)
        made[copy.relative_to(folder).as_posix()] = photo.relative_to(folder).as_posix()
    found = _pairs(folder)
    wanted = {tuple(sorted(pair)) for pair in made.items()}
    assert len(wanted & found) >= 0.95 * len(wanted)
    others = {pair for pair in found - before - wanted if not set(pair) & set(made)}
    assert others == set()
    assert len(before) <= 6, "five pairs of photos show one object from one place"


def _pairs(folder: Path) -> set[tuple[str, ...]]:
    manifest = open_source(folder)
    found = find_duplicates(scan(manifest, thumbnails=False).measurements)
    ids = manifest.sample_ids.to_pylist()
    return {tuple(sorted((ids[one], ids[other]))) for one, other in found.near_pairs.tolist()}
