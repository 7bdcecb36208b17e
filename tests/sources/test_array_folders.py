"""Folders of array files: MNIST's, .npy files of one dataset, one .npz or one a split."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from datacheck.errors import SourceError
from datacheck.manifest import HoldsLabels
from datacheck.sources import open_source
from datacheck.sources.idx_files import read_idx

IMAGES = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)
LABELS = np.array([3, 1, 3, 0, 1, 0], dtype=np.uint8)
CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array: NDArray[np.generic]) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, CODES[array.dtype.str[1:]], array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize(
    "form", ["{}-{}-idx{}-ubyte", "{}-{}-idx{}-ubyte.gz", "raw/{}-{}.idx{}-ubyte", "x-y-{}-{}-idx{}-ubyte"]
)
def test_mnist_in_its_own_files(tmp_path: Path, form: str) -> None:
    for part, rows in (("train", slice(0, 4)), ("t10k", slice(4, 6))):
        for role, array in (("images", IMAGES), ("labels", LABELS)):
            path = tmp_path / form.format(part, role, array.ndim)
            path.parent.mkdir(exist_ok=True)
            content = idx(array[rows])
            path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    manifest = open_source(tmp_path)
    assert manifest.splits == ("train", "test")
    assert manifest.table["label"].to_pylist() == ["3", "1", "3", "0", "1", "0"]
    assert manifest.table["split"].to_pylist() == ["train"] * 4 + ["test"] * 2
    assert manifest.reader is not None
    uris = manifest.table["uri"].to_pylist()
    np.testing.assert_array_equal(manifest.reader.read(uris[5]), IMAGES[5])
    assert len(manifest.inventory.used) == 4


def test_what_is_unpacked_is_read_and_what_is_packed_named(tmp_path: Path) -> None:
    for role, array in (("images", IMAGES), ("labels", LABELS)):
        name = f"train-{role}-idx{array.ndim}-ubyte"
        (tmp_path / name).write_bytes(idx(array))
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    manifest = open_source(tmp_path)
    assert len(manifest) == 6
    assert {each.name for each in manifest.inventory.unread} == {
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    }


@pytest.mark.parametrize("kind", list(CODES))
def test_numbers_of_each_type_come_back(tmp_path: Path, kind: str) -> None:
    array = np.array([[1, 2, 3], [-4 if kind[0] != "u" else 4, 5, 100]], dtype=kind)
    for name, content in (("a", idx(array)), ("b.gz", gzip.compress(idx(array)))):
        (tmp_path / name).write_bytes(content)
        np.testing.assert_array_equal(read_idx(tmp_path / name), array)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (idx(IMAGES)[:-3], "expected 136 bytes for 6 x 4 x 5 values in .*, found 133"),
        (idx(IMAGES)[:9], "found 9 bytes"),
        (b"PK\x03\x04 no such file", "found another start: 50 4b 03 04"),
        (b"", "found: cannot mmap an empty file"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(SourceError, match=words):
        open_source(tmp_path)


def test_numpy_files_of_one_dataset(tmp_path: Path) -> None:
    np.save(tmp_path / "X_train.npy", IMAGES[:4])
    np.save(tmp_path / "y_train.npy", LABELS[:4])
    np.save(tmp_path / "X_test.npy", IMAGES[4:])
    np.save(tmp_path / "mean.npy", IMAGES.mean(axis=0))
    manifest = open_source(tmp_path)
    assert (len(manifest), manifest.splits) == (4, ("train",))
    assert {each.name for each in manifest.inventory.unread} == {"X_test.npy", "mean.npy"}
    (tmp_path / "y_test.npy").write_bytes(b"")
    with pytest.raises(SourceError, match=r"y_test\.npy"):
        open_source(tmp_path)


def test_images_without_labels_are_not_taken_for_labelled(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", IMAGES)
    np.save(tmp_path / "names_of_things.npy", LABELS)
    manifest = open_source(tmp_path)
    assert manifest.task.value == "unlabelled"
    assert [(each.name, each.labels) for each in manifest.inventory.unread] == [
        ("names_of_things.npy", HoldsLabels.MAYBE)
    ]


def test_labels_of_another_number_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", IMAGES)
    np.save(tmp_path / "y.npy", LABELS[:5])
    with pytest.raises(SourceError, match="5"):
        open_source(tmp_path)


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.array([{}], dtype=object))
    with pytest.raises(SourceError, match="without pickled objects"):
        open_source(tmp_path)


def test_a_folder_with_one_npz_or_one_a_split(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    np.savez(tmp_path / "one" / "all.npz", images=IMAGES, labels=LABELS)
    assert open_source(tmp_path / "one").table["label"].to_pylist() == [str(n) for n in LABELS]
    (tmp_path / "two").mkdir()
    np.savez(tmp_path / "two" / "train.npz", images=IMAGES[:4], labels=LABELS[:4])
    np.savez(tmp_path / "two" / "valid.npz", images=IMAGES[4:], labels=LABELS[4:])
    assert open_source(tmp_path / "two").splits == ("train", "val")
