"""Hugging Face datasets with a column of boxes: in memory, saved, and as Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import datacheck
from datacheck.findings import Severity
from datacheck.manifest import Task

from .drawn import CLASSES, draw, drawn_objects

datasets = pytest.importorskip("datasets")


def dataset(repeated: bool = False) -> datasets.Dataset:
    """Return drawn images with their boxes as left, top, width and height."""
    objects = drawn_objects(12)
    if repeated:
        objects["0003.jpg"] *= 2
    images: list[Image.Image] = [draw(many, number) for number, many in enumerate(objects.values())]
    column = [
        {
            "bbox": [[each.box[0], each.box[1], each.box[2] - each.box[0], each.box[3] - each.box[1]] for each in many],
            "category": [CLASSES.index(each.name) for each in many],
        }
        for many in objects.values()
    ]
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "objects": {
                "bbox": datasets.Sequence(datasets.Sequence(datasets.Value("float32"))),
                "category": datasets.Sequence(datasets.ClassLabel(names=list(CLASSES))),
            },
        }
    )
    return datasets.Dataset.from_dict({"image": images, "objects": column}, features=features)


@pytest.mark.parametrize("how", ["memory", "saved", "parquet"])
def test_boxes_are_read(tmp_path: Path, how: str) -> None:
    source: object = dataset()
    if how == "saved":
        dataset().save_to_disk(str(tmp_path / "saved"))
        source = tmp_path / "saved"
    elif how == "parquet":
        dataset().to_parquet(str(tmp_path / "train.parquet"))
        source = tmp_path / "train.parquet"
    manifest = datacheck.open(source)
    assert manifest.task is Task.DETECTION
    assert manifest.classes == CLASSES
    assert manifest.objects is not None
    expected = np.array([each.box for many in drawn_objects(12).values() for each in many])
    assert np.allclose(manifest.objects.boxes, expected)
    assert not manifest.inventory.unread_labels


def test_a_repeated_box_is_named_by_image_and_object() -> None:
    report = datacheck.audit(dataset(repeated=True), select=["DC8"])
    (finding,) = [each for each in report.findings if each.severity >= Severity.WARNING]
    assert finding.code == "DC809"
    assert finding.message == "1 box is there twice: object 2 ('3')"
    assert not report.failed
