from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Modality, Task
from datacheck.manifest.readers import SampleReadError
from datacheck.sources import open_source

PIXELS = np.arange(2 * 6 * 5 * 3, dtype=np.uint8).reshape(2, 6, 5, 3)


@pytest.mark.parametrize(
    "images",
    [
        PIXELS,
        np.moveaxis(PIXELS, -1, 1),
        PIXELS / 255.0,
        PIXELS.astype(np.float32),
        PIXELS.astype(np.int64),
        list(PIXELS),
        [np.moveaxis(image, -1, 0) for image in PIXELS],
    ],
    ids=["hwc", "chw", "unit", "float", "int", "list", "list-chw"],
)
def test_every_layout_reads_the_same_pixels(images: Any) -> None:
    manifest = open_source((images, ["cat", "dog"]))
    assert (manifest.task, manifest.modality) == (Task.CLASSIFICATION, Modality.IMAGE)
    assert manifest.reader is not None
    for row, uri in enumerate(manifest.table["uri"].to_pylist()):
        found = np.asarray(manifest.reader.read(uri))
        np.testing.assert_array_equal(found, PIXELS[row])
        assert found.dtype == np.uint8


def test_greyscale_16_bit_and_ragged() -> None:
    grey = open_source(np.full((2, 4, 4), 1000, np.uint16))
    assert grey.task is Task.UNLABELLED
    assert grey.reader is not None
    assert np.asarray(grey.reader.read("1")).dtype == np.uint16
    ragged = open_source([np.zeros((4, 5), np.uint8), np.ones((6, 7, 3), np.uint8)], labels=[0, 1])
    assert ragged.reader is not None
    assert np.asarray(ragged.reader.read("1")).shape == (6, 7, 3)
    with pytest.raises(SampleReadError, match="expected a row number below 2, found '2'"):
        ragged.reader.read("2")


def test_labels() -> None:
    named = open_source((PIXELS, np.array([1, -1])), classes=["cat", "dog"])
    assert named.table["label"].to_pylist() == ["dog", None]
    assert named.classes == ("cat", "dog")
    assert open_source((PIXELS, [0.5, 2])).target.tolist() == [0.5, 2.0]
    assert open_source((PIXELS, [1, 2]), task="regression").target.tolist() == [1.0, 2.0]
    several = open_source((PIXELS, np.array([[1, 0, 1], [0, 0, 0]])))
    assert several.table["labels"].to_pylist() == [["0", "2"], []]
    assert open_source((PIXELS, [["a", "b"], ["c"]])).classes == ("a", "b", "c")
    with pytest.raises(SourceError, match="expected one label a sample, found 2 samples and 3 labels"):
        open_source((PIXELS, [0, 1, 1]))
    with pytest.raises(SourceError, match="expected labels below 2, the number of classes, found 2"):
        open_source((PIXELS, [0, 2]), classes=["cat", "dog"])


def test_features_are_columns() -> None:
    manifest = open_source((np.array([[1.0, 2.0], [3.0, 4.0]]), ["a", "b"]), split=["train", "val"])
    assert manifest.modality is Modality.TABULAR
    assert manifest.table.to_pydict() == {
        "sample_id": ["0", "1"],
        "label": ["a", "b"],
        "split": ["train", "val"],
        "feature_0": [1.0, 3.0],
        "feature_1": [2.0, 4.0],
    }


def test_splits_are_put_together() -> None:
    manifest = open_source({"train": (PIXELS, ["a", "b"]), "validation": (PIXELS[:1] + 1, ["b"])})
    assert manifest.table["sample_id"].to_pylist() == ["train/0", "train/1", "val/0"]
    assert manifest.table["split"].to_pylist() == ["train", "train", "val"]
    assert manifest.reader is not None
    np.testing.assert_array_equal(manifest.reader.read("val/0"), PIXELS[0] + 1)


def test_files_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=np.array([3, 1]))
    manifest = open_source(tmp_path / "a.npz")
    assert manifest.table["label"].to_pylist() == ["3", "1"]
    np.save(tmp_path / "a.npy", PIXELS)
    assert len(open_source(tmp_path / "a.npy", labels=["x", "y"])) == 2
    np.save(tmp_path / "p.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(SourceError, match="expected numpy arrays without pickled objects"):
        open_source(tmp_path / "p.npy")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 8, 8, 7), np.uint8), "with 1, 3 or 4 channels, found shape"),
        (np.full((2, 8, 8, 3), -2.5), r"expected pixels in \[0, 1\] or \[0, 255\], found -2.5 to -2.5"),
        (np.zeros((0, 4, 4), np.uint8), "expected samples in the arrays, found none"),
        (np.zeros((2, 3, 8, 3), np.uint8), "cannot tell"),
    ],
)
def test_unusable_arrays(images: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(images)


def test_every_array_of_a_file_is_used_or_named(tmp_path: Path) -> None:
    images, labels = np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 0, 1])
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    inventory = open_source(path).inventory
    assert [(item.name, item.role, item.count) for item in inventory.used] == [
        ("x_train", "images or features", 4),
        ("y_train", "labels", 4),
    ]
    assert [item.name for item in inventory.unread] == ["x_test", "y_test"]
    np.savez(path, x=images, truth=labels)
    assert [item.name for item in open_source(path).inventory.perhaps_labels] == ["truth"]
