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


@pytest.mark.parametrize(("n_train", "n_test"), [(30, 10), (10, 30), (11, 12), (3, 3)])
def test_splits_of_arrays_of_any_length_are_joined(n_train: int, n_test: int) -> None:
    images, labels = np.zeros((30, 8, 8), np.uint8), np.arange(30) % 3
    images[:] = np.arange(30)[:, None, None]
    parts = {"train": (images[:n_train], labels[:n_train]), "test": (images[:n_test], labels[:n_test])}
    manifest = open_source(parts)
    ids = manifest.table["sample_id"].to_pylist()
    assert len(set(ids)) == n_train + n_test
    assert manifest.reader is not None
    for row, name in enumerate(manifest.table["uri"].to_pylist()):
        assert manifest.reader.read(name)[0, 0] == (row if row < n_train else row - n_train)


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
    path = tmp_path / "mine.npz"
    np.savez(path, x=images, y=labels, more=images)
    inventory = open_source(path).inventory
    assert [(item.name, item.role, item.count) for item in inventory.used] == [
        ("x", "images or features", 4),
        ("y", "labels", 4),
    ]
    assert [item.name for item in inventory.unread] == ["more"]
    np.savez(path, x=images, truth=labels)
    assert [item.name for item in open_source(path).inventory.perhaps_labels] == ["truth"]


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),  # Keras
        ("train_images", "train_labels", "test_images", "test_labels"),  # MedMNIST
    ],
)
def test_splits_in_the_names_of_arrays_are_read(tmp_path: Path, names: tuple[str, ...]) -> None:
    images, path = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8), tmp_path / "mnist.npz"
    parts = (images, np.array([[0], [1], [0], [2]]), images[:2][::-1], np.array([1, 2]))
    np.savez(path, **dict(zip(names, parts, strict=True)), mean=np.zeros(3))
    manifest = open_source(path)
    assert manifest.table["split"].to_pylist() == ["train"] * 4 + ["test"] * 2
    assert manifest.table["label"].to_pylist() == ["0", "1", "0", "2", "1", "2"]
    assert manifest.reader is not None
    np.testing.assert_array_equal(np.squeeze(manifest.reader.read("test/0")), images[1])
    assert [item.name for item in manifest.inventory.used] == list(names)
    assert [item.name for item in manifest.inventory.unread] == ["mean"]
    np.savez(path, **{names[0]: parts[0], names[1]: parts[1]})
    alone = open_source(path)
    assert alone.table["split"].to_pylist() == ["train"] * 4


def test_a_split_without_labels_beside_labelled_ones_is_named(tmp_path: Path) -> None:
    path = tmp_path / "half.npz"
    np.savez(path, x_train=PIXELS, y_train=np.array([0, 1]), x_test=PIXELS)
    manifest = open_source(path)
    assert manifest.table["split"].to_pylist() == ["train", "train"]
    assert [(item.name, item.reason) for item in manifest.inventory.unread] == [
        ("x_test", "no split's images with their labels")
    ]
