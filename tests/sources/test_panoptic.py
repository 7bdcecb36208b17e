"""COCO's panoptic annotations are named as not read, and their pictures are taken for nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.manifest import HoldsLabels, Task
from tests.annotations.drawn_masks import mask, write_masks

N_IMAGES = 6


def segments(number: int) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], list[dict[str, Any]]]:
    """Return the picture of the segments of an image, and what the file says of them."""
    values = np.array(mask(number))
    pixels = np.zeros((*values.shape, 3), dtype=np.uint8)
    pixels[..., 0], pixels[..., 1] = 40 * values + number, values
    found = []
    for value in np.unique(values).tolist():
        down, right = np.nonzero(values == value)
        box = [int(right.min()), int(down.min()), int(np.ptp(right)) + 1, int(np.ptp(down)) + 1]
        found.append({"id": 40 * value + number + 256 * value, "category_id": value, "bbox": box, "area": len(right)})
    return pixels, found


def written(root: Path, pictures: str, *, instances: bool = False) -> Path:
    """Write images with panoptic annotations, the pictures in a folder, and perhaps boxes."""
    write_masks(root, n_masks=N_IMAGES)
    shutil.rmtree(root / "masks")
    for folder in (root / pictures, root / "annotations"):
        folder.mkdir(parents=True, exist_ok=True)
    images, panoptic, boxes = [], [], []
    for number in range(N_IMAGES):
        pixels, found = segments(number)
        name = f"{number:02d}.png"
        Image.fromarray(pixels).save(root / pictures / name)
        images.append({"id": number, "file_name": name, "width": 96, "height": 72})
        panoptic.append({"image_id": number, "file_name": name, "segments_info": found})
        boxes += [{**each, "id": 10 * number + each["category_id"], "image_id": number} for each in found[1:]]
    categories = [{"id": k, "name": name} for k, name in enumerate(("ground", "disc", "box"))]
    files = {"panoptic_val": panoptic, **({"instances_val": boxes} if instances else {})}
    for stem, found in files.items():
        content = {"images": images, "annotations": found, "categories": categories}
        (root / f"annotations/{stem}.json").write_text(json.dumps(content))
    return root


@pytest.mark.parametrize("pictures", ["annotations/panoptic_val", "panoptic_val", "masks"])
def test_alone_they_are_labels_that_were_not_read(tmp_path: Path, pictures: str) -> None:
    report = datacheck.audit(written(tmp_path / "data", pictures), jobs=1, select=["DC1"])
    manifest = report.manifest
    assert manifest.task is Task.UNLABELLED
    assert manifest.table["uri"].to_pylist() == [f"images/{number:02d}.png" for number in range(N_IMAGES)]
    unread = {each.name: (each.labels, each.count) for each in manifest.inventory.unread}
    assert unread == {"annotations/panoptic_val.json": (HoldsLabels.YES, 1), f"{pictures}/": (HoldsLabels.NO, N_IMAGES)}
    assert report.gaps[0].text == (
        "'annotations/panoptic_val.json' holds labels and was not read: panoptic segments cannot be read; boxes of its "
        "things can be read from COCO's instances file"
    )
    assert report.exit_code() == 2


def test_beside_boxes_they_are_named(tmp_path: Path) -> None:
    manifest = datacheck.open(written(tmp_path / "data", "annotations/panoptic_val", instances=True))
    assert manifest.task is Task.DETECTION
    assert manifest.table["uri"].to_pylist() == [f"images/{number:02d}.png" for number in range(N_IMAGES)]
    assert manifest.objects is not None
    assert len(manifest.objects) == 2 * N_IMAGES
    unread = {each.name: each.reason for each in manifest.inventory.unread}
    assert unread == {
        "annotations/panoptic_val.json": "panoptic segments cannot be read; boxes were read from another file",
        "annotations/panoptic_val/": "panoptic segments of annotations/panoptic_val.json",
    }


def test_masks_of_classes_and_other_files_stay(tmp_path: Path) -> None:
    write_masks(tmp_path / "data", n_masks=N_IMAGES)
    (tmp_path / "data/panoptic.json").write_text('{"note": "segments_info are elsewhere"}')
    manifest = datacheck.open(tmp_path / "data")
    assert manifest.task is Task.SEGMENTATION
    assert "panoptic" not in manifest.took_for
    root = written(tmp_path / "without", "annotations/panoptic_val")
    shutil.rmtree(root / "annotations/panoptic_val")
    assert len(datacheck.open(root)) == N_IMAGES
    assert datacheck.open(root).inventory.unread[0].name == "annotations/panoptic_val.json"
