from __future__ import annotations

from pathlib import Path

import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Listings, Manifest, Task
from datacheck.sources import list_files, open_source

from .pets_data import write_image

NUMBERS = (1, 2, 10)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    for number in NUMBERS:
        write_image(tmp_path / "images" / f"img{number}.png", number)
        write_image(tmp_path / "masks" / f"img{number}_mask.png", number)
    return tmp_path


LEXICOGRAPHIC = ("images/img1.png", "images/img10.png", "images/img2.png")
MASKS_LEXICOGRAPHIC = ("masks/img10_mask.png", "masks/img1_mask.png", "masks/img2_mask.png")
MASKS_NATURAL = ("masks/img1_mask.png", "masks/img2_mask.png", "masks/img10_mask.png")


def test_two_folders_are_zipped_as_sorted_would(masks: Path) -> None:
    manifest = open_source((masks / "images", str(masks / "masks")))
    assert manifest.task is Task.SEGMENTATION
    assert manifest.root == masks
    assert manifest.listings == Listings(LEXICOGRAPHIC, MASKS_LEXICOGRAPHIC)
    assert tuple(manifest.table["uri"].to_pylist()) == LEXICOGRAPHIC
    assert tuple(manifest.table["label_uri"].to_pylist()) == MASKS_LEXICOGRAPHIC
    assert "3 files, lexicographic order" in manifest.took_for


def test_each_listing_has_its_own_order(masks: Path) -> None:
    pair = (f"{masks}/images/*.png", f"{masks}/masks/*.png")
    manifest = open_source(pair, image_order="lexicographic", label_order="natural")
    assert manifest.listings == Listings(LEXICOGRAPHIC, MASKS_NATURAL)


def test_lists_stay_as_given(masks: Path) -> None:
    images, labels = ["images/img2.png", "images/img1.png"], ["masks/img1_mask.png", "masks/img2_mask.png"]
    manifest = open_source((images, labels), root=masks)
    assert manifest.listings == Listings(tuple(images), tuple(labels))
    assert manifest.table["sample_id"].to_pylist() == images
    assert manifest.reader is not None
    assert manifest.reader.read("images/img2.png")[:4] == b"\x89PNG"


def test_absolute_lists_start_from_their_common_folder(masks: Path) -> None:
    images, labels = list_files(masks / "images"), list_files(masks / "masks")
    manifest = open_source((images, [Path(label) for label in labels]))
    assert manifest.root == masks
    assert manifest.table["uri"].to_pylist() == images
    assert manifest.table["label_uri"].to_pylist() == labels


def test_two_listings_whose_content_is_not_read_say_so(masks: Path) -> None:
    (masks / "captions").mkdir()
    for name in "abc":
        (masks / "captions" / f"{name}.txt").write_text("a photo of a ring")
    manifest = open_source((masks / "images", masks / "captions"))
    (unread,) = manifest.inventory.unread_labels
    assert manifest.task is Task.PAIRED
    assert (unread.count, unread.examples[0]) == (3, "captions/a.txt")
    assert unread.reason.startswith("they hold no boxes in a format that datacheck reads")


def test_the_longer_listing_stays_whole(masks: Path, tmp_path: Path) -> None:
    (masks / "masks" / "img1_mask.png").unlink()
    manifest = open_source((masks / "images", masks / "masks"))
    assert len(manifest) == 2
    assert manifest.listings == Listings(LEXICOGRAPHIC, (MASKS_LEXICOGRAPHIC[0], MASKS_LEXICOGRAPHIC[2]))
    assert "1 without a partner" in manifest.took_for
    manifest.save(tmp_path / "manifest.parquet")
    assert Manifest.load(tmp_path / "manifest.parquet") == manifest


def test_values_as_labels(masks: Path) -> None:
    named = open_source((masks / "images", ["cat", "dog", "cat"]))
    assert named.task is Task.CLASSIFICATION
    assert named.table["label"].to_pylist() == ["cat", "dog", "cat"]
    assert named.listings is None
    decimal = open_source(masks / "images", labels=[1.5, 2.0, 3.0])
    assert decimal.target.tolist() == [1.5, 2.0, 3.0]
    indices = open_source(masks / "images", labels=[1, 0, 1], classes=["cat", "dog"])
    assert indices.table["label"].to_pylist() == ["dog", "cat", "dog"]
    several = open_source(masks / "images", labels=[["a"], ["a", "b"], []])
    assert several.table["labels"].to_pylist() == [["a"], ["a", "b"], []]
    asked = open_source(masks / "images", labels=[1, 2, 3], task="regression", split="train", group=[7, 7, 8])
    assert asked.target.tolist() == [1.0, 2.0, 3.0]
    assert asked.splits == ("train",)
    assert asked.table["group"].to_pylist() == ["7", "7", "8"]


def test_too_few_values_are_told(masks: Path) -> None:
    manifest = open_source((masks / "images", ["cat", "dog"]))
    assert len(manifest) == 2
    assert manifest.listings == Listings(("img1.png", "img10.png", "img2.png"), ("cat", "dog"))


def test_images_alone(masks: Path) -> None:
    manifest = open_source(f"{masks}/images/*.png")
    assert manifest.task is Task.UNLABELLED
    assert len(manifest) == 3


def test_unusable_options(masks: Path) -> None:
    with pytest.raises(SourceError, match=r"image_order: expected one of .* found 'naturel' \(did you mean 'natural'"):
        open_source((masks / "images", masks / "masks"), image_order="naturel")
    with pytest.raises(SourceError, match="order 'given' is for a list of paths"):
        open_source((masks / "images", masks / "masks"), image_order="given")
    with pytest.raises(SourceError, match="order 'as-listed' is for folders and globs"):
        open_source((["a.png"], ["b.png"]), image_order="as-listed")
    with pytest.raises(SourceError, match="has a file as each label, so its task is 'paired'"):
        open_source((masks / "images", masks / "masks"), task="regression")
    with pytest.raises(SourceError, match="found them in the pair and in labels="):
        open_source((masks / "images", masks / "masks"), labels=[1])
    with pytest.raises(SourceError, match=r"did you mean 'masks'"):
        open_source((masks / "images", masks / "mask"))
