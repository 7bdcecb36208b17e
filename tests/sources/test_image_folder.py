from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from datacheck.errors import SourceError
from datacheck.manifest import Manifest, Modality, Task
from datacheck.manifest.readers import FileReader
from datacheck.sources import list_files, open_source
from datacheck.sources.layout import read_layout

from .pets_data import Pets, write_image


def column(manifest: Manifest, name: str) -> list[object]:
    return manifest.table[name].to_pylist()


def test_split_folders_with_class_folders(pets: Pets) -> None:
    manifest = open_source(pets.root)
    assert column(manifest, "uri") == list(pets.names)
    assert column(manifest, "sample_id") == list(pets.names)
    assert column(manifest, "label") == list(pets.labels)
    assert column(manifest, "split") == list(pets.splits)
    assert (manifest.task, manifest.modality, manifest.root) == (Task.CLASSIFICATION, Modality.IMAGE, pets.root)
    assert "split folders with class folders: 6 images, 2 classes, splits train, val" in manifest.took_for
    assert isinstance(manifest.reader, FileReader)
    assert manifest.reader.read("train/cat/10.png")[:4] == b"\x89PNG"


def test_flat_class_folders_in_natural_order(tmp_path: Path) -> None:
    for name in ("b/x10.png", "b/x2.png", "a10/1.png", "a9/1.png", "b/deeper/3.png"):
        write_image(tmp_path / name)
    manifest = open_source(str(tmp_path))
    assert column(manifest, "uri") == ["a9/1.png", "a10/1.png", "b/x2.png", "b/x10.png", "b/deeper/3.png"]
    assert column(manifest, "label") == ["a9", "a10", "b", "b", "b"]
    assert manifest.classes == ("a9", "a10", "b")
    assert manifest.splits == ()


def test_class_folders_with_split_folders(tmp_path: Path) -> None:
    for name in ("cat/Training/1.png", "cat/eval/2.png", "dog/Training/1.png"):
        write_image(tmp_path / name)
    manifest = open_source(tmp_path)
    assert column(manifest, "label") == ["cat", "cat", "dog"]
    assert column(manifest, "split") == ["train", "test", "train"]


@pytest.mark.parametrize("word", ["train", "TRAINING", "val", "valid", "Validation", "dev", "test", "testing", "eval"])
def test_every_word_for_a_split(tmp_path: Path, word: str) -> None:
    write_image(tmp_path / word / "cat" / "1.png")
    write_image(tmp_path / word / "dog" / "1.png")
    wanted = {"t": {"r": "train", "e": "test"}, "v": "val", "d": "val", "e": "test"}[word[0].lower()]
    wanted = wanted if isinstance(wanted, str) else wanted[word[1].lower()]
    manifest = open_source(tmp_path)
    assert manifest.splits == (wanted,)
    assert manifest.classes == ("cat", "dog")


def test_one_flat_folder_is_unlabelled(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    write_image(tmp_path / "2.JPG")
    manifest = open_source(tmp_path)
    assert manifest.task is Task.UNLABELLED
    assert manifest.table.column_names == ["sample_id", "uri"]
    assert "images without labels: 2 images" in manifest.took_for


def test_hidden_and_other_files_are_counted_and_broken_images_stay(tmp_path: Path) -> None:
    write_image(tmp_path / "cat" / "1.png")
    (tmp_path / "cat" / "broken.jpg").write_text("not an image")
    (tmp_path / "cat" / "notes.txt").touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / "cat" / ".DS_Store").touch()
    (tmp_path / "dog").mkdir()
    manifest = open_source(tmp_path)
    assert column(manifest, "uri") == ["cat/1.png", "cat/broken.jpg"]
    assert manifest.classes == ("cat", "dog")
    assert "1 empty class folder" in manifest.took_for
    assert "1 file that is no image ignored" in manifest.took_for
    assert "2 hidden entries ignored" in manifest.took_for


def test_a_test_split_without_labels_keeps_null_labels(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "train/dog/1.png", "test/1.png"):
        write_image(tmp_path / name)
    manifest = open_source(tmp_path)
    assert dict(zip(column(manifest, "uri"), column(manifest, "label"), strict=True)) == {
        "train/cat/1.png": "cat",
        "train/dog/1.png": "dog",
        "test/1.png": None,
    }
    assert manifest.splits == ("train", "test")
    assert "1 outside any class folder" in manifest.took_for


@pytest.mark.parametrize(
    ("folders", "labels", "splits"),
    [
        ([("cat",), ("test",)], ("cat", "test"), (None, None)),
        ([("data", "cat"), ("data", "dog")], ("cat", "dog"), (None, None)),
        ([("pets", "cat"), ("pets", "dog")], ("cat", "dog"), (None, None)),
        ([("pets", "train", "cat"), ("pets", "val", "cat")], ("cat", "cat"), ("train", "val")),
        ([("cat",)], ("cat",), (None,)),
        ([("images",)], (None,), (None,)),
        ([("train",), ("val",)], (None, None), ("train", "val")),
        ([("val", "cat"), ("dev", "cat")], ("cat", "cat"), ("val", "dev")),
        ([("train", "cat"), ("holdout", "cat")], ("cat", "cat"), ("train", "holdout")),
        ([("train", "cat", "deep")], ("cat",), ("train",)),
        ([()], (None,), (None,)),
    ],
)
def test_layouts(
    folders: list[tuple[str, ...]], labels: tuple[str | None, ...], splits: tuple[str | None, ...]
) -> None:
    layout = read_layout(folders)
    assert (layout.labels, layout.splits) == (labels, splits)


def test_class_folders_named_by_numbers_are_targets_on_request(tmp_path: Path) -> None:
    write_image(tmp_path / "1.5" / "a.png")
    write_image(tmp_path / "20" / "b.png")
    manifest = open_source(tmp_path, task="regression")
    assert manifest.target.tolist() == [1.5, 20.0]
    write_image(tmp_path / "old" / "c.png")
    with pytest.raises(SourceError, match=r"named by numbers, found 'old'"):
        open_source(tmp_path, task="regression")


def test_classes_keep_the_order_given(pets: Pets) -> None:
    manifest = open_source(pets.root, classes=["dog", "cat"])
    assert manifest.classes == ("dog", "cat")
    assert manifest.label_codes.tolist() == [1, 1, 1, 0, 1, 0]


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    write_image(tmp_path / "elsewhere" / "1.png")
    root = tmp_path / "root"
    write_image(root / "cat" / "1.png")
    (root / "dog").symlink_to(tmp_path / "elsewhere")
    (root / "cat" / "loop").symlink_to(root)
    assert column(open_source(root), "uri") == ["cat/1.png", "dog/1.png"]


def test_a_name_that_is_no_utf8_is_written_with_escapes_and_read_all_the_same(tmp_path: Path) -> None:
    write_image(tmp_path / "cat" / "1.png")
    folder = os.fsencode(tmp_path / "cat")
    os.rename(folder + b"/1.png", folder + b"/caf\xe9.png")  # noqa: PTH104
    manifest = open_source(tmp_path)
    assert column(manifest, "uri") == ["cat/caf\\xe9.png"]
    assert isinstance(manifest.reader, FileReader)
    assert manifest.reader.read("cat/caf\\xe9.png")[:4] == b"\x89PNG"
    assert manifest.reader.stamp("cat/caf\\xe9.png") is not None


@pytest.mark.parametrize("uri", ["cat/\\x2e\\x2e/\\x2e\\x2e/x.png", "\\x2fetc", "cat/\\xe9/../1.png"])
def test_escapes_put_no_dots_and_separators_into_a_path(tmp_path: Path, uri: str) -> None:
    assert FileReader(tmp_path).path(uri) == Path(os.path.normpath(tmp_path / uri))


def test_no_folder_suggests_a_sibling(pets: Pets) -> None:
    with pytest.raises(SourceError, match=r"found nothing of that name in .* \(did you mean 'pets'\?\)"):
        open_source(pets.root.parent / "pest")


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(SourceError, match=r"expected images below .*, found none among 1 file;"):
        open_source(tmp_path)


def test_round_trip(pets: Pets, tmp_path: Path) -> None:
    manifest = open_source(pets.root)
    manifest.save(tmp_path / "manifest.parquet")
    assert Manifest.load(tmp_path / "manifest.parquet") == manifest


def test_list_files_orders(tmp_path: Path) -> None:
    for name in ("a10.png", "a9.png", "A1.png", ".hidden"):
        (tmp_path / name).touch()
    assert [Path(path).name for path in list_files(tmp_path)] == ["A1.png", "a9.png", "a10.png"]
    assert [Path(path).name for path in list_files(tmp_path, "lexicographic")] == ["A1.png", "a10.png", "a9.png"]
    assert sorted(list_files(tmp_path, "as-listed")) == sorted(list_files(f"{tmp_path}/*.png"))
    with pytest.raises(SourceError, match=r"expected files in .*, found none"):
        list_files(f"{tmp_path}/*.jpg")


def test_real_photos(shared_data: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(shared_data / "trashnet-subset.tar") as archive:
        archive.extractall(tmp_path, filter="data")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("cardboard", "glass", "metal", "paper", "plastic", "trash")
    assert np.bincount(manifest.label_codes).tolist() == [153, 193, 155, 225, 184, 52]
