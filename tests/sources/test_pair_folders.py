"""Folders of images with label files beside them, in the nestings and under the names that people use."""

from __future__ import annotations

from pathlib import Path

import pytest

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels, Listings, Task
from datacheck.sources import open_source

from .pets_data import write_image


def write(root: Path, pattern: str, names: str, *, text: str | None = None) -> None:
    """Write one file a letter of ``names``; in the pattern, ``*`` is the letter."""
    for name in names:
        path = root / pattern.replace("*", name)
        if text is None:
            write_image(path, ord(name))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


NESTINGS = [
    ("images/train/*.jpg", "labels/train/*.txt", "images/val/*.jpg", "labels/val/*.txt"),
    ("train/images/*.jpg", "train/labels/*.txt", "valid/images/*.jpg", "valid/labels/*.txt"),
    ("train/images/*.png", "train/masks/*.png", "val/images/*.png", "val/masks/*.png"),
    ("train/img/*.png", "train/GT/*.png", "val/img/*.png", "val/GT/*.png"),
    ("train/*.png", "trainannot/*.png", "val/*.png", "valannot/*.png"),
    ("train/*.jpg", "train_masks/*_mask.png", "val/*.jpg", "val_masks/*_mask.png"),
    ("data/imgs/train/*.png", "data/masks/train/*.png", "data/imgs/val/*.png", "data/masks/val/*.png"),
    ("train/Images/*.jpg", "train/Annotations/*.xml", "val/Images/*.jpg", "val/Annotations/*.xml"),
    ("train/*.jpg", "train/labels/*.txt", "val/*.jpg", "val/labels/*.txt"),
    ("train/*.jpg", "train/*.json", "val/*.jpg", "val/*.json"),
    ("train/*.jpg", "train/*_mask.png", "val/*.jpg", "val/*_mask.png"),
    ("train_images/*.png", "train_masks/*.png", "val_images/*.png", "val_masks/*.png"),
    ("Training set/images/*.png", "Training set/gt/*.png", "val_set/images/*.png", "val_set/gt/*.png"),
    ("leftImg8bit/train/x/*_leftImg8bit.png", "gtFine/train/x/*_gtFine_labelIds.png", "leftImg8bit/val/x/*.png", ""),
]


@pytest.mark.parametrize("patterns", NESTINGS, ids=[nesting[1] for nesting in NESTINGS])
def test_any_nesting_is_paired_by_name_with_its_splits(tmp_path: Path, patterns: tuple[str, ...]) -> None:
    for pattern, names in zip(patterns, ("abcd", "abd", "xy", "xy"), strict=True):
        if pattern:
            write(tmp_path, pattern, names, text=None if pattern.endswith(("jpg", "png")) else "0 .5 .5 .1 .1")
    manifest = open_source(tmp_path)
    tasks = {"txt": Task.DETECTION, "png": Task.SEGMENTATION}
    assert manifest.task is tasks.get(patterns[1].rpartition(".")[2], Task.PAIRED)
    assert manifest.classes == (("0",) if manifest.task is Task.DETECTION else ())
    assert manifest.listings is None
    assert manifest.table["uri"].to_pylist()[:4] == [patterns[0].replace("*", name) for name in "abcd"]
    labels = [patterns[1].replace("*", name) for name in "abd"]
    assert manifest.table["label_uri"].to_pylist()[:4] == [labels[0], labels[1], None, labels[2]]
    assert manifest.table["split"].to_pylist() == ["train"] * 4 + ["val"] * 2
    unread = manifest.inventory.unread_labels
    assert [item.count for item in unread] == ([5] if manifest.task is Task.PAIRED else [])


def test_one_place_without_splits(tmp_path: Path) -> None:
    write(tmp_path, "JPEGImages/*.jpg", "abcd")
    write(tmp_path, "SegmentationClass/*.png", "ab")
    write(tmp_path, "Annotations/*.xml", "abcd", text="<annotation/>")
    manifest = open_source(tmp_path)
    assert manifest.table.column_names == ["sample_id", "uri", "label_uri"]
    assert manifest.table["label_uri"].to_pylist()[0] == "Annotations/a.xml"
    masks, boxes = (item for item in manifest.inventory.unread if item.labels is not HoldsLabels.NO)
    assert boxes.reason.startswith("they hold no boxes in a format that datacheck reads")
    assert (masks.name, masks.count) == ("segmentationclass/", 2)
    assert masks.remedy is not None
    assert masks.remedy.command_line == f"datacheck audit {tmp_path}/JPEGImages {tmp_path}/SegmentationClass"


def test_label_files_without_an_image_are_named(tmp_path: Path) -> None:
    write(tmp_path, "images/*.jpg", "abcd")
    write(tmp_path, "labels/*.txt", "abcz", text="0 .5 .5 .1 .1")
    (tmp_path / "labels" / "classes.txt").write_text("ring")
    inventory = open_source(tmp_path).inventory
    assert [item.name for item in inventory.unread if item.labels is HoldsLabels.MAYBE] == ["labels/z.txt"]
    assert [item.name for item in inventory.used if item.role == "names of the classes"] == ["labels/classes.txt"]


def test_a_folder_of_images_of_any_name_beside_its_labels(tmp_path: Path) -> None:
    write(tmp_path, "my photos/*.jpg", "abcd")
    write(tmp_path, "labels/*.txt", "abc", text="0 .5 .5 .1 .1")
    write(tmp_path, "final export/*.jpg", "xyz")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.DETECTION
    assert manifest.table["label_uri"].to_pylist()[-4:] == ["labels/a.txt", "labels/b.txt", "labels/c.txt", None]


def test_sorting_both_listings_is_warned_about_where_it_would_mispair(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        write_image(tmp_path / "images" / f"img{number}.png")
        write_image(tmp_path / "masks" / f"img{number}_mask.png")
    (question,) = open_source(tmp_path).inventory.questions
    assert question.text.startswith("training code that sorts both listings by text and zips them puts 2 of 3 images")


def test_names_with_nothing_in_common_can_only_be_zipped(tmp_path: Path) -> None:
    write(tmp_path, "images/*.jpg", "abc")
    write(tmp_path, "masks/*.png", "xyz")
    manifest = open_source(tmp_path)
    assert isinstance(manifest.listings, Listings)
    assert manifest.table["label_uri"].to_pylist() == ["masks/x.png", "masks/y.png", "masks/z.png"]


def test_captions_in_class_folders_make_no_pairs(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write(tmp_path, f"{name}/*.jpg", "abc")
        write(tmp_path, f"{name}/*.txt", "abc", text="a pet")
    manifest = open_source(tmp_path)
    assert (manifest.task, manifest.classes) == (Task.CLASSIFICATION, ("cat", "dog"))
    assert [(item.name, item.count) for item in manifest.inventory.perhaps_labels] == [("*.txt", 6)]


def test_the_task_decides_where_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, "cat/images/*.jpg", "abc")
    with pytest.raises(SourceError, match="task='paired': expected folders of images and of label files"):
        open_source(tmp_path, task="paired")


def test_of_several_label_files_an_image_that_of_class_numbers_is_taken(tmp_path: Path) -> None:
    ends = ("color.png", "instanceIds.png", "labelIds.png", "polygons.json")
    for city, split in (("ulm", "train"), ("bonn", "val")):
        for number in range(3):
            name = f"{city}_{number:06d}_000019"
            files = [f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png"]
            files += [f"gtFine/{split}/{city}/{name}_gtFine_{end}" for end in ends]
            for file in files:
                (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / file).write_bytes(b"x")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.SEGMENTATION
    assert manifest.splits == ("train", "val")
    assert {name.rpartition("_")[2] for name in manifest.table["label_uri"].to_pylist()} == {"labelIds.png"}
    others = {item.name: item for item in manifest.inventory.unread if item.remedy is not None}
    assert set(others) == {f"gtfine/*_gtFine_{end}" for end in ends if end != "labelIds.png"}
    remedy = others["gtfine/*_gtFine_color.png"].remedy
    assert remedy is not None
    _, _, images, labels = remedy.command_line.split()
    assert len(open_source((images, labels))) == 6


def test_masks_of_two_readers_are_two_sets_and_no_classes(tmp_path: Path) -> None:
    for folder in ("images", "masks_a", "masks_b"):
        write(tmp_path, f"{folder}/*.png", "abcd")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.SEGMENTATION
    assert manifest.table["label_uri"].to_pylist() == [f"masks_a/{name}.png" for name in "abcd"]
    assert any("masks_b" in item.name for item in manifest.inventory.unread)


def test_classes_that_begin_like_masks_stay_classes(tmp_path: Path) -> None:
    for folder in ("mask_on", "mask_off"):
        write(tmp_path, f"{folder}/*.png", "abcd")
    assert open_source(tmp_path).classes == ("mask_off", "mask_on")
