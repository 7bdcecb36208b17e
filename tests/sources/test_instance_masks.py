from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datacheck.annotations.mask_files import read_mask
from datacheck.manifest import Manifest, Task
from datacheck.sources import open_source
from tests.annotations.drawn_instances import BESIDE, N_IMAGES, NUMBERED, OWN, object_mask, write_instances
from tests.sources.pets_data import write_image


@pytest.mark.parametrize("masks", [BESIDE, OWN, NUMBERED])
def test_each_image_has_the_mask_files_of_its_objects(tmp_path: Path, masks: str) -> None:
    manifest = write_instances(tmp_path, masks=masks).manifest
    assert (manifest.task, len(manifest), manifest.has_instances) == (Task.SEGMENTATION, N_IMAGES, True)
    files = manifest.table["mask_files"].to_pylist()
    assert files[2] == [masks.format(i=2, k=k) for k in range(3)]
    assert [len(each) for each in files] == [3, 2] * (N_IMAGES // 2)
    assert not manifest.inventory.unread
    assert not manifest.inventory.questions
    found = read_mask(manifest, 1)
    assert found is not None
    assert np.array_equal(found, np.maximum(object_mask(1, 0), object_mask(1, 1)) > 0)


def test_splits_and_what_has_no_partner(tmp_path: Path) -> None:
    for split in ("stage1_train", "val"):
        write_instances(tmp_path / "data" / split, masks=OWN, n_images=4)
    (tmp_path / "data/val/images/03.png").unlink()
    write_image(tmp_path / "data/val/images/new.png")
    manifest = open_source(tmp_path / "data")
    assert manifest.table["split"].to_pylist() == ["train"] * 4 + ["val"] * 4
    assert manifest.table["mask_files"].to_pylist()[-1] is None
    (orphans,) = manifest.inventory.unread
    assert (orphans.count, orphans.examples[0]) == (2, "val/masks/03/0.png")


def test_a_manifest_is_saved_and_read_again(tmp_path: Path) -> None:
    manifest = write_instances(tmp_path / "data").manifest
    manifest.save(tmp_path / "manifest.parquet")
    again = Manifest.load(tmp_path / "manifest.parquet")
    assert again.table.equals(manifest.table)
    assert again.has_instances


def test_masks_of_the_same_names_in_each_image_are_asked_about(tmp_path: Path) -> None:
    for image in range(4):
        write_image(tmp_path / f"images/{image}.png", image)
        for kind in ("liver", "heart"):
            write_image(tmp_path / f"masks/{image}/{kind}.png", image)
    (question,) = open_source(tmp_path).inventory.questions
    assert question.text.startswith("each image has masks of the same names, such as 'heart', 'liver'")


@pytest.mark.parametrize("masks", ["masks/{i:02d}.png", "masks/{i:02d}_mask.png", "{i:02d}/masks/{i:02d}.png"])
def test_one_mask_an_image_stays_one(tmp_path: Path, masks: str) -> None:
    for image in range(4):
        own = masks.format(i=image)
        write_image(tmp_path / ("images" if own.startswith("masks") else f"{image:02d}/images") / f"{image:02d}.png")
        write_image(tmp_path / own)
    manifest = open_source(tmp_path)
    assert not manifest.has_instances
    assert manifest.table["label_uri"].to_pylist() == [masks.format(i=image) for image in range(4)]


def busi(root: Path, classes: tuple[str, ...]) -> None:
    """Write images with masks beside them, some of two objects, as the ultrasound images of BUSI are."""
    for name in classes:
        for number in range(1, 5):
            stem = f"{name}/{name} ({number})"
            for end in ("", "_mask", *(["_mask_1"] if number == 2 else [])):
                write_image(root / f"{stem}{end}.png", number)


def test_masks_beside_the_images_some_of_several_objects(tmp_path: Path) -> None:
    busi(tmp_path, ("benign",))
    manifest = open_source(tmp_path, task="segmentation")
    assert manifest.has_instances
    assert manifest.table["mask_files"].to_pylist()[1] == ["benign/benign (2)_mask.png", "benign/benign (2)_mask_1.png"]
    assert not manifest.inventory.unread


def test_masks_beside_images_in_class_folders_are_no_images_of_the_class(tmp_path: Path) -> None:
    busi(tmp_path, ("benign", "malignant"))
    manifest = open_source(tmp_path)
    assert (manifest.task, len(manifest), manifest.classes) == (Task.CLASSIFICATION, 8, ("benign", "malignant"))
    (masks,) = manifest.inventory.unread
    assert (masks.name, masks.count) == ("masks", 10)
    assert masks.remedy is not None
    assert masks.remedy.python == "task='segmentation'"
    assert len(open_source(tmp_path, task="segmentation")) == 8
